"""Who withdrew, so that no later ingest takes them in again: keyed hashes of ids, in private, never released.

The key is made with the list and lies beside it: the list alone says who is on it only to somebody who has the ids and
may read the private folder.
"""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.workdir import private_folder, write_file
from chiron.errors import Damaged
from schemas.base import Frozen
from schemas.manifest import Sha256

__all__ = ["Withdrawn", "read_withdrawn", "remember_withdrawn"]

_FILE: Final = "withdrawn.json"


class _Listed(Frozen):
    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    hashes: tuple[Sha256, ...]


@dataclass(frozen=True)
class Withdrawn:
    """Tells whether an id is that of somebody, or of a record, that was withdrawn."""

    key: bytes = b""
    hashes: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()  # records of such patients, where only a table says whose they are

    @property
    def fingerprint(self) -> str | None:
        """What of the list may be released, because it decides what an ingest takes in; None of an empty list."""
        return sha256_hex(canonical_json([self.key.hex(), sorted(self.hashes)])) if self.hashes else None

    def has_patient(self, patient_id: str) -> bool:
        """Whether the patient of this id, as it stands in a dataset, withdrew."""
        return bool(self.hashes) and _hash(self.key, "patient", patient_id) in self.hashes

    def has_record(self, record_id: str) -> bool:
        """Whether the record of this id, as it stands in a dataset, was withdrawn."""
        return bool(self.hashes) and (record_id in self.also or _hash(self.key, "record", record_id) in self.hashes)


def read_withdrawn(workdir: Path) -> Withdrawn:
    """The list of a workdir. Raises Damaged where it can't be read: nobody on it may slip through."""
    path = workdir / "private" / _FILE
    try:
        listed = _Listed.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Withdrawn()
    except ValidationError as error:
        raise Damaged(f"{path}: expected the list of withdrawn patients, found other content; restore it") from error
    return Withdrawn(bytes.fromhex(listed.key), frozenset(listed.hashes))


def remember_withdrawn(workdir: Path, *, patients: Iterable[str] = (), records: Iterable[str] = ()) -> None:
    """Put patients and records on the list, by their ids in datasets."""
    path = private_folder(workdir) / _FILE
    known = read_withdrawn(workdir)
    key = known.key or secrets.token_bytes(32)
    new = {_hash(key, "patient", name) for name in patients} | {_hash(key, "record", name) for name in records}
    if not new <= known.hashes:
        listed = _Listed(key=key.hex(), hashes=tuple(sorted(known.hashes | new)))
        write_file(path, canonical_json(listed.model_dump(mode="json")))


def _hash(key: bytes, kind: str, name: str) -> str:
    return hmac.digest(key, f"{kind}\0{name}".encode(), "sha256").hex()
