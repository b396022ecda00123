"""One table per annotator: a column per code, 1 where it was found and 0 where it was looked for and not found."""

import io
from collections import Counter
from collections.abc import Sequence
from typing import Final

import polars as pl

from chiron.records.landing import LandingFile
from chiron.records.readings.cells import ROW, Cells, read_cells, read_table_bytes, refuse_table, require_columns
from chiron.records.readings.label_rows import (
    FAULT,
    RECORD,
    find_or_number,
    mark,
    mark_repeats,
    reader_of,
    record_faults,
)
from chiron.records.readings.parsed import CLINICAL_COLUMNS, Parsed, RecordNames, RowFault, by_name
from schemas.codes import Code, CodeSystem
from schemas.source import AnnotatorTable
from schemas.tables import ANNOTATIONS

__all__ = ["read_annotator_table"]

_FOUND: Final = ("1", "1.0", "true")
_NOT_FOUND: Final = ("0", "0.0", "false")
_NOT_READ: Final = ""


def read_annotator_table(source: AnnotatorTable, file: LandingFile, names: RecordNames, number: int) -> Parsed:
    """Read the table as round `number`. Raises InputRefused, with the column's name where one is missing."""
    content = read_table_bytes(file)
    cells = read_cells(content)
    require_columns(cells, [*source.vocabulary, *([source.record_column] if source.record_column else [])])
    rows = _judge(source, cells, names)
    parsed = Parsed(stated=_stated(source, content), lost=_lost(source, cells, rows))
    record_faults(parsed, file, cells, rows)
    good = rows.filter(pl.col(FAULT).is_null())
    parsed.annotations = _annotations(source, good, number)
    if source.record_column is None:
        parsed.records = good.select(RECORD, **{c: pl.lit(None, t) for c, t in CLINICAL_COLUMNS.items()})
    return parsed


def _judge(source: AnnotatorTable, cells: Cells, names: RecordNames) -> pl.DataFrame:
    """All rows with `RECORD` and `FAULT`."""
    codes = pl.col(source.vocabulary).str.to_lowercase()
    rows = cells.frame.with_columns(codes).with_columns(pl.lit(None, pl.String).alias(FAULT))
    unreadable = ~pl.all_horizontal(pl.col(source.vocabulary).is_in([*_FOUND, *_NOT_FOUND, _NOT_READ]))
    rows = mark(rows, RowFault.UNREADABLE_ROW, unreadable)
    found = find_or_number(cells.frame, source.record_column, names)
    rows = rows.with_columns(found[RECORD], pl.coalesce(FAULT, found[FAULT]).alias(FAULT))
    return mark_repeats(rows, RECORD, pl.concat_str(source.vocabulary, separator=","))


def _annotations(source: AnnotatorTable, good: pl.DataFrame, number: int) -> pl.DataFrame:
    """One row per code that was read."""
    long = good.unpivot(on=source.vocabulary, index=RECORD, variable_name="code", value_name="cell")
    columns = by_name(ANNOTATIONS.columns)
    return (
        long.filter(pl.col("cell") != _NOT_READ)
        .with_columns(
            **reader_of(source, number),
            code_system=pl.lit(source.code_system.value),
            present=pl.col("cell").is_in(_FOUND),
            likelihood=pl.lit(None, pl.Float64),
        )
        .select(list(columns))
        .cast(columns)
    )


def _stated(source: AnnotatorTable, content: bytes) -> Counter[Code]:
    """How often each code was found, counted by another CSV parser. Raises InputRefused where that one can't read."""
    try:
        raw = pl.read_csv(io.BytesIO(content), infer_schema=False, truncate_ragged_lines=True).rename(str.strip)
    except pl.exceptions.PolarsError as error:
        raise refuse_table("a table that two parsers can read", type(error).__name__) from None
    return _count(source.code_system, raw, source.vocabulary)


def _lost(source: AnnotatorTable, cells: Cells, rows: pl.DataFrame) -> Counter[tuple[RowFault, Code]]:
    """What was found in rows at fault, as far as their columns are there."""
    lost: Counter[tuple[RowFault, Code]] = Counter()
    for (fault,), group in rows.filter(pl.col(FAULT).is_not_null()).group_by(FAULT):
        counts = _count(source.code_system, group, source.vocabulary)
        lost.update({(RowFault(str(fault)), code): n for code, n in counts.items()})
    headings = [name for name in cells.frame.columns if name != ROW]
    for _, row in cells.misfits:
        given = {heading for heading, cell in zip(headings, row, strict=False) if cell.strip().lower() in _FOUND}
        codes = given.intersection(source.vocabulary)
        lost.update((RowFault.UNREADABLE_ROW, Code(source.code_system, code)) for code in codes)
    return lost


def _count(system: CodeSystem, frame: pl.DataFrame, codes: Sequence[str]) -> Counter[Code]:
    found = frame.select(pl.col(codes).str.strip_chars().str.to_lowercase().is_in(_FOUND).sum())
    return +Counter({Code(system, code): int(n) for code, n in zip(codes, found.row(0), strict=True)})
