"""Canonical bytes of tables.

A table is hashed column by column: a byte of validity per row, then the values, little-endian, nulls as zero; text
and lists as their lengths followed by their contents. Chunk borders do not matter, so tables of any size are hashed
in slices. Nothing here depends on a file format, a library version or the machine.
"""

import hashlib
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import polars as pl

from chiron.datasets.canonical import canonical_json, sha256_hex
from schemas.manifest import TableEntry
from schemas.tables import TableSpec

__all__ = ["TableHasher", "table_entry"]

_NUMPY_TYPES: Final[dict[pl.DataType, str]] = {
    pl.Boolean(): "u1",
    pl.Int32(): "<i4",
    pl.Int64(): "<i8",
    pl.Float64(): "<f8",
}


def table_entry(spec: TableSpec, slices: Iterable[pl.DataFrame]) -> TableEntry:
    """Hash a table that comes in slices, in key order; the key must be unique.

    Raises ValueError where rows are out of order or a key repeats.
    """
    hasher = TableHasher(spec)
    for frame in slices:
        hasher.update(frame)
    return hasher.entry()


class TableHasher:
    """A running hash of one table."""

    def __init__(self, spec: TableSpec) -> None:
        self._spec = spec
        self._columns = {name: _ColumnHasher(spec.columns[name]) for name in spec.columns if name not in spec.layout}
        self._last: pl.DataFrame | None = None
        self._n_rows = 0

    def update(self, frame: pl.DataFrame) -> None:
        """Add the next rows. Raises ValueError where rows are out of order or a key repeats."""
        keys = frame.select(self._spec.key)
        _check_order(self._spec, keys if self._last is None else pl.concat([self._last, keys]))
        for name, column in self._columns.items():
            column.update(frame[name])
        self._last = keys.tail(1)
        self._n_rows += frame.height

    def entry(self) -> TableEntry:
        """Row count and content hash of all rows so far."""
        digests = [[name, str(self._spec.columns[name]), column.digests()] for name, column in self._columns.items()]
        identity = {"table": self._spec.name, "n_rows": self._n_rows, "columns": digests}
        return TableEntry(n_rows=self._n_rows, content_sha256=sha256_hex(canonical_json(identity)))


def _check_order(spec: TableSpec, keys: pl.DataFrame) -> None:
    """Refuse rows that are not in strictly increasing key order, nulls first."""
    rises = pl.repeat(False, max(keys.height - 1, 0), eager=True)
    for name in reversed(spec.key):
        row, following = keys[name][:-1], keys[name][1:]
        less, same = row < following, row == following
        if keys[name].null_count():
            less = less.fill_null(False) | (row.is_null() & following.is_not_null())
            same = row.eq_missing(following)
        rises = less | (same & rises)
    if not rises.all():
        raise ValueError(f"table {spec.name}: expected rows in the order of a unique key, found others")


class _ColumnHasher:
    """A running hash of one column: validity, then values; of text and lists the lengths, then the contents."""

    def __init__(self, dtype: pl.DataType) -> None:
        self._dtype = dtype
        self._validity = hashlib.sha256()
        self._values = hashlib.sha256()
        self._contents = hashlib.sha256()
        self._elements = _ColumnHasher(_element_type(dtype)) if isinstance(dtype, pl.List) else None

    def update(self, series: pl.Series) -> None:
        """Add one slice."""
        if series.is_empty():
            return
        self._validity.update(_validity_bytes(series))
        if self._elements is not None:
            self._values.update(_number_bytes(series.list.len(), "<u8"))
            self._elements.update(series.drop_nulls().explode(empty_as_null=False))
        elif isinstance(self._dtype, pl.String):
            self._values.update(_number_bytes(series.str.len_bytes(), "<u8"))
            self._contents.update(series.str.join("").cast(pl.Binary)[0])
        else:
            self._values.update(_number_bytes(series, _NUMPY_TYPES[self._dtype]))

    def digests(self) -> list[Any]:
        """The digests of the parts, as a JSON value."""
        own = [self._validity.hexdigest(), self._values.hexdigest(), self._contents.hexdigest()]
        return own if self._elements is None else [*own, self._elements.digests()]


def _element_type(dtype: pl.List) -> pl.DataType:
    """The element type of a list type, as an instance."""
    inner = dtype.inner
    return inner if isinstance(inner, pl.DataType) else inner()


def _validity_bytes(series: pl.Series) -> memoryview:
    """A byte for each row: 1, or 0 for null."""
    if not series.null_count():
        return memoryview(b"\x01" * len(series))
    return series.is_not_null().to_numpy().astype("u1").data


def _number_bytes(series: pl.Series, numpy_type: str) -> memoryview:
    """Little-endian bytes of a numeric column: nulls as zero, no negative zero."""
    zero = False if series.dtype == pl.Boolean else 0
    filled = series.fill_null(zero) if series.null_count() else series
    values = filled.to_numpy().astype(numpy_type, copy=False)
    return np.ascontiguousarray(values + 0.0 if numpy_type == "<f8" else values).data
