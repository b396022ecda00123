"""Publishing: a dataset becomes a release that anyone can pull, for good.

First the bytes are verified and brought to the remote, where nobody sees them yet; then one push of commit and tag
makes the release. A crash before the push leaves no more than bytes that the next attempt finds there.
"""

import time
from pathlib import Path
from typing import Final

from chiron.datasets.dataset import open_dataset
from chiron.datasets.gate import require_open_gate
from chiron.datasets.verify import verify_dataset
from chiron.datasets.workdir import claim_workdir
from chiron.errors import NotFound, ReleaseConflict
from chiron.releases.registry import (
    Registry,
    create_registry,
    is_folder,
    normal_address,
    open_registry,
    release_of,
)
from chiron.releases.registry_files import CONFIG, StoredFolder, read_remote, release_files
from chiron.releases.versions import next_version, record_of
from schemas.manifest import DatasetRef
from schemas.params import ReleaseParams
from schemas.release import ReleaseRecord
from schemas.results import Release

__all__ = ["release_dataset"]

_ATTEMPTS: Final = 20
_PAUSE_S: Final = 0.05  # after a lost race, times the number of the attempt


def release_dataset(
    workdir: Path, params: ReleaseParams, dataset: DatasetRef, *, registry: str | None = None, remote: str | None = None
) -> Release:
    """Publish a dataset under a name, as the next version or the one named by hand.

    Content that is released under this name already is not released again: that release is returned, with `new` false.
    registry: a git repository; default `registry.git` in the workdir. A folder that is not there is made.
    remote: a folder or `s3://bucket/prefix`; default the registry's own, else `remote` in the workdir.
    Raises GateClosed where the dataset did not pass, Damaged where the bytes are not what the manifest says,
    ReleaseConflict where the version named by hand exists with other content or others always published first,
    NotFound where the registry's remote is gone, ServiceUnavailable where registry or remote don't answer.
    """
    address = _usable_registry(workdir, registry)
    with open_registry(address) as opened:
        earlier = _earlier(opened.records(), params, dataset.content_sha256)
        if earlier is not None:
            return release_of(earlier, address, new=False)
        where = normal_address(remote) if remote else _usual_remote(opened, workdir)
    record = _verified_record(dataset, params.name)
    return _publish(address, params, record, _upload(Path(dataset.path), where))


def _usable_registry(workdir: Path, registry: str | None) -> str:
    """The registry's address; the registry is there afterwards, if it is a folder."""
    claim_workdir(workdir)
    address = normal_address(registry or workdir / "registry.git")
    if is_folder(address):
        create_registry(Path(address))
    return address


def _earlier(records: list[ReleaseRecord], params: ReleaseParams, content_sha256: str) -> ReleaseRecord | None:
    """The release of this content under this name. Refuses a version that exists with other content."""
    released = [record for record in records if record.name == params.name]
    for record in released:
        if record.version == params.version and record.content_sha256 != content_sha256:
            raise ReleaseConflict(
                f"release {params.name}@{params.version}: expected a free version or the content "
                f"{record.content_sha256[:12]} that it has, found {content_sha256[:12]}; "
                "a release never changes: name no version, and the next one is taken"
            )
    return next((record for record in released if record.content_sha256 == content_sha256), None)


def _usual_remote(opened: Registry, workdir: Path) -> str:
    """The remote that the registry names, else one in the workdir."""
    named = _remote_of(opened)
    if named and is_folder(named) and not Path(named).is_dir():
        raise NotFound(
            f"remote {named}: expected the folder that the registry names, found none; set CHIRON_REMOTE to its place"
        )
    return named or normal_address(workdir / "remote")


def _remote_of(opened: Registry) -> str | None:
    """The remote that the registry names, if it names one."""
    return read_remote(opened.newest(CONFIG))


def _verified_record(dataset: DatasetRef, name: str) -> ReleaseRecord:
    """The record of a dataset whose every byte was read."""
    opened = open_dataset(dataset)
    require_open_gate(opened)
    verify_dataset(opened.folder)
    return record_of(opened, name)


def _upload(folder: Path, remote: str) -> StoredFolder:
    """Bring the bytes to the remote."""
    # DVC takes a second to load, and content that was released before needs none of it
    from chiron.releases.remote import upload_folder  # noqa: PLC0415

    return upload_folder(folder, remote)


def _publish(address: str, params: ReleaseParams, record: ReleaseRecord, stored: StoredFolder) -> Release:
    """Push commit and tag; where somebody else was first, decide again on what is released then."""
    obstacle: str | None = None
    for attempt in range(_ATTEMPTS):
        time.sleep(attempt * _PAUSE_S)
        with open_registry(address) as opened:
            records = opened.records()
            earlier = _earlier(records, params, record.content_sha256)
            if earlier is not None:
                return release_of(earlier, address, new=False)
            version = params.version or next_version(record, [r for r in records if r.name == record.name])
            release, obstacle = _push(opened, record.model_copy(update={"version": version}), stored)
        if obstacle is None:
            return release
    raise ReleaseConflict(
        f"release of {params.name}: expected to be first in one of {_ATTEMPTS} attempts, found another each time "
        f"(git says: {obstacle}); try again later"
    )


def _push(opened: Registry, record: ReleaseRecord, stored: StoredFolder) -> tuple[Release, str | None]:
    """Publish one version; what stood in the way is None where it is published."""
    files = release_files(record, stored)
    if _remote_of(opened) == stored.remote:
        del files[CONFIG]  # people may have added options of their own
    release = release_of(record, opened.address, new=True)
    return release, opened.publish(release.tag, files)
