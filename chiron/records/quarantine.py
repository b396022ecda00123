"""Quarantine: refused inputs are not lost. The `quarantine` table says why, without a name; the private folder keeps
the name and the bytes as they came, until an input of that name comes in.
"""

import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.workdir import private_folder, remove_tree
from chiron.errors import InputRefused
from chiron.records.landing import FileKind, LandingFile
from chiron.records.pseudonyms import Pseudonyms
from chiron.records.whole_folders import make_whole_folder
from schemas.base import Frozen
from schemas.codes import QuarantineReason
from schemas.manifest import Sha256
from schemas.params import IngestParams
from schemas.tables import QUARANTINE

__all__ = ["QuarantinedInput", "Refusal", "drop_mended", "keep_refused", "list_quarantine", "quarantine_table"]

_FOLDER: Final = "quarantine"
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
            "stage": "ingest",
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
        folder = private_folder(workdir, _FOLDER) / described.input_id
        make_whole_folder(folder, partial(_keep, refusal, described))


def drop_mended(workdir: Path, came_in: Collection[str], params: IngestParams) -> None:
    """Forget the inputs of a source that were refused before and have come in now."""
    for kept in list_quarantine(workdir):
        if kept.ingested_as == params and kept.name in came_in:
            remove_tree(workdir / "private" / _FOLDER / kept.input_id)


def list_quarantine(workdir: Path) -> list[QuarantinedInput]:
    """Every refused input that has not come in since, with the source's own names, by source and name."""
    found = workdir.joinpath("private", _FOLDER).glob(f"[!.]*/{_DESCRIPTION}")
    inputs = (QuarantinedInput.model_validate_json(path.read_bytes()) for path in found)
    return sorted(inputs, key=lambda i: (i.ingested_as.source, i.name, i.input_id))


def _keep(refusal: Refusal, described: QuarantinedInput, folder: Path) -> None:
    """Write the bytes under names of our own: those of the source may be the fault."""
    for number, file in enumerate(refusal.files):
        if file.kind is FileKind.REGULAR:
            shutil.copyfile(file.path, folder / f"file-{number}")
    if refusal.text is not None:
        (folder / "rows.csv").write_text(refusal.text, encoding="utf-8")
    (folder / _DESCRIPTION).write_bytes(canonical_json(described.model_dump(mode="json")))
