"""From a dataset on disk to arrays in memory, record by record: windows, targets, and features for the forest.

Shapes: records N, windows W, leads L, samples T, codes C.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.rows import numbered_as_stored
from chiron.errors import BadParameters
from chiron.labels.positive import is_positive
from chiron.learning.training import Examples
from chiron.learning.windows import cut, n_windows
from chiron.measures.features import FEATURE_NAMES, features_of
from chiron.measures.prepared import prepare
from chiron.progress import report_progress
from schemas.codes import Code, CodeSystem, SplitName
from schemas.tables import LABELS, RECORDS, SPLITS
from schemas.training import WindowSpec

__all__ = ["Collection", "View", "codes_of", "collect", "common_codes", "labelled_records", "labels_of", "lead_rows"]

_REPORT_EVERY: Final = 200


@dataclass(frozen=True)
class View:
    """What every dataset is read as."""

    leads: tuple[str, ...]
    codes: tuple[Code, ...]
    window: WindowSpec


@dataclass(frozen=True)
class Collection:
    """Records with everything that an arm may read. `features` is empty where no forest will be grown."""

    record_ids: tuple[str, ...]
    patient_ids: tuple[str, ...]
    patients_known: bool  # false: the ids are the records' own, and nothing may be called patient-disjoint
    examples: Examples
    features_ND: np.ndarray  # float32

    def take(self, records: np.ndarray) -> "Collection":
        """Only these records, in ascending order."""
        kept = np.unique(records)
        return Collection(
            tuple(self.record_ids[i] for i in kept),
            tuple(self.patient_ids[i] for i in kept),
            self.patients_known,
            self.examples.take(kept),
            self.features_ND[kept],
        )


def codes_of(dataset: Dataset, splits: Sequence[SplitName] = ()) -> set[Code]:
    """Codes that at least one record of these splits (of all, where none is named) has, and at least one lacks.

    Without both there is nothing to learn.
    """
    decided = dataset.scan(LABELS).filter(pl.col("probability").is_not_null())
    both = (
        decided.join(_records_of(dataset, splits), on="record_id", how="semi")
        .group_by("code_system", "code")
        .agg(n=pl.len(), n_present=is_positive().sum())
        .filter((pl.col("n_present") > 0) & (pl.col("n_present") < pl.col("n")))
        .collect()
    )
    return {Code(CodeSystem(row["code_system"]), row["code"]) for row in both.iter_rows(named=True)}


def common_codes(real: Dataset, cohort: Dataset, target: Code) -> tuple[Code, ...]:
    """The network's outputs: the target, then every other code that the cohort and the real training split teach."""
    common = codes_of(real, (SplitName.TRAIN,)) & codes_of(cohort)
    if target not in common:
        raise BadParameters(
            f"target {target}: expected records with and without it in both datasets, found codes "
            f"{', '.join(sorted(map(str, common))) or 'none'} in common; choose another target or cohort"
        )
    return (target, *sorted(common - {target}))


def labelled_records(dataset: Dataset, target: Code, splits: Sequence[SplitName] = ()) -> pl.DataFrame:
    """Rows of `records` that have a signal and a decided target, of these splits only (of all where none is named)."""
    decided = dataset.scan(LABELS).filter(
        (pl.col("code_system") == target.system.value)
        & (pl.col("code") == target.code)
        & pl.col("probability").is_not_null()
    )
    return _records_of(dataset, splits).join(decided, on="record_id", how="semi").sort("record_id").collect()


def _records_of(dataset: Dataset, splits: Sequence[SplitName]) -> pl.LazyFrame:
    """Rows of `records` that have a signal, of these splits; of all where none is named."""
    records = dataset.scan(RECORDS).filter(pl.col("n_samples") > 0)
    if not splits:
        return records
    chosen = dataset.scan(SPLITS).filter(pl.col("split").is_in([s.value for s in splits]))
    return records.join(chosen, on="patient_id", how="semi")


def collect(dataset: Dataset, records: pl.DataFrame, view: View, *, with_features: bool = False) -> Collection:
    """Read `records`, in the order in which their samples lie. Memory is the returned arrays and one record."""
    counts = [n_windows(row["n_samples"], row["fs_hz"], view.window) for row in records.iter_rows(named=True)]
    firsts = np.cumsum(counts) - counts
    x_WLT = np.empty((sum(counts), len(view.leads), view.window.n_samples), dtype=np.float32)
    features_ND = np.zeros((records.height, len(FEATURE_NAMES) if with_features else 0), np.float32)
    for done, (i, row) in enumerate(numbered_as_stored(records), start=1):
        prepared = prepare(dataset.signal_mv(row)[lead_rows(row["leads"], view.leads)], row["fs_hz"], view.window.fs_hz)
        x_WLT[firsts[i] : firsts[i] + counts[i]] = cut(prepared, counts[i], view.window)
        if with_features:
            features_ND[i] = features_of(prepared[0], view.window.fs_hz)
        if done % _REPORT_EVERY == 0 or done == records.height:
            report_progress("records read", done, records.height)
    examples = Examples(x_WLT, np.repeat(np.arange(records.height), counts), *_targets(dataset, records, view.codes))
    known = bool(records["patient_known"].all())
    return Collection(tuple(records["record_id"]), tuple(records["patient_id"]), known, examples, features_ND)


def lead_rows(own: Sequence[str], leads: Sequence[str]) -> list[int]:
    """Which rows of a signal with leads `own` are the wanted ones; a single wanted lead takes the first if need be.

    Raises BadParameters where one of several is missing.
    """
    if len(leads) == 1:  # a handheld recorder's only lead has no agreed name
        return [own.index(leads[0]) if leads[0] in own else 0]
    if missing := set(leads) - set(own):
        raise BadParameters(f"leads: expected {', '.join(leads)}, found a record without {', '.join(sorted(missing))}")
    return [own.index(lead) for lead in leads]


def _targets(dataset: Dataset, records: pl.DataFrame, codes: Sequence[Code]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (nan: not read, or undecided) and weights, each (N, C)."""
    decided = dataset.table(LABELS).filter(pl.col("probability").is_not_null())
    columns = [labels_of(records, decided, code) for code in codes]
    target = np.stack([c["probability"].fill_null(np.nan).to_numpy() for c in columns], axis=1)
    weight = np.stack([c["weight"].fill_null(0.0).to_numpy() for c in columns], axis=1)
    return target.astype(np.float32), weight.astype(np.float32)


def labels_of(records: pl.DataFrame, labels: pl.DataFrame, code: Code) -> pl.DataFrame:
    """One row per record, in their order; null where `labels` says nothing of the code."""
    own = labels.filter((pl.col("code_system") == code.system.value) & (pl.col("code") == code.code))
    return records.select("record_id").join(own, on="record_id", how="left", maintain_order="left")
