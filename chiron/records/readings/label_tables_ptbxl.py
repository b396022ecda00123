"""The table of PTB-XL: one row per ECG, its statements with likelihoods, who made them, and the circumstances.

A likelihood of 0 says that none was stated, never that the statement is absent. Who made a row's statements is told by
the rules in `schemas/sources/ptbxl.yaml`. Source: Wagner et al. 2020, doi 10.1038/s41597-020-0495-6.
"""

from collections import Counter
from typing import Final

import polars as pl

from chiron.records.landing import LandingFile
from chiron.records.readings.cells import ROW, Cells, read_cells, read_table_bytes, require_columns
from chiron.records.readings.circumstances import add_circumstances, headings_of
from chiron.records.readings.label_rows import FAULT, RECORD, readings, record_faults, refuse_rows
from chiron.records.readings.parsed import Parsed, RecordNames, RowFault
from chiron.records.readings.ptbxl_counts import lost_statements, records_per_row, stated_statements
from chiron.records.readings.ptbxl_rows import COLUMNS, annotator_of, judge_rows, places_of, statements_of
from schemas.codes import Code, is_code
from schemas.source import PtbxlTable, RecordTable, SourceProfile

__all__ = ["read_ptbxl"]

_CIRCUMSTANCES: Final = RecordTable(
    pattern="",
    patient="patient_id",
    age_years="age",
    sex="sex",
    male="0",
    female="1",
    site="site",
    device="device",
    recorded_year="recording_date",
    height_cm="height",
    weight_kg="weight",
)


def read_ptbxl(
    source: PtbxlTable, file: LandingFile, profile: SourceProfile, names: RecordNames, number: int
) -> Parsed:
    """Read the table as round `number`. An ECG whose files aren't there is a record that has its number as a name.

    Raises InputRefused where the table can't be used, or lacks a column.
    """
    content = read_table_bytes(file)
    cells = read_cells(content)
    require_columns(cells, [*COLUMNS, *headings_of(_CIRCUMSTANCES).values(), *(fact.column for fact in profile.facts)])
    places = places_of(cells.frame, names)
    rows = judge_rows(cells.frame, places)
    parsed = Parsed()
    record_faults(parsed, file, cells, rows)
    good = cells.frame.join(rows.filter(pl.col(FAULT).is_null()), on=ROW, how="semi")
    statements = _known(parsed, source, file, cells, statements_of(good))
    read = good.select(ROW, **annotator_of(source), round=pl.lit(number, pl.Int32)).join(places, on=ROW)
    found = statements.join(read, on=ROW)
    parsed.annotations = readings(found, read, source)
    at = places.filter(pl.col(FAULT).is_null()).select(ROW, RECORD)
    add_circumstances(parsed, profile, _CIRCUMSTANCES, good, at)
    n_records = records_per_row(cells, places)
    parsed.stated = stated_statements(source.code_system, content, cells, n_records)
    parsed.lost = lost_statements(source.code_system, cells, rows, n_records)
    return parsed


def _known(
    parsed: Parsed, source: PtbxlTable, file: LandingFile, cells: Cells, statements: pl.DataFrame
) -> pl.DataFrame:
    """The statements that are codes, with `likelihood`. A row with others is refused too, for those."""
    is_known = pl.col("code").is_in([c for c in statements["code"].unique() if is_code(Code(source.code_system, c))])
    strange = statements.filter(~is_known)[ROW].unique()
    if len(strange):
        text = cells.frame.filter(pl.col(ROW).is_in(strange.implode())).drop(ROW).rows()
        refuse_rows(parsed, file, RowFault.UNKNOWN_CODE, text, cells.n_rows)
    is_percent = pl.col("percent") <= 100
    parsed.unreadable_values += Counter({"likelihood": statements.filter(is_known & ~is_percent).height})
    likelihood = pl.when(is_percent & (pl.col("percent") > 0)).then(pl.col("percent") / 100)
    return statements.filter(is_known).with_columns(likelihood=likelihood)
