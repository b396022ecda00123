"""Tables as Parquet files: one file per table, rows in key order."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

from chiron.datasets.links import link_or_copy
from chiron.datasets.table_hash import TableHasher, table_entry
from chiron.errors import Damaged
from schemas.manifest import TableEntry
from schemas.tables import RECORDS, TABLES, TableSpec

__all__ = [
    "entry_of_file",
    "join_tables",
    "link_table",
    "scan_table",
    "sink_table",
    "table_path",
    "tables_in",
    "write_slices",
    "write_table",
]

_SLICE_ROWS: Final = 2**15
_ROW_GROUP_ROWS: Final = 2**15  # what a writer holds in memory
_RECORDS_IN_GROUP: Final = 2**13  # who looks for one record reads so many
_WIDE_GROUP_ROWS: Final = 2**17  # of tables whose texts repeat: each group's dictionaries cost as much as its rows


def table_path(folder: Path, spec: TableSpec) -> Path:
    """Where a table lies in a dataset's folder."""
    return folder / f"{spec.name}.parquet"


def tables_in(folder: Path) -> list[TableSpec]:
    """The tables that a folder holds, by name."""
    return [spec for name, spec in sorted(TABLES.items()) if table_path(folder, spec).is_file()]


def write_table(folder: Path, spec: TableSpec, frame: pl.DataFrame) -> None:
    """Write a table in key order, with exactly the columns of its schema.

    Raises polars.exceptions.PolarsError where a column is missing or has another type.
    """
    typed = frame.select(*spec.columns).cast(spec.polars, strict=True)
    rows = typed.sort(spec.key, nulls_last=False)
    rows.write_parquet(table_path(folder, spec), compression="zstd", row_group_size=_group_rows(spec))


def link_table(source: Path, target: Path, spec: TableSpec) -> None:
    """Give another dataset folder the same table by a hard link; by a copy across file systems."""
    link_or_copy(table_path(source, spec), table_path(target, spec))


def join_tables(folder: Path, spec: TableSpec, parts: Sequence[Path]) -> None:
    """Write a table from Parquet parts that are in key order already, in bounded memory."""
    sink_table(folder, spec, pl.scan_parquet(list(parts), schema=spec.polars) if parts else spec.empty().lazy())


def sink_table(folder: Path, spec: TableSpec, rows: pl.LazyFrame) -> None:
    """Write a table from rows that are in key order already, in bounded memory."""
    rows.select(*spec.columns).sink_parquet(
        table_path(folder, spec), compression="zstd", row_group_size=_group_rows(spec), maintain_order=True
    )


def _group_rows(spec: TableSpec, usual: int = _ROW_GROUP_ROWS) -> int:
    return _RECORDS_IN_GROUP if spec == RECORDS else usual


def write_slices(folder: Path, spec: TableSpec, slices: Iterable[pl.DataFrame]) -> TableEntry:
    """Write a table that comes in slices, in key order, and hash it on the way, in bounded memory.

    Raises ValueError where rows are out of order or a key repeats.
    """
    hasher = TableHasher(spec)

    def hashed(*_: object) -> Iterator[pl.DataFrame]:
        for frame in slices:
            hasher.update(frame)
            yield frame

    register_io_source(hashed, schema=spec.polars).sink_parquet(
        table_path(folder, spec),
        compression="zstd",
        row_group_size=_group_rows(spec, _WIDE_GROUP_ROWS),
        maintain_order=True,
    )
    return hasher.entry()


def scan_table(folder: Path, spec: TableSpec) -> pl.LazyFrame:
    """A table, read when collected. Raises Damaged where its columns are not those of the schema."""
    frame = pl.scan_parquet(table_path(folder, spec))
    found = frame.collect_schema()
    if dict(found) != spec.columns:
        raise Damaged(f"table {spec.name}: expected columns {list(spec.columns)}, found {list(found)}")
    return frame


def entry_of_file(folder: Path, spec: TableSpec) -> TableEntry:
    """Row count and content hash of a table file, read in slices."""
    return table_entry(spec, _slices(scan_table(folder, spec)))


def _slices(frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """The rows in order, a bounded number at a time."""
    yield from frame.collect_batches(chunk_size=_SLICE_ROWS, maintain_order=True)
