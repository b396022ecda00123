"""Who chose what on each record, with equal records as one row; and resamples of them.

Equal records are resampled together: how often each occurs is multinomial, so time and memory depend on how many
distinct ones there are. Where patients are known they are what is resampled, because records of one patient are not
independent. Shapes: U distinct records, V distinct units (records or patients), R readers, K categories, B resamples.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array

from schemas.base import Interval

__all__ = ["Patterns", "interval_of", "patients_of", "patterns_of"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LEVEL: Final = 0.95
_MAX_CELLS: Final = 1_000_000  # of one block of resamples: 8 MB
_MAX_DRAWS: Final = 2_000_000
_NONE: Final = -1


@dataclass(frozen=True)
class Patterns:
    """The distinct records of some readings."""

    n_categories: int
    tokens_um: Ints  # reader * K + category of each reading of the record, in order; then -1
    records: pl.DataFrame  # record_id, row: which distinct record each is
    times_u: Floats
    units_vu: csr_array  # how often each distinct unit holds each distinct record
    times_v: Floats

    def counts_by_reader(self, n_readers: int) -> csr_array:
        """(U, R * K): how often each reader chose each category."""
        return self._counted(self.tokens_um, n_readers * self.n_categories)

    def counts(self) -> csr_array:
        """(U, K): how many readings chose each category."""
        is_reading = self.tokens_um != _NONE
        return self._counted(np.where(is_reading, self.tokens_um % self.n_categories, _NONE), self.n_categories)

    def chosen_by(self, reader: int) -> Ints:
        """(U,): the category that one reader chose, -1 where the reader did not read."""
        chosen = np.full(len(self.tokens_um), _NONE)
        rows, places = np.nonzero(self.tokens_um // self.n_categories == reader)
        chosen[rows] = self.tokens_um[rows, places] % self.n_categories
        return chosen

    def resamples(self, n: int, *, seed: int = 0) -> Iterator[Floats]:
        """Blocks (b, U), `n` rows in all: how often each distinct record is in each resample.

        With very many distinct records there are fewer, down to a fifth.
        """
        n_distinct = max(len(self.times_u), len(self.times_v), 1)
        n = max(n // 5, min(n, _MAX_DRAWS // n_distinct))
        random, n_units = np.random.Generator(np.random.Philox(seed)), int(self.times_v.sum())
        block = max(1, _MAX_CELLS // n_distinct)
        for start in range(0, n, block):
            drawn_bv = random.multinomial(n_units, self.times_v / n_units, min(block, n - start)).astype(np.float64)
            yield (self.units_vu.T @ drawn_bv.T).T

    def _counted(self, columns_um: Ints, n_columns: int) -> csr_array:
        is_there = columns_um != _NONE
        starts = np.concatenate([[0], np.cumsum(is_there.sum(axis=1))])
        counts = csr_array((np.ones(starts[-1]), columns_um[is_there], starts), shape=(len(columns_um), n_columns))
        counts.sum_duplicates()
        return counts


def patterns_of(readings: pl.DataFrame, *, n_categories: int, patients: pl.DataFrame | None = None) -> Patterns:
    """The distinct records of `readings` (record_id, reader, category), readers and categories being numbered from 0.

    patients: record_id, patient of the records whose patient is known; the others are each a unit of their own.
    """
    tokens = readings.select("record_id", token=pl.col("reader").cast(pl.Int64) * n_categories + pl.col("category"))
    tokens_um, of_record = _distinct(tokens, "record_id", "token")
    if patients is None:
        of_unit = of_record.select(unit="record_id", row="row")
    else:
        known = of_record.join(patients, on="record_id", how="left", maintain_order="left")
        unit = pl.when(pl.col("patient").is_null()).then(pl.struct("record_id", "patient"))
        of_unit = known.select(
            "row", unit=unit.otherwise(pl.struct(record_id=pl.lit(None, pl.String), patient="patient"))
        )
    rows_vm, of_each = _distinct(of_unit, "unit", "row")
    is_row = rows_vm != _NONE
    starts = np.concatenate([[0], np.cumsum(is_row.sum(axis=1))])
    units = csr_array((np.ones(starts[-1]), rows_vm[is_row], starts), shape=(len(rows_vm), len(tokens_um)))
    units.sum_duplicates()
    return Patterns(n_categories, tokens_um, of_record, _times(of_record), units, _times(of_each))


def patients_of(records: pl.DataFrame) -> pl.DataFrame:
    """record_id, patient of the `records` whose patient is known."""
    return records.filter("patient_known").select("record_id", patient="patient_id")


def interval_of(value: float, figures: npt.ArrayLike, *, level: float = LEVEL) -> Interval:
    """`value` with the percentile interval of the resamples' `figures`, to six decimals.

    Without bounds where no resample gives a figure, without a value where it is nan. What follows the sixth decimal
    depends on the machine's order of summation.
    """
    finite = np.asarray(figures)[np.isfinite(figures)]
    if not np.isfinite(value) or not finite.size:
        return Interval(value=round(value, 6) if np.isfinite(value) else None, level=level)
    lower, upper = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value=round(value, 6), lower=round(float(lower), 6), upper=round(float(upper), 6), level=level)


def _distinct(pairs: pl.DataFrame, owner: str, member: str) -> tuple[Ints, pl.DataFrame]:
    """The distinct sets of members (U, M), in order and filled up with -1; and which of them each owner has."""
    sets = pairs.group_by(owner).agg(pl.col(member).sort())
    owners = sets.group_by(member).agg(owner)
    lengths = owners[member].list.len().to_numpy()
    padded = np.full((len(lengths), max(lengths, default=0)), _NONE)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = owners[member].explode().drop_nulls().to_numpy()
    order = np.lexsort(padded.T[::-1]) if padded.size else np.arange(len(padded))
    rows = owners[order].select(owner).with_row_index("row").explode(owner)
    return padded[order], rows.select(owner, pl.col("row").cast(pl.Int64)).sort("row", owner)


def _times(rows: pl.DataFrame) -> Floats:
    return np.bincount(rows["row"].to_numpy()).astype(np.float64)
