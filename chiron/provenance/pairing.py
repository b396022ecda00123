"""The rows of one table of two datasets side by side, a range of keys at a time.

Tables lie in key order, so a range is read from a few row groups: memory does not grow with the table. Columns are
taken as the files have them, for two versions may have been written by two generations of the schema.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.tables import table_path
from schemas.tables import TableSpec

__all__ = ["AFTER", "PairedTable", "differs", "is_added", "is_removed", "is_shared", "scan_as_it_is"]

AFTER: Final = "_after"
"""What the later side's columns end in."""

_BEFORE_THERE, _AFTER_THERE = "_in_before", "_in_after"
_RANGE_ROWS: Final = 2**16


class PairedTable:
    """One table of two datasets."""

    def __init__(self, before: Dataset, after: Dataset, spec: TableSpec) -> None:
        self._spec = spec
        self._before, self._after = scan_as_it_is(before, spec), scan_as_it_is(after, spec)
        self.before_columns, self.after_columns = self._before.collect_schema(), self._after.collect_schema()

    @property
    def shared(self) -> list[str]:
        """The columns of both sides that can be compared, without the key and what is layout only."""
        both = [name for name, dtype in self.before_columns.items() if self.after_columns.get(name) == dtype]
        return [name for name in both if name not in self._spec.key and name not in self._spec.layout]

    @property
    def has_key(self) -> bool:
        """Whether rows can be told apart on both sides."""
        return all(
            name in self.before_columns and self.before_columns[name] == self.after_columns.get(name)
            for name in self._spec.key
        )

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Pairs of rows: the key, every shared column, the same with `AFTER`; nulls where a side has no such row."""
        key, columns = list(self._spec.key), [*self._spec.key, *self.shared]
        for key_of in self._ranges():
            before, after = (
                side.filter(key_of.condition(key[0])).select(columns).with_columns(pl.lit(True).alias(there)).collect()
                for side, there in ((self._before, _BEFORE_THERE), (self._after, _AFTER_THERE))
            )
            renamed = {name: name + AFTER for name in self.shared}
            yield before.join(after.rename(renamed), on=key, how="full", coalesce=True, nulls_equal=True)

    def _ranges(self) -> "Iterator[_Range]":
        """Ranges of the first key that hold about as many rows each, over both sides."""
        first = self._spec.key[0]
        marks = {
            keys.item(0, 0)
            for side in (self._before, self._after)
            for keys in side.select(first).collect_batches(chunk_size=_RANGE_ROWS, maintain_order=True)
            if keys.height
        }
        ends = sorted(mark for mark in marks if mark is not None)[1:]
        for low, high in zip([None, *ends], [*ends, None], strict=True):
            yield _Range(low, high)


class _Range(NamedTuple):
    """Keys from `low` on, below `high`; None: no limit."""

    low: str | None
    high: str | None

    def condition(self, column: str) -> pl.Expr:
        """Whether a key lies in the range; nulls belong to the first."""
        key = pl.col(column)
        inside = pl.lit(True)
        if self.low is not None:
            inside = inside & (key >= self.low)
        if self.high is not None:
            inside = inside & (key < self.high)
        return inside | key.is_null() if self.low is None else inside


def scan_as_it_is(dataset: Dataset, spec: TableSpec) -> pl.LazyFrame:
    """A table with the columns of its file, whatever the schema is today."""
    return pl.scan_parquet(table_path(dataset.folder, spec))


def is_shared() -> pl.Expr:
    """Whether both sides have the row."""
    return pl.col(_BEFORE_THERE).is_not_null() & pl.col(_AFTER_THERE).is_not_null()


def is_added() -> pl.Expr:
    """Whether only the later side has the row."""
    return pl.col(_BEFORE_THERE).is_null()


def is_removed() -> pl.Expr:
    """Whether only the earlier side has the row."""
    return pl.col(_AFTER_THERE).is_null()


def differs(column: str) -> pl.Expr:
    """Whether a column of a shared row is another now; a null is a value of its own."""
    return is_shared() & pl.col(column).ne_missing(pl.col(column + AFTER))
