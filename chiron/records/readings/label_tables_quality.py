"""Tables of signal quality: is a recording acceptable, and which of its leads are of poor quality."""

import re
from collections import Counter
from typing import Final

import polars as pl

from chiron.records.landing import LandingFile
from chiron.records.readings.cells import ROW, Cells, read_cells, read_table_bytes, require_columns
from chiron.records.readings.label_rows import (
    FAULT,
    RECORD,
    find_records,
    mark,
    mark_repeats,
    reader_of,
    readings,
    record_faults,
)
from chiron.records.readings.parsed import Parsed, RecordNames, RowFault, by_name
from schemas.codes import Code
from schemas.source import LeadQualityTable
from schemas.tables import EVENTS

__all__ = ["read_lead_quality"]

_STATED: Final = " stated"
_POOR: Final = "unacceptable"
_RAW_POOR: Final = re.compile(rb",[ \t]*+\"?unacceptable\"?[ \t]*+(?=[,\r\n]|\Z)[^\r\n]*+")


def read_lead_quality(source: LeadQualityTable, file: LandingFile, names: RecordNames, number: int) -> Parsed:
    """Read the table as round `number`. Raises InputRefused."""
    content = read_table_bytes(file)
    cells = read_cells(content)
    require_columns(cells, ["record", "group", *source.leads])
    rows = _judge(source, cells, names)
    code = Code(source.code_system, source.vocabulary[0])
    parsed = Parsed(stated=+Counter({code: len(_RAW_POOR.findall(content))}), lost=_lost(code, cells, rows))
    record_faults(parsed, file, cells, rows)
    good = rows.filter(pl.col(FAULT).is_null()).with_columns(**reader_of(source, number), code=pl.lit(code.code))
    found = good.filter(pl.col("group") == _POOR).with_columns(likelihood=pl.lit(None, pl.Float64))
    parsed.annotations = readings(found, good, source)
    parsed.events = _events(source, good)
    return parsed


def _judge(source: LeadQualityTable, cells: Cells, names: RecordNames) -> pl.DataFrame:
    """All rows with `RECORD` and `FAULT`. A group of another name, such as an undecided one, is no reading."""
    rows = cells.frame.rename({"record": _STATED}).hstack(find_records(cells.frame["record"], names))
    elsewhere, rows = rows[FAULT], rows.with_columns(pl.lit(None, pl.String).alias(FAULT))
    unreadable = ~pl.all_horizontal(pl.col(source.leads).is_in(["0", "1"]))
    rows = mark(rows, RowFault.UNREADABLE_ROW, unreadable)
    rows = mark(rows, RowFault.UNKNOWN_CODE, ~pl.col("group").is_in(["acceptable", _POOR]))
    rows = rows.with_columns(pl.coalesce(pl.col(FAULT), elsewhere).alias(FAULT))
    return mark_repeats(rows, RECORD, pl.concat_str("group", *source.leads, separator=","))


def _events(source: LeadQualityTable, good: pl.DataFrame) -> pl.DataFrame:
    """One per lead of poor quality, over the whole recording."""
    index = [RECORD, "annotator_id", "round", "code"]
    long = good.unpivot(on=source.leads, index=index, variable_name="lead", value_name="cell")
    columns = by_name(EVENTS.columns)
    poor = long.filter(pl.col("cell") == "1").with_columns(start_sample=0, end_sample=source.n_samples)
    return poor.select(list(columns)).cast(columns)


def _lost(code: Code, cells: Cells, rows: pl.DataFrame) -> Counter[tuple[RowFault, Code]]:
    says_so = pl.any_horizontal(pl.col(name for name in cells.frame.columns if name not in (ROW, "record")) == _POOR)
    refused = rows.filter(pl.col(FAULT).is_not_null() & says_so)[FAULT]
    lost = Counter({(RowFault(fault), code): n for fault, n in Counter(refused).items()})
    n_misfits = sum(_POOR in (cell.strip() for cell in row[1:]) for _, row in cells.misfits)
    return lost + Counter({(RowFault.UNREADABLE_ROW, code): n_misfits})
