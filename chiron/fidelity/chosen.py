"""Which records of a dataset are compared: never of the test split, a bounded number, every shared label well covered.

Shapes: N chosen records, C shared codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.errors import BadParameters
from chiron.labels.positive import is_positive, positive
from chiron.quality.heart_features import is_measurable
from schemas.codes import Code, CodeSystem, SplitName
from schemas.tables import LABELS, RECORDS, SPLITS

__all__ = ["FEWEST", "MOST_RECORDS", "Chosen", "choose", "shared_codes"]

MOST_RECORDS: Final = 2_000  # of each side: bounds memory and time
FEWEST: Final = 30  # of a label on either side: below this intervals say nothing
_MOST_CODES: Final = 12
_KEY: Final = ["code_system", "code"]


@dataclass(frozen=True)
class Chosen:
    """Records of one side. rows: of `records`, with `group`; target: (N, C) probabilities, nan where unread."""

    dataset: Dataset
    rows: pl.DataFrame
    target: npt.NDArray[np.float64]
    n_records: int
    n_test_left_out: int

    @property
    def group(self) -> npt.NDArray[Any]:
        """(N,) str: the group of patients of each record; no group may stand on both sides of a split."""
        return self.rows["group"].to_numpy()

    @property
    def kind(self) -> npt.NDArray[np.int64]:
        """(N,) the index of each record's rarest shared finding; -1 where it has none."""
        return _rarest_label(self.target)

    def having(self, code: int) -> npt.NDArray[np.bool_]:
        """(N,) whether each record has a finding."""
        return positive(self.target[:, code])


def shared_codes(real: Dataset, cohort: Dataset) -> tuple[Code, ...]:
    """Findings that at least `FEWEST` records of each side have, the most frequent real ones first.

    Raises BadParameters where there are none.
    """
    counts = [_positive_counts(dataset) for dataset in (real, cohort)]
    shared = [code for code, n in counts[0].items() if min(n, counts[1].get(code, 0)) >= FEWEST]
    if not shared:
        raise BadParameters(
            f"labels: expected a finding of at least {FEWEST} records in {real.manifest.name} and in "
            f"{cohort.manifest.name}, found none; compare with another cohort, or a larger one"
        )
    return tuple(sorted(shared, key=lambda code: (-counts[0][code], code))[:_MOST_CODES])


def choose(dataset: Dataset, codes: Sequence[Code], rng: np.random.Generator) -> Chosen:
    """At most `MOST_RECORDS` records with a signal; of more, as many of each rarest label as there are."""
    every = _seen(dataset)
    target = _targets(every, dataset, codes)
    kept = np.sort(_shares(_rarest_label(target), rng))
    rows = every[kept].sort("sample_offset")
    n_test = dataset.table(RECORDS).filter(is_measurable()).height - every.height
    return Chosen(dataset, rows, _targets(rows, dataset, codes), every.height, n_test)


def _seen(dataset: Dataset) -> pl.DataFrame:
    """Measurable records outside the test split, with their group; in a dataset without splits, all."""
    records = dataset.table(RECORDS).filter(is_measurable())
    if not dataset.has(SPLITS):
        return records.with_columns(group="patient_id").sort("record_id")
    seen = dataset.table(SPLITS).filter(pl.col("split") != SplitName.TEST.value)
    groups = seen.select("patient_id", group="group_id")
    return records.join(groups, on="patient_id").sort("record_id")


def _positive_counts(dataset: Dataset) -> dict[Code, int]:
    seen = _seen(dataset).select("record_id")
    found = dataset.table(LABELS).join(seen, on="record_id", how="semi")
    counts = found.filter(is_positive()).group_by(_KEY).len().iter_rows()
    return {Code(CodeSystem(system), code): n for system, code, n in counts}


def _targets(rows: pl.DataFrame, dataset: Dataset, codes: Sequence[Code]) -> npt.NDArray[np.float64]:
    labels = dataset.table(LABELS)
    columns = [
        rows.select("record_id")
        .join(
            labels.filter((pl.col("code_system") == code.system.value) & (pl.col("code") == code.code)),
            on="record_id",
            how="left",
            maintain_order="left",
        )["probability"]
        .fill_null(np.nan)
        .to_numpy()
        for code in codes
    ]
    return np.stack(columns, axis=1).astype(np.float64)


def _rarest_label(target: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """(N,) the index of each record's rarest finding, as codes are ordered by frequency; -1 where it has none."""
    having = positive(target)
    last = target.shape[1] - 1 - having[:, ::-1].argmax(axis=1)
    return np.where(having.any(axis=1), last, -1)


def _shares(kind: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Indices of at most `MOST_RECORDS`: in random order, turn by turn one of each kind."""
    order = rng.permutation(kind.size)
    turn = np.zeros(kind.size, dtype=np.int64)
    for value in np.unique(kind):
        own = np.flatnonzero(kind[order] == value)
        turn[own] = np.arange(own.size)
    return order[np.argsort(turn, kind="stable")[:MOST_RECORDS]]
