"""Tables that hold no readings: circumstances of records, and ranks. Their records need no recording."""

from typing import Final

import polars as pl

from chiron.records.landing import LandingFile
from chiron.records.readings.cells import ROW, Cells, read_cells, read_table_bytes, refuse_table, require_columns
from chiron.records.readings.circumstances import add_circumstances, headings_of
from chiron.records.readings.label_rows import (
    FAULT,
    RECORD,
    find_or_number,
    find_records,
    known_by_table,
    mark,
    mark_repeats,
    record_faults,
)
from chiron.records.readings.parsed import CLINICAL_COLUMNS, Parsed, RecordNames, RowFault
from schemas.source import RankTable, RecordTable, SourceProfile

__all__ = ["read_ranks", "read_records"]

_RANK: Final = r"^[1-9]\d{0,8}$"


def read_records(source: RecordTable, file: LandingFile, profile: SourceProfile, names: RecordNames) -> Parsed:
    """Circumstances, and the facts of the profile that the table has. Raises InputRefused."""
    cells = read_cells(read_table_bytes(file))
    require_columns(cells, [*headings_of(source).values(), *([source.record_column] if source.record_column else [])])
    rows = _judge(source, cells, names)
    parsed = Parsed()
    record_faults(parsed, file, cells, rows)
    at = rows.filter(pl.col(FAULT).is_null()).select(ROW, RECORD)
    good = cells.frame.join(at, on=ROW, how="semi")
    add_circumstances(parsed, profile, source, good, at)
    return parsed


def _judge(source: RecordTable, cells: Cells, names: RecordNames) -> pl.DataFrame:
    """`ROW`, `RECORD` and `FAULT` of every row."""
    rows = find_or_number(cells.frame, source.record_column, names)
    if source.record_column is not None:
        rows = known_by_table(rows, cells.frame[source.record_column])
    rows = mark(rows, RowFault.UNREADABLE_ROW, pl.col(RECORD) == "")
    whole = cells.frame.select(pl.concat_str(pl.exclude(ROW), separator=",").alias("whole"))
    return mark_repeats(rows.hstack(whole), RECORD, pl.col("whole"))


def read_ranks(source: RankTable, file: LandingFile, names: RecordNames) -> Parsed:
    """Ranks as facts. Raises InputRefused."""
    cells = _words(read_table_bytes(file))
    found = known_by_table(find_records(cells.frame["name"], names), cells.frame["name"])
    rows = cells.frame.hstack(found.select(RECORD)).with_columns(pl.lit(None, pl.String).alias(FAULT))
    rows = mark(rows, RowFault.UNREADABLE_ROW, ~pl.col("rank").str.contains(_RANK))
    rows = mark_repeats(
        rows.with_columns(pl.coalesce(pl.col(FAULT), found[FAULT]).alias(FAULT)), RECORD, pl.col("rank")
    )
    parsed = Parsed()
    record_faults(parsed, file, cells, rows)
    good = rows.filter(pl.col(FAULT).is_null())
    parsed.facts = good.select(
        RECORD, fact=pl.lit(source.fact), number=pl.col("rank").cast(pl.Float64), text=pl.lit(None, pl.String)
    )
    parsed.records = good.select(RECORD, **{c: pl.lit(None, t) for c, t in CLINICAL_COLUMNS.items()})
    return parsed


def _words(content: bytes) -> Cells:
    """Lines of two words as cells; those with a number sign first say nothing. Raises InputRefused."""
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise refuse_table("UTF-8 text", f"{len(content)} other bytes") from None
    rows = [line.split() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    fitting = [(number, *row) for number, row in enumerate(rows) if len(row) == 2]
    schema = pl.Schema({ROW: pl.UInt32(), "name": pl.String(), "rank": pl.String()})
    misfits = [(number, row) for number, row in enumerate(rows) if len(row) != 2]
    return Cells(pl.DataFrame(fitting, schema=schema, orient="row"), misfits)
