"""The remote: the folder or object store where DVC keeps the bytes of every release.

Bytes go straight from a dataset's folder to the remote and back, through DVC's own object database: each file under
the MD5 of its content, and one listing per folder, exactly as `dvc push` stores them. DVC's commands would keep another
copy in a cache and change the permissions of the files that they add; what they leave on disk between runs is pickled.
Nothing that comes back is trusted before `verify_dataset` has seen it, and a listing can't name a path outside (which
`dvc get` follows).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from botocore.exceptions import BotoCoreError, ClientError
from dvc.data_cloud import Remote
from dvc.exceptions import DvcException
from dvc.fs import get_cloud_fs, localfs
from dvc_data.hashfile.build import build
from dvc_objects.fs.generic import copy
from fsspec.callbacks import Callback  # type: ignore[import-untyped]
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from chiron.datasets.workdir import sync_path
from chiron.errors import BadParameters, Damaged, NotFound, ServiceUnavailable
from chiron.progress import report_progress
from chiron.releases.registry_files import StoredFolder
from chiron.settings import settings

__all__ = ["download_folder", "upload_folder"]


class _Entry(BaseModel):
    """One file of a listing."""

    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    relpath: str


_LISTING = TypeAdapter(list[_Entry])


def upload_folder(folder: Path, remote: str) -> StoredFolder:
    """Bring a folder's files to the remote, those that are there already excepted; the folder is only read.

    Raises ServiceUnavailable where the remote can't be written. A killed upload leaves whole files or none.
    """
    with _faults_of(remote, missing="a folder or bucket to write to"):
        database = _database(remote)
        built: tuple[Any, Any, Any] = build(database, str(folder), localfs, "md5", dry_run=True)
        _, meta, tree = built
        files = {str(oid.value): str(folder.joinpath(*key)) for key, _, oid in tree}
        new = sorted(files.keys() - set(database.oids_exist(list(files))))
        progress = _Progress("files uploaded", len(new))
        database.add([files[oid] for oid in new], localfs, new, check_exists=False, callback=progress)
        database.add(tree.path, tree.fs, str(tree.oid))  # the listing last: where it is, all files are
        if database.fs.protocol == "local":
            _sync([Path(database.oid_to_path(oid)) for oid in [*new, tree.oid]])
    return StoredFolder(md5=str(tree.oid), n_bytes=meta.size or 0, n_files=meta.nfiles or 0, remote=remote)


def download_folder(md5: str, remote: str, folder: Path) -> None:
    """Fill a folder with the files of a listing.

    Raises NotFound where the remote has not got them, Damaged where the listing is none, ServiceUnavailable where the
    remote can't be read.
    """
    with _faults_of(remote, missing="the bytes of the release"):
        database = _database(remote)
        targets = _targets(database.fs.fs.cat_file(database.oid_to_path(md5)), folder)
        for parent in {target.parent for target in targets}:
            parent.mkdir(parents=True, exist_ok=True)
        sources = [database.oid_to_path(oid) for oid in targets.values()]
        progress = _Progress("files downloaded", len(sources))
        copy(database.fs, sources, localfs, [str(target) for target in targets], callback=progress)


def _targets(listing: bytes, folder: Path) -> Mapping[Path, str]:
    """Where each file of a listing goes, and its MD5. Refuses a path that leads outside of the folder."""
    try:
        entries = _LISTING.validate_json(listing)
    except ValidationError as error:
        raise Damaged("remote: expected the listing of a folder, found other content; release it again") from error
    for entry in entries:
        if not {"", ".", ".."}.isdisjoint(entry.relpath.split("/")) or "\0" in entry.relpath:
            raise Damaged("remote: expected a listing of files inside one folder, found a path that leads outside")
    return {folder / entry.relpath: entry.md5 for entry in entries}


def _database(remote: str) -> Any:
    """DVC's object database in a remote: a folder, or an address such as `s3://bucket/prefix`.

    Credentials come from the environment, the endpoint from the settings: neither is ever written to the registry.
    """
    options = {"url": remote}
    endpoint = settings().s3_endpoint_url
    if endpoint and remote.startswith("s3://"):
        options["endpointurl"] = endpoint
    file_system, config, path = get_cloud_fs({"remote": {"storage": options}}, name="storage")
    return Remote("storage", path, file_system(**config), **config).odb


@contextmanager
def _faults_of(remote: str, *, missing: str) -> Iterator[None]:
    """Turn what DVC and the stores below it raise into our own errors."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(
            f"remote {remote}: expected {missing}, found none; name its new place with --remote or CHIRON_REMOTE"
        ) from error
    except DvcException as error:
        raise BadParameters(f"remote {remote}: expected a folder or s3://bucket/prefix, found: {error}") from error
    except (OSError, BotoCoreError, ClientError) as error:
        raise ServiceUnavailable(
            f"remote {remote}: expected to use it, found: {error.__cause__ or error}; check address and credentials"
        ) from error


def _sync(files: list[Path]) -> None:
    """Bring stored files to the disk: a release must not outlive its bytes when the power fails."""
    for path in (*files, *{file.parent for file in files}):
        sync_path(path)


class _Progress(Callback):  # type: ignore[misc]  # fsspec has no types
    """Reports files as they are done."""

    def __init__(self, what: str, total: int) -> None:
        super().__init__(size=total)
        self._what = what
        self._total = total

    def call(self, *_: Any, **__: Any) -> None:
        """Report the current count."""
        report_progress(self._what, self.value, self._total)
