"""Tables in which every row says all of one reading, or of one event: who, when, what. Other datasets write them so."""

import io
from collections import Counter
from typing import Final

import polars as pl

from chiron.records.landing import LandingFile
from chiron.records.readings.cells import ROW, Cells, read_cells, read_table_bytes, refuse_table, require_columns
from chiron.records.readings.label_rows import (
    FAULT,
    READER,
    RECORD,
    codes_of_system,
    find_records,
    known_by_table,
    mark,
    mark_repeats,
    record_faults,
)
from chiron.records.readings.parsed import CLINICAL_COLUMNS, Parsed, RecordNames, RowFault, by_name
from schemas.codes import AnnotatorKind, Code, CodeSystem
from schemas.source import EventsTable, ReadingsTable
from schemas.tables import ANNOTATIONS, EVENTS

__all__ = ["read_events", "read_readings"]

_STATED: Final = " stated"  # the name of a record, as a row has it
_KEY: Final = " key"
_ROUND: Final = r"^[1-9][0-9]{0,3}$"
_SAMPLE: Final = r"^[0-9]{1,12}$"
_READING: Final = by_name(ANNOTATIONS.columns)
_EVENT: Final = by_name(EVENTS.columns)


def read_readings(source: ReadingsTable, file: LandingFile, names: RecordNames) -> Parsed:
    """Every row a reading of one code. A record that has no recording becomes one without samples.

    Raises InputRefused where the table can't be used, or lacks a column.
    """
    content = read_table_bytes(file)
    cells = _cells(content, _READING)
    rows = _judge_readings(source, cells, names)
    parsed = Parsed(stated=_stated(content), lost=_lost(cells, rows))
    record_faults(parsed, file, cells, rows)
    good = rows.filter(pl.col(FAULT).is_null())
    parsed.annotations = good.with_columns(
        present=pl.col("present") == "1", likelihood=pl.col("likelihood").replace("", None)
    ).select(pl.col(name).cast(dtype) for name, dtype in _READING.items())
    known = good.select(pl.col(RECORD).unique(maintain_order=True))
    parsed.records = known.select(RECORD, **{c: pl.lit(None, t) for c, t in CLINICAL_COLUMNS.items()})
    return parsed


def read_events(source: EventsTable, file: LandingFile, names: RecordNames) -> Parsed:
    """Every row an event. Raises InputRefused where the table can't be used, or lacks a column."""
    cells = _cells(read_table_bytes(file), _EVENT)
    rows = _judge_events(source, cells, names)
    parsed = Parsed()
    record_faults(parsed, file, cells, rows)
    good = rows.filter(pl.col(FAULT).is_null()).with_columns(lead=pl.col("lead").replace("", None))
    parsed.events = good.select(pl.col(name).cast(dtype) for name, dtype in _EVENT.items())
    return parsed


def _cells(content: bytes, columns: pl.Schema) -> Cells:
    cells = read_cells(content)
    require_columns(cells, columns)
    return cells


def _judge_readings(source: ReadingsTable, cells: Cells, names: RecordNames) -> pl.DataFrame:
    """All rows with `RECORD` and `FAULT`."""
    found = known_by_table(find_records(cells.frame[RECORD], names), cells.frame[RECORD])
    rows = cells.frame.rename({RECORD: _STATED}).hstack(found)
    likelihood = pl.col("likelihood").cast(pl.Float64, strict=False)
    readable = (
        _is_named()
        & pl.col("annotator_kind").is_in([kind.value for kind in AnnotatorKind])
        & pl.col("code_system").is_in([system.value for system in CodeSystem])
        & pl.col("present").is_in(["0", "1"])
        & ((pl.col("likelihood") == "") | likelihood.is_between(0, 1).fill_null(False))
    )
    rows = mark(rows, RowFault.UNREADABLE_ROW, ~readable)
    rows = mark(rows, RowFault.UNKNOWN_CODE, ~_is_known(source, rows))
    key = [_STATED, *READER, "code_system", "code"]
    keyed = rows.with_columns(pl.concat_str(key, separator="\0").alias(_KEY))
    return mark_repeats(keyed, _KEY, pl.concat_str("present", "likelihood", separator=","))


def _judge_events(source: EventsTable, cells: Cells, names: RecordNames) -> pl.DataFrame:
    """All rows with `RECORD` and `FAULT`. One that is there twice is one."""
    found = find_records(cells.frame[RECORD], names)
    rows = cells.frame.rename({RECORD: _STATED}).hstack(found)
    samples = pl.col("start_sample", "end_sample")
    start, end = (pl.col(name).cast(pl.Int64, strict=False) for name in ("start_sample", "end_sample"))
    readable = (
        _is_named()
        & pl.all_horizontal(samples.str.contains(_SAMPLE))
        & (start <= end).fill_null(False)
        & pl.col("lead").is_in(["", *source.leads])
    )
    rows = mark(rows, RowFault.UNREADABLE_ROW, ~readable)
    rows = mark(rows, RowFault.UNKNOWN_CODE, ~pl.col("code").is_in(source.codes))
    return mark(rows, RowFault.STATED_TWICE, ~pl.struct(_STATED, *_EVENT.names()[1:]).is_first_distinct())


def _is_named() -> pl.Expr:
    """Whether a row says of which record it is, by whom and when."""
    return (pl.col(_STATED) != "") & (pl.col("annotator_id") != "") & pl.col("round").str.contains(_ROUND)


def _is_known(source: ReadingsTable, rows: pl.DataFrame) -> pl.Expr:
    """Whether a row's system has its code."""
    known = pl.lit(value=False)
    for system in CodeSystem:
        texts = rows.filter(pl.col("code_system") == system.value)["code"].unique()
        codes = sorted(codes_of_system(system, texts, source.codes))
        known |= (pl.col("code_system") == system.value) & pl.col("code").is_in(codes)
    return known


def _stated(content: bytes) -> Counter[Code]:
    """How often each code was found, counted by another CSV parser. Raises InputRefused where that one can't read."""
    try:
        raw = pl.read_csv(io.BytesIO(content), infer_schema=False, truncate_ragged_lines=True).rename(str.strip)
        return _count(raw.select(pl.col("code_system", "code", "present").str.strip_chars()))
    except pl.exceptions.PolarsError as error:
        raise refuse_table("a table that two parsers can read", type(error).__name__) from None


def _lost(cells: Cells, rows: pl.DataFrame) -> Counter[tuple[RowFault, Code]]:
    """What was found in rows at fault, as far as their cells are there."""
    lost: Counter[tuple[RowFault, Code]] = Counter()
    for (fault,), group in rows.filter(pl.col(FAULT).is_not_null()).group_by(FAULT):
        lost.update({(RowFault(str(fault)), code): n for code, n in _count(group).items()})
    headings = [name for name in cells.frame.columns if name != ROW]
    misfits = [dict(zip(headings, map(str.strip, row), strict=False)) for _, row in cells.misfits]
    schema = {"code_system": pl.String, "code": pl.String, "present": pl.String}
    lost.update({(RowFault.UNREADABLE_ROW, code): n for code, n in _count(pl.DataFrame(misfits, schema)).items()})
    return lost


def _count(rows: pl.DataFrame) -> Counter[Code]:
    found = rows.filter(
        pl.col("present") == "1", pl.col("code_system").is_in([system.value for system in CodeSystem])
    ).drop_nulls("code")
    counts = found.group_by("code_system", "code").len().iter_rows()
    return Counter({Code(CodeSystem(system), code): n for system, code, n in counts})
