"""Putting damaged or missing objects of a remote back, from whole bytes that are still on this machine."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from chiron.datasets.manifest import MANIFEST, read_manifest
from chiron.errors import ChironError
from chiron.releases.cache import object_place
from chiron.releases.listing import StoredFile, listing_bytes, md5_hex
from chiron.releases.objects import Objects, is_listing
from chiron.upkeep.fsck import check_registry
from schemas.housekeeping import FsckReport, ObjectFault

__all__ = ["check_and_mend"]


def check_and_mend(registry: str, source: Path, *, remote: str | None = None) -> FsckReport:
    """Check everything, put back what `source` holds whole, and check again; `repaired` says what is right now.

    source: a dataset's folder (a pulled copy), a workdir, whose stages are looked at, or the cache of pulls. Bytes are
    taken where their MD5 is the object's. Raises what `check_registry` raises.
    """
    report, put_back = check_registry(registry, remote=remote), set[str]()
    folders = list(_folders(source))
    while new := {fault.oid for fault in report.faults} - put_back:
        found = [fault.oid for fault in report.faults if fault.oid in new and _mend(source, folders, fault)]
        if not found:
            break
        put_back |= set(found)
        report = check_registry(registry, remote=remote)  # a listing that is back tells of further objects
    mended = put_back - {fault.oid for fault in report.faults}
    return report.model_copy(update={"repaired": tuple(sorted(mended))})


def _mend(source: Path, folders: list[Path], fault: ObjectFault) -> bool:
    """Put one object back, where its bytes are found."""
    whole = _listing_of(folders, fault.oid) if is_listing(fault.oid) else _file_of(source, folders, fault)
    if whole is not None:
        Objects(fault.remote).put(fault.oid, whole)
    return whole is not None


def _folders(source: Path) -> Iterator[Path]:
    """The datasets in a folder: itself, or the stages of a workdir."""
    for pattern in (MANIFEST, f"*/{MANIFEST}", f"[!.]*/*/{MANIFEST}"):
        yield from (path.parent for path in sorted(source.glob(pattern)))


def _file_of(source: Path, folders: list[Path], fault: ObjectFault) -> Path | None:
    """A file with the bytes of an object."""
    cached = [object_place(source, fault.sha256)] if fault.sha256 else []
    places = (*cached, *(folder / name for folder in folders for name in fault.files))
    return next((place for place in places if place.is_file() and _md5(place) == fault.oid), None)


def _listing_of(folders: list[Path], oid: str) -> bytes | None:
    """The listing of one of the folders, as DVC writes it, where it is the one that is sought."""
    for folder in folders:
        try:
            names = (MANIFEST, *read_manifest(folder).files)
            data = listing_bytes(StoredFile(name, folder / name, _md5(folder / name), 0) for name in names)
        except (ChironError, OSError):
            continue
        if f"{md5_hex(data)}.dir" == oid:
            return data
    return None


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
