"""Tables `record,code`: one row per reading, or several where a reading may have several codes."""

import re
from collections import Counter
from typing import Final

import polars as pl

from chiron.records.landing import LandingFile
from chiron.records.readings.cells import ROW, Cells, read_cells, read_table_bytes
from chiron.records.readings.label_rows import (
    FAULT,
    READER,
    RECORD,
    codes_of_system,
    find_records,
    mark,
    reader_of,
    readings,
    record_faults,
)
from chiron.records.readings.parsed import Parsed, RecordNames, RowFault
from schemas.codes import Code
from schemas.source import RecordCodeTable

__all__ = ["read_record_codes"]

_HEADINGS: Final = ("name", "code")
_LAST_CELL: Final = re.compile(rb",([^,\r\n]*+)(?=[\r\n]|\Z)")


def read_record_codes(source: RecordCodeTable, file: LandingFile, names: RecordNames, number: int) -> Parsed:
    """Read the file as round `number`. Raises InputRefused."""
    content = read_table_bytes(file)
    cells = _without_heading(read_cells(content, _HEADINGS))
    rows = _judge(source, cells, names)
    parsed = Parsed(stated=_stated(source, content))
    record_faults(parsed, file, cells, rows)
    _count_lost(parsed, source, rows, cells)
    good = rows.filter(pl.col(FAULT).is_null()).with_columns(**reader_of(source, number))
    beyond = good.filter(~pl.col("code").is_in(source.vocabulary)) if source.vocabulary else good.clear()
    parsed.unknown_codes = _counted(source, beyond["code"])
    found = good.select(RECORD, *READER, "code", likelihood=pl.lit(None, pl.Float64))
    parsed.annotations = readings(found, found.select(RECORD, *READER).unique(maintain_order=True), source)
    return parsed


def _without_heading(cells: Cells) -> Cells:
    """Without a first row that reads `record,code`."""
    is_heading = (pl.col(ROW) == 0) & (pl.col("name").str.to_lowercase() == "record") & (pl.col("code") == "code")
    return Cells(cells.frame.filter(~is_heading), cells.misfits)


def _judge(source: RecordCodeTable, cells: Cells, names: RecordNames) -> pl.DataFrame:
    """`ROW`, `RECORD`, `code` and `FAULT` of every row of two cells."""
    known = codes_of_system(source.code_system, cells.frame["code"].unique(), source.vocabulary)
    looked_up = find_records(cells.frame["name"], names)
    rows = cells.frame.with_columns(pl.lit(None, pl.String).alias(FAULT))
    rows = mark(rows, RowFault.UNREADABLE_ROW, pl.col("name") == "")
    rows = mark(rows, RowFault.UNKNOWN_CODE, ~pl.col("code").is_in(list(known)))
    rows = rows.with_columns(looked_up[RECORD], pl.coalesce(FAULT, looked_up[FAULT]).alias(FAULT))
    sound = pl.col(FAULT).is_null()
    if source.one_code_per_reading:
        rows = mark(rows, RowFault.SEVERAL_CODES, pl.col("code").filter(sound).n_unique().over(RECORD) > 1)
    return mark(rows, RowFault.STATED_TWICE, pl.col(ROW) != pl.col(ROW).filter(sound).min().over(RECORD, "code"))


def _stated(source: RecordCodeTable, content: bytes) -> Counter[Code]:
    """The codes that end a line of the raw text: counted without a CSV parser."""
    texts: Counter[str] = Counter()
    for raw, n in Counter(_LAST_CELL.findall(content)).items():
        texts[raw.decode("utf-8", "replace").strip().strip('"').strip()] += n
    known = codes_of_system(source.code_system, texts, source.vocabulary)
    return Counter({Code(source.code_system, text): n for text, n in texts.items() if text in known})


def _count_lost(parsed: Parsed, source: RecordCodeTable, rows: pl.DataFrame, cells: Cells) -> None:
    lost = rows.filter(pl.col(FAULT).is_not_null()).group_by(FAULT, "code").len()
    for fault, code, n in lost.iter_rows():
        _add_lost(parsed, RowFault(fault), Code(source.code_system, code), n)
    for _, row in cells.misfits:
        _add_lost(parsed, RowFault.UNREADABLE_ROW, Code(source.code_system, row[-1].strip()), len(row) > 1)


def _add_lost(parsed: Parsed, fault: RowFault, code: Code, n: int) -> None:
    """Count what the raw text states and the annotations lack; other texts were never counted as stated."""
    if code in parsed.stated:
        parsed.lost[fault, code] += n


def _counted(source: RecordCodeTable, codes: pl.Series) -> Counter[Code]:
    return Counter({Code(source.code_system, code): n for code, n in codes.value_counts().iter_rows()})
