"""What can be counted in a dataset: sizes, splits, labels, refusals. Counts only: no record's id, nobody's value.

Nothing is loaded whole: every count is made while a table streams by.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.labels.positive import UNDECIDED, is_positive
from chiron.labels.readings import code_name
from schemas.codes import SplitName
from schemas.splits import RECORD_LEVEL
from schemas.tables import LABELS, PARAMETERS, QUARANTINE, RECORDS, SPLITS

__all__ = ["LabelFacts", "RecordFacts", "SplitFacts", "count_groups", "count_labels", "count_records"]

_GROUP: Final = "group"


@dataclass(frozen=True)
class RecordFacts:
    """Recordings and who they are of. `hours`: of all recordings together; fs_hz, leads: every one that occurs."""

    n_records: int
    n_signals: int
    hours: float
    n_patients: int
    n_unknown: int  # records whose patient is unknown
    fs_hz: tuple[float, ...]
    leads: tuple[str, ...]
    sources: tuple[str, ...]
    splits: tuple["SplitFacts", ...]
    refused: dict[str, int]  # by reason

    @property
    def level(self) -> str:
        """What may be said of patients in several splits."""
        return RECORD_LEVEL if self.n_unknown else "patient-disjoint: all records of a patient are in one split"


class SplitFacts(NamedTuple):
    """One split."""

    split: str
    n_records: int
    n_patients: int


class LabelFacts(NamedTuple):
    """One code. `n_unknown`: records whose label is undecided, and records that nobody read for it."""

    code_system: str
    code: str
    name: str
    n_positive: int
    n_negative: int
    n_unknown: int


def count_records(dataset: Dataset) -> RecordFacts:
    """Count what the dataset holds; zeros where it has no records."""
    if not dataset.has(RECORDS):
        return RecordFacts(0, 0, 0.0, 0, 0, (), (), (), (), {})
    recorded = pl.col("n_samples") > 0
    row = (
        dataset.scan(RECORDS)
        .select(
            n=pl.len(),
            n_signals=recorded.sum(),
            hours=(pl.col("n_samples") / pl.col("fs_hz")).filter(recorded).sum() / 3600,
            n_patients=pl.col("patient_id").filter(pl.col("patient_known")).n_unique(),
            n_unknown=(~pl.col("patient_known")).sum(),
            fs_hz=pl.col("fs_hz").drop_nulls().unique().sort().implode(),
            leads=pl.col("leads").explode(empty_as_null=False).unique().sort().implode(),
            sources=pl.col("source").drop_nulls().unique().sort().implode(),
        )
        .collect(engine="streaming")
        .row(0)
    )
    n, n_signals, hours, n_patients, n_unknown, fs_hz, leads, sources = row
    return RecordFacts(
        n, n_signals, hours, n_patients, n_unknown, tuple(fs_hz), tuple(leads), tuple(sources),
        _splits(dataset), _refused(dataset),
    )  # fmt: skip


def _splits(dataset: Dataset) -> tuple[SplitFacts, ...]:
    """Records and patients of each split, in the usual order; none where there are no splits."""
    if not dataset.has(SPLITS):
        return ()
    parts = dataset.scan(RECORDS).select("patient_id").join(dataset.scan(SPLITS), on="patient_id")
    counts = parts.group_by("split").agg(pl.len(), pl.col("patient_id").n_unique()).collect(engine="streaming")
    found = {split: SplitFacts(split, n, n_patients) for split, n, n_patients in counts.iter_rows()}
    return tuple(found[name] for name in SplitName if name in found)


def _refused(dataset: Dataset) -> dict[str, int]:
    if not dataset.has(QUARANTINE):
        return {}
    counts = dataset.scan(QUARANTINE).group_by("reason").len().sort("reason").collect(engine="streaming")
    return dict(counts.iter_rows())


def count_labels(dataset: Dataset, n_records: int) -> tuple[LabelFacts, ...]:
    """Every code, the most frequent first. `n_records`: of the whole dataset."""
    if not dataset.has(LABELS):
        return ()
    counts = (
        dataset.scan(LABELS)
        .group_by("code_system", "code")
        .agg(positive=is_positive().sum(), negative=(pl.col("probability") < UNDECIDED).sum())
        .sort("positive", "code_system", "code", descending=[True, False, False])
        .collect(engine="streaming")
    )
    return tuple(
        LabelFacts(system, code, code_name(system, code), n_positive, n_negative, n_records - n_positive - n_negative)
        for system, code, n_positive, n_negative in counts.iter_rows()
    )


def count_groups(dataset: Dataset, names: list[str]) -> dict[str, int]:
    """Records of each group of a cohort's specification; `names` in the order of their numbers."""
    if not dataset.has(PARAMETERS):
        return {}
    grouped = dataset.scan(PARAMETERS).filter(pl.col("parameter") == _GROUP).group_by("value").len()
    found = {int(value): n for value, n in grouped.collect(engine="streaming").iter_rows()}
    return {name: found.get(i, 0) for i, name in enumerate(names)}
