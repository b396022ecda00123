"""Tables that hold no readings: circumstances of records, and ranks. Their records need no recording."""

from typing import Final

import polars as pl

from chiron.records.cells import ROW, Cells, read_cells, read_table_bytes, refuse_table, require_columns
from chiron.records.circumstances import circumstances
from chiron.records.label_rows import (
    FAULT,
    RECORD,
    find_or_number,
    find_records,
    known_by_table,
    mark,
    mark_repeats,
    record_faults,
)
from chiron.records.landing import LandingFile
from chiron.records.parsed import CLINICAL_COLUMNS, Parsed, RecordNames, RowFault, by_name
from chiron.records.stated_values import stated_facts
from schemas.codes import Sex
from schemas.source import RankTable, RecordTable, SourceProfile
from schemas.tables import FACTS

__all__ = ["read_ranks", "read_records"]

_RANK: Final = r"^[1-9]\d{0,8}$"


def read_records(source: RecordTable, file: LandingFile, profile: SourceProfile, names: RecordNames) -> Parsed:
    """Circumstances, and the facts of the profile that the table has. Raises InputRefused."""
    columns = {c: heading for c in CLINICAL_COLUMNS if (heading := getattr(source, c)) is not None}
    cells = read_cells(read_table_bytes(file))
    require_columns(cells, [*columns.values(), *([source.record_column] if source.record_column else [])])
    found = find_or_number(cells.frame, source.record_column, names)
    if source.record_column is not None:
        found = known_by_table(found, cells.frame[source.record_column])
    whole = cells.frame.select(pl.concat_str(pl.exclude(ROW), separator=",").alias("whole"))
    rows = mark_repeats(found.hstack(whole), RECORD, pl.col("whole"))
    parsed = Parsed()
    record_faults(parsed, file, cells, rows)
    at = rows.filter(pl.col(FAULT).is_null()).select(ROW, RECORD)
    sexes = {source.male: Sex.MALE, source.female: Sex.FEMALE}
    good = cells.frame.join(at, on=ROW, how="semi")
    clinical, unreadable = circumstances(good, columns, sexes=sexes, dates_are_real=profile.dates_are_real)
    facts, unreadable_facts = stated_facts(good, [f for f in profile.facts if f.column in cells.frame.columns])
    parsed.records = clinical.join(at, on=ROW).select(list(parsed.records.columns))
    parsed.facts = facts.join(at, on=ROW).select(list(by_name(FACTS.columns)))
    parsed.unreadable_values = unreadable + unreadable_facts
    return parsed


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
