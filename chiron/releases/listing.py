"""A folder's listing, as DVC stores it: the name and MD5 of each file, as JSON, itself stored under its own MD5.

A listing that comes back was written by others: it names no path outside, and whether its bytes are still those of its
name is known when something is missing.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from chiron.errors import Damaged, NotFound

__all__ = ["Listing", "StoredFile", "listing_bytes", "md5_hex", "refuse_outside"]


class StoredFile(NamedTuple):
    """One file of a release, on its way to the remote. `source`: where its bytes are, or the bytes."""

    name: str
    source: Path | bytes
    md5: str
    n_bytes: int

    @classmethod
    def of_bytes(cls, name: str, data: bytes) -> "StoredFile":
        """A file that is on no disk."""
        return cls(name, data, md5_hex(data), len(data))


class _Entry(BaseModel):
    """One file of a listing."""

    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    relpath: str


_ENTRIES = TypeAdapter(list[_Entry])


def md5_hex(data: bytes) -> str:
    """The MD5 of bytes: DVC's name for them."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def listing_bytes(files: Iterable[StoredFile]) -> bytes:
    """The listing of a folder, byte for byte as DVC writes it."""
    entries = sorted(({"md5": file.md5, "relpath": file.name} for file in files), key=lambda entry: entry["relpath"])
    return json.dumps(entries, sort_keys=True).encode()


def refuse_outside(names: Iterable[str]) -> None:
    """Raises Damaged where a name is that of no file inside the folder."""
    if any(not {"", ".", ".."}.isdisjoint(name.split("/")) or "\0" in name for name in names):
        raise Damaged("remote: expected a listing of files inside one folder, found a path that leads outside")


class Listing:
    """What a remote says a folder holds. `oid`: the name that its bytes were found under."""

    def __init__(self, data: bytes, oid: str) -> None:
        try:
            entries = _ENTRIES.validate_json(data)
        except ValidationError as error:
            raise Damaged("remote: expected the listing of a folder, found other content; release it again") from error
        refuse_outside(entry.relpath for entry in entries)
        self.md5s: Mapping[str, str] = {entry.relpath: entry.md5 for entry in entries}
        self._intact = f"{md5_hex(data)}.dir" == oid

    def md5(self, name: str) -> str:
        """The name of a file's bytes. Raises Damaged where the listing has no such file."""
        if name not in self.md5s:
            raise Damaged(f"remote: expected {name} in the listing of the release, found none; restore the listing")
        return self.md5s[name]

    def missing(self, fault: NotFound) -> NotFound | Damaged:
        """What to say where an object of this listing is not there: that, or that the listing was altered."""
        if self._intact:
            return fault
        return Damaged("remote: expected the listing that was released, found altered bytes; restore it")
