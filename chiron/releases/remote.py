"""Uploading: the files of a release go to the remote, each under the MD5 of its bytes, exactly as `dvc push` would.

DVC's commands would keep another copy in a cache and change the permissions of the files that they add; so this module
writes what DVC writes, and the tests have DVC read it.
"""

from collections.abc import Sequence
from pathlib import Path

from chiron.datasets.disk import require_room
from chiron.datasets.links import can_reflink
from chiron.datasets.parallel import Meter, in_threads
from chiron.releases.listing import StoredFile, listing_bytes, md5_hex
from chiron.releases.registry_files import StoredFolder
from chiron.releases.retries import with_retries
from chiron.releases.store import Store

__all__ = ["upload_files", "upload_listing"]


def upload_files(files: Sequence[StoredFile], store: Store) -> None:
    """Bring files to the remote, those that are there already excepted. A killed upload leaves whole files or none.

    Raises ServiceUnavailable where the remote can't be written, EnvironmentFault where its disk has no room for them.
    """
    by_md5 = {file.md5: file for file in files}

    def missing(file: StoredFile, meter: Meter) -> bool:
        there = with_retries(lambda: store.holds(file.md5, file.n_bytes))
        meter.add(file.n_bytes)
        return not there

    every = list(by_md5.values())
    n_bytes = sum(file.n_bytes for file in every)
    absent = in_threads(missing, every, what="bytes looked for", n_bytes=n_bytes, threads=store.threads)
    new = [file for file, is_new in zip(every, absent, strict=True) if is_new]
    _require_room(new, store)

    def put(file: StoredFile, meter: Meter) -> None:
        with_retries(lambda: store.put(file.md5, file.source, meter))

    longest_first = sorted(new, key=lambda file: -file.n_bytes)
    n_new = sum(file.n_bytes for file in new)
    in_threads(put, longest_first, what="bytes uploaded", n_bytes=n_new, threads=store.threads)


def upload_listing(files: Sequence[StoredFile], store: Store) -> StoredFolder:
    """Store the listing of a release whose files are all there, and say what the registry is to know of it."""
    listing = listing_bytes(files)
    oid = f"{md5_hex(listing)}.dir"
    if not with_retries(lambda: store.holds(oid, len(listing))):
        with_retries(lambda: store.put(oid, listing, Meter()))
    n_bytes = sum(file.n_bytes for file in files)
    return StoredFolder(md5=oid, n_bytes=n_bytes, n_files=len(files), remote=store.address)


def _require_room(new: Sequence[StoredFile], store: Store) -> None:
    """A folder of this disk takes the bytes once more, where the file system can't share them."""
    if not store.is_here or not new:
        return
    folder = Path(store.address)
    there = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    on_disk = [file.source for file in new if isinstance(file.source, Path)]
    if not (on_disk and can_reflink(on_disk[0], there)):
        require_room(there, sum(file.n_bytes for file in new))
