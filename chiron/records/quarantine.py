"""Quarantine: an input that was refused is not lost. The table says why, without a name; the private folder keeps
the name and the bytes as they came. Mending the files in the source and ingesting it again takes them in."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.workdir import private_folder, remove_tree
from chiron.errors import InputRefused
from chiron.records.landing import FileKind, LandingFile
from chiron.records.pseudonyms import Pseudonyms
from schemas.base import Frozen
from schemas.codes import QuarantineReason
from schemas.manifest import Sha256
from schemas.params import IngestParams
from schemas.tables import QUARANTINE

__all__ = ["QuarantinedInput", "Refusal", "keep_refused", "list_quarantine", "quarantine_table"]

STAGE: Final = "ingest"
_DESCRIPTION: Final = "input.json"


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
        """Of the one file's bytes; of several files, of their hashes in order."""
        if self.text is not None:
            return sha256_hex(self.text.encode())
        hashes = [f.sha256 for f in self.files]
        return hashes[0] if len(hashes) == 1 else sha256_hex(canonical_json(hashes))


class QuarantinedInput(Frozen):
    """What the private folder says about one input. Holds the source's own names: for the data's owner only."""

    input_id: str
    name: str
    files: tuple[str, ...]
    sha256: Sha256
    reason: QuarantineReason
    message: str
    ingested_as: IngestParams  # what to call again once the files are mended


def quarantine_table(refusals: Sequence[Refusal], pseudonyms: Pseudonyms) -> pl.DataFrame:
    """The `quarantine` table: no name, no value."""
    rows = [
        {
            "input_id": pseudonyms.input_id(r.name, r.sha256),
            "sha256": r.sha256,
            "stage": STAGE,
            "reason": r.reason.value,
            "message": r.message,
        }
        for r in refusals
    ]
    return pl.DataFrame(rows, schema=QUARANTINE.polars)


def keep_refused(workdir: Path, refusals: Sequence[Refusal], pseudonyms: Pseudonyms, params: IngestParams) -> None:
    """Copy refused inputs to the private folder. What is there already stays as it is."""
    for refusal in refusals:
        described = QuarantinedInput(
            input_id=pseudonyms.input_id(refusal.name, refusal.sha256),
            name=refusal.name,
            files=tuple(f.name for f in refusal.files),
            sha256=refusal.sha256,
            reason=refusal.reason,
            message=refusal.message,
            ingested_as=params,
        )
        folder = private_folder(workdir, "quarantine")
        if not (folder / described.input_id).exists():
            draft = private_folder(workdir, "quarantine", f".{described.input_id}.{secrets.token_hex(4)}")
            _fill(draft, refusal, described)
            _rename(draft, folder / described.input_id)


def list_quarantine(workdir: Path) -> list[QuarantinedInput]:
    """Everything that was ever refused in this workdir, with the source's own names, in the order of names."""
    found = workdir.joinpath("private", "quarantine").glob(f"[!.]*/{_DESCRIPTION}")
    inputs = [QuarantinedInput.model_validate_json(path.read_bytes()) for path in found]
    return sorted(inputs, key=lambda i: (i.ingested_as.source, i.name, i.input_id))


def _fill(folder: Path, refusal: Refusal, described: QuarantinedInput) -> None:
    """Write the bytes under names of our own: those of the source may be the fault."""
    for number, file in enumerate(refusal.files):
        if file.kind is FileKind.REGULAR:
            (folder / f"file-{number}").write_bytes(file.path.read_bytes())
    if refusal.text is not None:
        (folder / "rows.csv").write_text(refusal.text, encoding="utf-8")
    (folder / _DESCRIPTION).write_bytes(canonical_json(described.model_dump(mode="json")))


def _rename(draft: Path, final: Path) -> None:
    """Let the folder appear whole; another run may have been faster with the same bytes."""
    try:
        draft.rename(final)
    except OSError:
        if not final.exists():
            raise
        remove_tree(draft)
