"""Quarantine: refused inputs are not lost. The `quarantine` table says why, without a name; the private folder keeps
the name and the bytes as they came.

What is kept is never dropped: whether an input is in quarantine now is for the newest ingested dataset to say.
"""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from chiron.datasets.canonical import canonical_json
from chiron.datasets.dataset import open_dataset
from chiron.datasets.refs import read_ref
from chiron.datasets.workdir import private_folder
from chiron.errors import NotFound
from chiron.records.landing import FileKind
from chiron.records.pseudonyms import Pseudonyms
from chiron.records.refusal import Refusal
from chiron.records.whole_folders import make_whole_folder
from schemas.base import Frozen
from schemas.codes import QuarantineReason
from schemas.manifest import Sha256
from schemas.params import IngestParams
from schemas.tables import QUARANTINE

__all__ = ["QuarantinedInput", "keep_refused", "list_quarantine", "quarantine_table"]

_FOLDER: Final = "quarantine"
_DESCRIPTION: Final = "input.json"


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
            "sha256": pseudonyms.digest(r.sha256),
            "stage": "ingest",
            "reason": r.reason.value,
            "message": r.message,
        }
        for r in refusals
    ]
    return pl.DataFrame(rows, schema=QUARANTINE.polars)


def keep_refused(workdir: Path, refusals: Sequence[Refusal], pseudonyms: Pseudonyms, params: IngestParams) -> None:
    """Copy refused inputs to the private folder of the dataset's name. What is there already stays as it is."""
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
        folder = private_folder(workdir, _FOLDER, params.name) / described.input_id
        make_whole_folder(folder, partial(_keep, refusal, described))


def list_quarantine(workdir: Path) -> list[QuarantinedInput]:
    """What the newest ingested dataset of each name has in quarantine, with the source's own names.

    By source and name. Of a name without a reference to a dataset, everything that was ever refused is listed.
    """
    found: list[QuarantinedInput] = []
    for folder in workdir.joinpath("private", _FOLDER).glob("*/"):
        refused = _refused_now(workdir, folder.name)
        kept = (path for path in folder.glob(f"[!.]*/{_DESCRIPTION}") if refused is None or path.parent.name in refused)
        found += [QuarantinedInput.model_validate_json(path.read_bytes()) for path in kept]
    return sorted(found, key=lambda i: (i.ingested_as.source, i.ingested_as.name, i.name, i.input_id))


def _refused_now(workdir: Path, name: str) -> set[str] | None:
    """The ids in the `quarantine` table of the newest dataset of a name; None where there is no such dataset."""
    try:
        return set(open_dataset(read_ref(workdir, name, "ingest")).table(QUARANTINE)["input_id"])
    except NotFound:
        return None


def _keep(refusal: Refusal, described: QuarantinedInput, folder: Path) -> None:
    """Write the bytes under names of our own: those of the source may be the fault."""
    for number, file in enumerate(refusal.files):
        if file.kind is FileKind.REGULAR:
            shutil.copyfile(file.path, folder / f"file-{number}")
    if refusal.text is not None:
        (folder / "rows.csv").write_text(refusal.text, encoding="utf-8")
    (folder / _DESCRIPTION).write_bytes(canonical_json(described.model_dump(mode="json")))
