"""The objects of a remote, one by one: list, read, check and remove what DVC keeps under the MD5 of its content.

Every release needs a listing (`<md5>.dir`) and the files that it names. Nothing that is read here is trusted before its
MD5 agrees. Removing is done in two steps, so that a release which is published meanwhile loses nothing: see `remove`.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import fsspec  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError

from chiron.datasets.parallel import Meter
from chiron.errors import Damaged, NotFound, ServiceUnavailable
from chiron.releases.listing import Listing, md5_hex
from chiron.releases.store import Unfinished, open_store
from chiron.settings import settings

__all__ = ["Digests", "Objects", "StoredObject", "is_listing"]

_THREADS: Final = 8
_SMALL_BYTES: Final = 2**28  # more is neither listing nor manifest: a million files are a tenth of it
_STORED: Final = "files/md5"
_ASIDE: Final = "files/collected"
_OID: Final = re.compile(r"[0-9a-f]{32}(\.dir)?")


class StoredObject(NamedTuple):
    """An object as the store lists it. `changed_s`: seconds since 1970."""

    n_bytes: int
    changed_s: float


class Digests(NamedTuple):
    """What an object's bytes are, whatever it is called."""

    n_bytes: int
    md5: str
    sha256: str


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...


def is_listing(oid: str) -> bool:
    """Whether an object is the listing of a folder."""
    return oid.endswith(".dir")


class Objects:
    """The objects of one remote, a folder or `s3://bucket/prefix`. Methods may be called from several threads.

    They raise NotFound where the object is not there, ServiceUnavailable where the remote can't be used.
    """

    def __init__(self, remote: str) -> None:
        self.remote = remote
        options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
        if remote.startswith("s3://") and settings().s3_endpoint_url:
            options["endpoint_url"] = settings().s3_endpoint_url
        with self._faults():
            self._fs, self._root = fsspec.core.url_to_fs(remote, **options)
        self._store = open_store(remote)

    def all(self) -> dict[str, StoredObject]:
        """Every object by its name. A remote without any is empty, not an error."""
        with self._faults():
            return dict(self._below(_STORED))

    def digests(self, oid: str) -> Digests:
        """What an object holds, in one pass and a block of memory."""
        md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        n_bytes = self._feed(oid, [md5, sha256])
        return Digests(n_bytes, md5.hexdigest(), sha256.hexdigest())

    def fetch(self, oid: str, place: Path) -> None:
        """Copy an object to a new file. Raises Damaged where its bytes are not those that it is named by."""
        md5 = hashlib.md5(usedforsecurity=False)
        with place.open("xb") as file:
            self._feed(oid, [md5, _Into(file.write)])
        self._require(oid, md5.hexdigest())

    def listing(self, oid: str) -> dict[str, str]:
        """The files of a folder: the MD5 of each by its path in it. Raises Damaged where it is none."""
        data = self.small(oid)
        return dict(Listing(data, oid).md5s)

    def small(self, oid: str) -> bytes:
        """The bytes of a listing or a manifest. Raises Damaged where they are not those that it is named by."""
        with self._faults():
            place = self._path(_STORED, oid)
            if not self._fs.exists(place):
                place = self._path(_ASIDE, oid)  # where it may lie for a moment
            with self._fs.open(place, "rb") as file:
                data: bytes = file.read(_SMALL_BYTES)
        self._require(oid, md5_hex(data))
        return data

    def put(self, oid: str, data: bytes | Path) -> None:
        """Store an object in the place of what may be there; it appears at once and whole."""
        self._store.put(oid, data, Meter())

    def remove(self, oids: Collection[str], still_needed: Callable[[], Collection[str]]) -> list[str]:
        """Remove objects; those that are needed all the same stay. Returns the ones that went, in order.

        `still_needed` reads the registry. It is asked when the objects have been put aside, not before: a release that
        was published by then gets its objects back. One that is published later misses them when it looks, after
        its push, whether all of its objects are there, and brings them again.
        Listings go last: while anything of a folder is left, what it consists of can be read. A killed process leaves
        objects aside, which the next one puts back or removes.
        """
        with self._faults():
            for oid in sorted(oids, key=_listings_last):
                self._move(oid, _STORED, _ASIDE)
            left = sorted(dict(self._below(_ASIDE)), key=_listings_last)
        needed: Collection[str] = left
        try:
            needed = set(still_needed())
        finally:  # where that can't be read, everything goes back
            with self._faults():
                for oid in left:
                    if oid in needed:
                        self._move(oid, _ASIDE, _STORED)
        gone = [oid for oid in left if oid not in needed]
        with self._faults():
            for oid in gone:
                self._fs.rm_file(self._path(_ASIDE, oid))
        return gone

    def unfinished(self) -> list[Unfinished]:
        """What uploads have left that were killed, or are under way."""
        return self._store.unfinished()

    def drop(self, upload: Unfinished) -> None:
        """Remove what an upload has left."""
        self._store.drop(upload)

    def lacking(self, oids: Collection[str]) -> list[str]:
        """Those of the objects that are not there."""
        with self._faults(), ThreadPoolExecutor(_THREADS) as pool:
            ordered = sorted(oids)
            there = pool.map(lambda oid: self._fs.exists(self._path(_STORED, oid)), ordered)
            return [oid for oid, is_there in zip(ordered, there, strict=True) if not is_there]

    def _move(self, oid: str, source: str, target: str) -> None:
        """Rename an object; in an object store that is a copy first. One that is gone already is no error."""
        if self._fs.exists(self._path(source, oid)):
            self._fs.makedirs(self._path(target, oid).rpartition("/")[0], exist_ok=True)
            self._fs.mv(self._path(source, oid), self._path(target, oid))

    def _below(self, folder: str) -> Iterator[tuple[str, StoredObject]]:
        top = f"{self._root}/{folder}"
        for path, info in self._fs.find(top, detail=True).items():
            oid = path.removeprefix(f"{top}/").replace("/", "", 1)
            if _OID.fullmatch(oid):
                yield oid, StoredObject(int(info["size"]), _seconds(info))

    def _path(self, folder: str, oid: str) -> str:
        return f"{self._root}/{folder}/{oid[:2]}/{oid[2:]}"

    def _feed(self, oid: str, sinks: Iterable[_Digest]) -> int:
        """Read an object block by block. Returns its size."""
        n_bytes = 0
        for block in self._store.read(oid):
            n_bytes += len(block)
            for sink in sinks:
                sink.update(block)
        return n_bytes

    def _require(self, oid: str, md5: str) -> None:
        if md5 != oid.removesuffix(".dir"):
            raise Damaged(f"remote {self.remote}: expected object {oid}, found bytes of MD5 {md5}; run chiron fsck")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise NotFound(f"remote {self.remote}: expected an object, found none; run chiron fsck") from error
        except (OSError, BotoCoreError, ClientError) as error:
            raise ServiceUnavailable(
                f"remote {self.remote}: expected to use it, found: {error.__cause__ or error}; "
                "check address and credentials"
            ) from error


class _Into:
    """Takes blocks as a digest does."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def update(self, data: bytes, /) -> None:
        self._write(data)


def _listings_last(oid: str) -> tuple[bool, str]:
    return is_listing(oid), oid


def _seconds(info: dict[str, Any]) -> float:
    changed = info.get("mtime", info.get("LastModified"))
    return changed.timestamp() if isinstance(changed, datetime) else float(changed or 0)
