"""An input that was refused: why, and what it was. What becomes of it is for `chiron.records.quarantine`."""

from collections.abc import Iterable
from dataclasses import dataclass

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.errors import InputRefused
from chiron.records.landing import LandingFile
from schemas.codes import QuarantineReason

__all__ = ["Refusal"]


@dataclass(frozen=True)
class Refusal:
    """An input that was refused: its name, its files, or the text of its rows where it is a part of a file."""

    name: str
    reason: QuarantineReason
    message: str
    files: tuple[LandingFile, ...] = ()
    text: str | None = None

    @classmethod
    def of(cls, name: str, error: InputRefused, files: Iterable[LandingFile]) -> "Refusal":
        """The refusal that an error brought about."""
        return cls(name=name, reason=error.reason, message=error.message, files=tuple(files))

    @property
    def sha256(self) -> str:
        """Of the one file's bytes; of several files, of their hashes in order. Of private data not to be released."""
        if self.text is not None:
            return sha256_hex(self.text.encode())
        hashes = [f.sha256 for f in self.files]
        return hashes[0] if len(hashes) == 1 else sha256_hex(canonical_json(hashes))
