"""The remote: the folder or bucket where the bytes of every release are, laid out exactly as DVC's own.

    files/md5/5d/41402abc4b2a76b9719d911017c592        a file, under the MD5 of its bytes
    files/md5/ab/....dir                               the listing of a folder

MD5 is DVC's choice, and good for a name. What is stored and fetched is checked by SHA-256.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from chiron.datasets.parallel import Meter
from chiron.errors import BadParameters

__all__ = ["OBJECTS", "Store", "Unfinished", "object_name", "open_store"]

OBJECTS: Final = "files/md5/"  # where they lie below the remote's address

_S3: Final = re.compile(r"s3://([^/]+)/?(.*)")


class Unfinished(NamedTuple):
    """What an upload that was killed has left. `handle`: what the store knows it by."""

    oid: str
    handle: str
    n_bytes: int
    began_s: float  # since 1970


class Store(Protocol):
    """A remote. Everything may be called from several threads.

    Raises ServiceUnavailable where it can't be used, and of that Interrupted where it is worth to try again.
    """

    address: str
    is_here: bool  # on a disk of this machine
    threads: int  # how many transfers at once are worth it

    def holds(self, oid: str, n_bytes: int) -> bool:
        """Whether an object is there, whole."""

    def put(self, oid: str, source: Path | bytes, meter: Meter) -> None:
        """Store an object, which appears whole or not at all. Raises NotFound where there is no such bucket."""

    def read(self, oid: str, offset: int = 0, n_bytes: int | None = None) -> Iterator[bytes]:
        """An object's bytes from `offset` on, in blocks; all, or so many. Raises NotFound where it is not there."""

    def unfinished(self) -> list[Unfinished]:
        """Uploads that have begun, also those that are under way."""

    def drop(self, upload: Unfinished) -> None:
        """Remove what an upload has left; one that is gone already is no error."""


def object_name(oid: str) -> str:
    """Where an object lies below the remote's address. `oid`: its MD5, with `.dir` for a listing."""
    return f"{OBJECTS}{oid[:2]}/{oid[2:]}"


def open_store(address: str) -> Store:
    """The remote at an address: a folder's path or `s3://bucket/prefix`. Raises BadParameters for any other."""
    bucket = _S3.fullmatch(address)
    if bucket:
        # which takes half a second to load
        from chiron.releases.s3_store import S3Store  # noqa: PLC0415

        return S3Store(address, bucket[1], bucket[2].strip("/"))
    if "://" in address:
        raise BadParameters(f"remote {address}: expected a folder or s3://bucket/prefix, found another kind of address")
    from chiron.releases.folder_store import FolderStore  # noqa: PLC0415 - beside its like

    return FolderStore(address)
