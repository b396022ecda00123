"""Publishing: a dataset becomes a release that anyone can pull, for good.

First the bytes are verified and brought to the remote, where nobody sees them yet; then one push of commit and tag
makes the release. A crash before the push leaves no more than bytes that the next attempt finds there.
"""

import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

from chiron.datasets.workdir import claim_workdir
from chiron.errors import BadParameters, NotFound, ReleaseConflict
from chiron.releases.objects import Objects
from chiron.releases.registry import (
    Registry,
    create_registry,
    is_folder,
    normal_address,
    on_this_machine,
    open_registry,
    release_of,
)
from chiron.releases.registry_files import CONFIG, read_remote, release_files
from chiron.releases.remote import upload_files, upload_listing
from chiron.releases.staging import VerifiedDataset, stage_release, verify_for_release
from chiron.releases.store import Store, open_store
from chiron.releases.versions import next_version, record_of
from chiron.releases.withdrawn import refuse_withdrawn
from schemas.manifest import DatasetRef
from schemas.params import ReleaseParams
from schemas.release import FlowRun, ReleaseRecord
from schemas.results import Release

__all__ = ["release_dataset"]

_ATTEMPTS: Final = 20
_PAUSE_S: Final = 0.05  # after a lost race, times the number of the attempt


def release_dataset(  # noqa: PLR0913 - what, where to, by which run, and in whose place
    workdir: Path,
    params: ReleaseParams,
    dataset: DatasetRef,
    *,
    registry: str | None = None,
    remote: str | None = None,
    flow_run: FlowRun | None = None,
    instead_of: Collection[str] = (),
) -> Release:
    """Publish a dataset under a name, as the next version or the one named by hand.

    Content that is released under this name already is not released again: that release is returned, with `new` false.
    registry: a git repository; default `registry.git` in the workdir. A folder that is not there is made.
    remote: a folder or `s3://bucket/prefix`; default the registry's own, else `remote` in the workdir.
    flow_run: which run releases it, for the record; it is in no hash.
    instead_of: tags of releases that will be withdrawn, so that the same content is released all the same.
    Raises GateClosed where the dataset did not pass, Withdrawn where its content was taken back,
    Damaged where the bytes are not what the manifest says,
    ReleaseConflict where the version named by hand exists with other content or others always published first,
    NotFound where the registry's remote is gone, BadParameters where nobody else could reach the remote,
    ServiceUnavailable where registry or remote don't answer, EnvironmentFault where the disk has no room.
    """
    address = _usable_registry(workdir, registry)
    with open_registry(address) as opened:
        earlier = _earlier(opened, params, dataset.content_sha256, instead_of)
        if earlier is not None:
            return release_of(earlier, address, new=False)
        store = open_store(_remote_for(opened, workdir, remote))
        verified = verify_for_release(dataset)
        upload_files(verified.files, store)
        release, obstacle = _publish(opened, params, verified, store, flow_run=flow_run, instead_of=instead_of)
    for attempt in range(1, _ATTEMPTS):
        if release is not None:
            return release
        time.sleep(attempt * _PAUSE_S)
        with open_registry(address) as opened:
            release, obstacle = _publish(opened, params, verified, store, flow_run=flow_run, instead_of=instead_of)
    if release is not None:
        return release
    raise ReleaseConflict(
        f"release of {params.name}: expected to be first in one of {_ATTEMPTS} attempts, found another each time "
        f"(git says: {obstacle}); try again later"
    )


def _usable_registry(workdir: Path, registry: str | None) -> str:
    """The registry's address; the registry is there afterwards, if it is a folder."""
    claim_workdir(workdir)
    address = normal_address(registry or workdir / "registry.git")
    if is_folder(address):
        create_registry(Path(address))
    return address


def _earlier(
    opened: Registry, params: ReleaseParams, content_sha256: str, instead_of: Collection[str]
) -> ReleaseRecord | None:
    """The release of this content under this name. Refuses a version that exists with other content.

    Also content that was withdrawn, under whatever name.
    """
    refuse_withdrawn(opened, content_sha256)
    released = [record for record in opened.records() if record.name == params.name]
    for record in released:
        if record.version == params.version and record.content_sha256 != content_sha256:
            raise ReleaseConflict(
                f"release {params.name}@{params.version}: expected a free version or the content "
                f"{record.content_sha256[:12]} that it has, found {content_sha256[:12]}; "
                "a release never changes: name no version, and the next one is taken"
            )
    gone = {*opened.withdrawals(), *instead_of}
    same = (record for record in released if record.content_sha256 == content_sha256)
    return next((record for record in same if record.tag not in gone), None)


def _remote_for(opened: Registry, workdir: Path, remote: str | None) -> str:
    """The remote that is asked for, else the one that the registry names, else one in the workdir."""
    address = normal_address(remote) if remote else _usual_remote(opened, workdir)
    if not on_this_machine(opened.address) and on_this_machine(address):
        raise BadParameters(
            f"remote: expected one that others can reach, as they reach the registry {opened.address}, found the "
            f"folder {address} of this machine; name s3://bucket/prefix in CHIRON_REMOTE"
        )
    return address


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


def _publish(  # noqa: PLR0913 - one argument per thing that decides
    opened: Registry,
    params: ReleaseParams,
    verified: VerifiedDataset,
    store: Store,
    *,
    flow_run: FlowRun | None,
    instead_of: Collection[str],
) -> tuple[Release | None, str | None]:
    """Decide the version on what is released now, describe it, push it; None and what git says where others were first.

    The dataset's own files are in the remote already; what is generated for this version follows here. After the push
    all are looked for once more: a garbage collection may have taken old ones that no release needed until then.
    """
    records = opened.records()
    record = record_of(verified.dataset, params.name).model_copy(update={"flow_run": flow_run})
    earlier = _earlier(opened, params, record.content_sha256, instead_of)
    if earlier is not None:
        return release_of(earlier, opened.address, new=False), None
    version = params.version or next_version(record, [r for r in records if r.name == record.name])
    staged = stage_release(verified, record.model_copy(update={"version": version}), registry=opened.address)
    upload_files(staged.generated, store)
    files = release_files(staged.record, upload_listing(staged.files, store))
    if _remote_of(opened) == store.address:
        del files[CONFIG]  # people may have added options of their own
    release = release_of(staged.record, opened.address, new=True)
    obstacle = opened.publish(release.tag, files)
    if obstacle:
        return None, obstacle
    if Objects(store.address).lacking({file.md5 for file in staged.files}):
        upload_files(staged.files, store)
    upload_listing(staged.files, store)
    return release, None
