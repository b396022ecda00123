"""Pulling: the bytes of a release, into an empty folder, every one of them verified.

They are fetched into a hidden folder beside the destination and appear under its name only when all of them are right.
"""

import tempfile
from pathlib import Path

from chiron.datasets.verify import verify_dataset
from chiron.datasets.workdir import sync_path, sync_tree
from chiron.errors import CallerError, Damaged, NotFound
from chiron.releases.choosing import choose_release
from chiron.releases.registry import Registry, normal_address, open_registry, release_of
from chiron.releases.registry_files import CONFIG, pointer_file, read_pointer, read_remote
from chiron.releases.remote import download_folder
from schemas.release import ReleaseRecord
from schemas.results import Release

__all__ = ["pull_release"]


def pull_release(spec: str, dest: Path, *, registry: str, remote: str | None = None) -> Release:
    """Put a release into a folder that is empty or not there.

    spec: as `choose_release` reads it.
    remote: where the bytes are, if not where the registry says.
    Raises NotFound where there is no such release (the message lists what there is) or its bytes are not in the remote,
    Damaged where a byte is not what was released, CallerError where the folder holds something.
    """
    dest = dest.expanduser().resolve()
    _refuse_occupied(dest)
    with open_registry(normal_address(registry)) as opened:
        record = choose_release(opened.records(), spec)
        release = release_of(record, opened.address, new=False)
        md5 = read_pointer(opened.at(release.tag, pointer_file(record.name)), release.tag)
        where = normal_address(remote) if remote else _remote_of(opened, release.tag)
    dest.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{dest.name}-", dir=dest.parent) as temporary:
        fetched = Path(temporary) / record.name
        download_folder(md5, where, fetched)
        _check(fetched, record, release.tag, where)
        sync_tree(fetched)
        _refuse_occupied(dest)
        fetched.rename(dest)
    sync_path(dest.parent)
    return release


def _refuse_occupied(dest: Path) -> None:
    """Refuse a destination that holds anything."""
    if dest.is_dir() and not any(dest.iterdir()):
        return
    if dest.exists() or dest.is_symlink():
        raise CallerError(f"destination {dest}: expected an empty folder or none, found something there; name another")


def _remote_of(opened: Registry, tag: str) -> str:
    """The remote that the registry names at a tag."""
    remote = read_remote(opened.at(tag, CONFIG))
    if remote is None:
        raise NotFound(
            f"registry {opened.address}: expected the address of a remote at {tag}, found none; use --remote"
        )
    return remote


def _check(folder: Path, record: ReleaseRecord, tag: str, remote: str) -> None:
    """Verify every byte, and that they are those of this release."""
    try:
        manifest = verify_dataset(folder)
    except (Damaged, NotFound) as error:
        raise Damaged(
            f"release {tag}: expected the released bytes in remote {remote}, found: {error}; restore the remote"
        ) from error
    if manifest.manifest_sha256 != record.manifest_sha256:
        raise Damaged(
            f"release {tag}: expected manifest {record.manifest_sha256[:12]} in remote {remote}, "
            f"found {manifest.manifest_sha256[:12]}; restore the remote"
        )
