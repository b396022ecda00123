"""The tables that records' own files make, written in parts while the records are read: memory is one part."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from chiron.datasets.tables import join_tables, table_path
from chiron.datasets.workdir import remove_tree
from chiron.records.memory import INPUTS, OWN_TABLES, Memory
from schemas.tables import RECORDS, TableSpec

__all__ = ["OwnTables", "merge_by_record"]

_PART_RECORDS: Final = 1000
_MERGE_RECORDS: Final = 5_000


class OwnTables:
    """Takes the rows of one record after the other, in the order of ids, and merges them with what is taken over."""

    def __init__(self, folder: Path) -> None:
        """`folder` is emptied."""
        remove_tree(folder)
        self.folder = folder
        self._specs = (*OWN_TABLES, INPUTS)
        self._rows: dict[str, list[Any]] = {spec.name: [] for spec in self._specs}
        self._n_parts = 0
        self._parts_folder.mkdir(parents=True)

    @property
    def _parts_folder(self) -> Path:
        return self.folder / "parts"

    def add(self, rows: Mapping[str, Iterable[Any]]) -> None:
        """The rows of one record, by table: values in the order of its columns."""
        for name, of_table in rows.items():
            self._rows[name].extend(of_table)
        if len(self._rows[RECORDS.name]) >= _PART_RECORDS:
            self._flush()

    def finish(self, memory: Memory | None, taken_over: Sequence[str]) -> None:
        """Write the whole tables. `taken_over`: the ids of the records of `memory` that go on, in order."""
        self._flush()
        kept = pl.LazyFrame({"record_id": taken_over}, schema={"record_id": pl.String})
        for spec in self._specs:
            if memory is None or not taken_over:  # the parts are in order
                join_tables(self.folder, spec, self._parts(spec))
            else:
                new = pl.scan_parquet(self._parts(spec), schema=spec.polars)
                merge_by_record(self.folder, spec, [new, memory.scan(spec).join(kept, on="record_id", how="semi")])
        remove_tree(self._parts_folder)

    def scan(self, spec: TableSpec) -> pl.LazyFrame:
        """A whole table."""
        return pl.scan_parquet(table_path(self.folder, spec))

    def _flush(self) -> None:
        for spec in self._specs:
            frame = _frame(spec, self._rows[spec.name])
            frame.sort(spec.key, nulls_last=False).write_parquet(self._part(spec, self._n_parts))
            self._rows[spec.name] = []
        self._n_parts += 1

    def _parts(self, spec: TableSpec) -> list[Path]:
        return [self._part(spec, number) for number in range(self._n_parts)]

    def _part(self, spec: TableSpec, number: int) -> Path:
        return self._parts_folder / f"{spec.name}-{number:06d}.parquet"


def _frame(spec: TableSpec, rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """Rows as a frame."""
    if not rows:
        return spec.empty()
    columns = zip(spec.columns.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([_series(name, dtype, values) for (name, dtype), values in columns])


def _series(name: str, dtype: pl.DataType, values: Sequence[Any]) -> pl.Series:
    """One column. Lists are laid end to end and cut again: Polars takes them one by one at ten times the cost."""
    if not isinstance(dtype, pl.List):
        return pl.Series(name, values, dtype, strict=True)
    lengths = [len(value) for value in values]
    ends = pl.DataFrame({"row": np.repeat(np.arange(len(values)), lengths)}).with_columns(
        pl.Series(name, list(chain.from_iterable(values)), dtype.inner)
    )
    cut = ends.group_by("row", maintain_order=True).agg(name)
    every = pl.DataFrame({"row": np.arange(len(values))}).join(cut, on="row", how="left", maintain_order="left")
    return every[name].fill_null(pl.Series([[]], dtype=dtype)) if 0 in lengths else every[name]


def concatenated(frames: Sequence[pl.LazyFrame]) -> pl.LazyFrame:
    """The rows of all frames."""
    return pl.concat(frames)


def merge_by_record(
    folder: Path,
    spec: TableSpec,
    sources: Sequence[pl.LazyFrame],
    merge: Callable[[Sequence[pl.LazyFrame]], pl.LazyFrame] = concatenated,
) -> None:
    """Write a table from frames of any order: `merge` makes its rows of a bounded number of records at a time."""
    ids = pl.concat([frame.select("record_id") for frame in sources]).unique().sort("record_id").collect()["record_id"]
    parts = []
    for first in range(0, len(ids), _MERGE_RECORDS):
        low, high = ids[first], ids[min(first + _MERGE_RECORDS, len(ids)) - 1]
        within = [frame.filter(pl.col("record_id").is_between(pl.lit(low), pl.lit(high))) for frame in sources]
        parts.append(folder / f".{spec.name}-{first}.parquet")
        rows = merge(within).select(*spec.columns).collect()
        rows.sort(spec.key, nulls_last=False).write_parquet(parts[-1], compression="zstd")
    join_tables(folder, spec, parts)
    for part in parts:
        part.unlink()
