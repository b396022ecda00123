"""What an export can't hold: a list, made from what this very dataset has."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from chiron.datasets.dataset import Dataset
from schemas.tables import ANNOTATIONS, EVENTS, FACTS, LABELS, PARAMETERS, QUARANTINE, RECORDS, TableSpec

__all__ = ["LIMITS", "Limit", "count_rows", "limits_of_tables", "write_limits"]

LIMITS: Final = "LIMITS.md"


class Limit(NamedTuple):
    """`found`: how much of what this dataset has; `fate`: what became of it."""

    n: int
    found: str
    fate: str


def count_rows(dataset: Dataset, spec: TableSpec, where: pl.Expr | None = None) -> int:
    """How many rows of a table meet a condition; 0 where there is no such table."""
    if not dataset.has(spec):
        return 0
    rows = dataset.scan(spec) if where is None else dataset.scan(spec).filter(where)
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def limits_of_tables(dataset: Dataset, fates: dict[str, str]) -> list[Limit]:
    """What the dataset has of that for which a format gives a fate; nothing of what it has not."""
    counts = {name: _count(dataset, name) for name in fates}
    return [Limit(n, _PHRASES[name], fates[name]) for name, n in counts.items() if n]


_CONDITIONS: Final[dict[str, tuple[TableSpec, pl.Expr | None]]] = {
    "no_signal": (RECORDS, pl.col("n_samples") == 0),
    "no_patient": (RECORDS, ~pl.col("patient_known")),
    "year": (RECORDS, pl.col("recorded_year").is_not_null()),
    "source_sha256": (RECORDS, pl.col("source_sha256").is_not_null()),
    "old": (RECORDS, pl.col("age_years") > 90),
    "readings": (ANNOTATIONS, None),
    "absences": (ANNOTATIONS, ~pl.col("present")),
    "likelihoods": (ANNOTATIONS, pl.col("likelihood").is_not_null()),
    "rounds": (ANNOTATIONS, pl.col("round") > 1),
    "labels": (LABELS, None),
    "agreement": (LABELS, pl.col("agreement").is_not_null()),
    "weights": (LABELS, pl.col("weight") != 1),
    "undecided": (LABELS, pl.col("probability").is_null()),
    "events": (EVENTS, None),
    "facts": (FACTS, None),
    "parameters": (PARAMETERS, None),
    "quarantine": (QUARANTINE, None),
}

_PHRASES: Final = {
    "no_signal": "records without samples",
    "no_patient": "records whose patient is unknown",
    "year": "recordings of which the year is known, and nothing more exact",
    "source_sha256": "hashes of the files as they came",
    "old": "ages above 90, of simulated patients",
    "readings": "readings by single annotators",
    "absences": "readings that looked for a code and did not find it",
    "likelihoods": "likelihoods that annotators stated",
    "rounds": "readings of a later round",
    "labels": "labels",
    "agreement": "shares of annotators who agree with a label",
    "weights": "weights of labels other than 1",
    "undecided": "labels that were read and stayed undecided",
    "events": "events: beats, rhythms, waves, poor leads",
    "facts": "facts of the source",
    "parameters": "true parameters of simulated records",
    "quarantine": "inputs that were refused",
    "reports": "reports of the gate, of agreement, of what is missing and why",
    "annotators": "annotators who read the same records",
}


def _count(dataset: Dataset, name: str) -> int:
    if name == "reports":
        return len([file for file in dataset.manifest.files if file.endswith(".json") and "/" not in file])
    if name == "annotators":
        n = _n_annotators(dataset)
        return n if n > 1 else 0
    return count_rows(dataset, *_CONDITIONS[name])


def _n_annotators(dataset: Dataset) -> int:
    if not dataset.has(ANNOTATIONS):
        return 0
    readers = dataset.scan(ANNOTATIONS).select(pl.col("annotator_id").n_unique())
    return int(readers.collect(engine="streaming").item())


def write_limits(folder: Path, dataset: Dataset, form: str, limits: Sequence[Limit]) -> None:
    """Write the list for whoever gets the export."""
    manifest = dataset.manifest
    lines = [
        f"# What {form} can't hold of {manifest.name}",
        "",
        f"Exported from the dataset `{manifest.name}`, content `{manifest.content_sha256}`. The dataset itself has",
        "everything; this folder has what is not listed here, unaltered.",
        "",
        "| in the dataset | here |",
        "| --- | --- |",
        *(f"| {limit.n:,} {limit.found} | {limit.fate} |" for limit in limits),
    ]
    (folder / LIMITS).write_text("\n".join(lines) + "\n", encoding="utf-8")
