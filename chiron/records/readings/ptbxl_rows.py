"""Rows of PTB-XL's table: which records they are about, what is wrong with them, their statements and who made them."""

from typing import Final

import polars as pl

from chiron.records.readings.cells import ROW
from chiron.records.readings.label_rows import FAULT, RECORD, find_records, mark, mark_repeats
from chiron.records.readings.parsed import RecordNames, RowFault
from chiron.records.readings.stated_values import name
from schemas.codes import AnnotatorKind
from schemas.source import PtbxlTable

__all__ = ["COLUMNS", "annotator_of", "judge_rows", "places_of", "statements_of"]

_FILE_NAMES: Final = ("filename_lr", "filename_hr")
_READ_BY: Final = ("second_opinion", "validated_by", "validated_by_human")
COLUMNS: Final = ("ecg_id", "scp_codes", *_FILE_NAMES, *_READ_BY)

_ENTRY: Final = r"'[^'\\]{1,32}':\s*\d{1,3}(?:\.\d{1,9})?"
_STATEMENTS: Final = rf"^\{{(?:{_ENTRY}(?:,\s*{_ENTRY})*)?\}}$"  # Polars' regular expressions take linear time


def places_of(frame: pl.DataFrame, names: RecordNames) -> pl.DataFrame:
    """`ROW`, `RECORD`, `FAULT`: the records of each row, which may be at both rates, or its own number."""
    found = pl.concat([_found(frame, column, names) for column in _FILE_NAMES])
    known = found.filter(pl.col(RECORD).is_not_null()).unique(maintain_order=True)
    quarantined = found.filter(pl.col(FAULT) == RowFault.RECORD_IN_QUARANTINE.value).unique(maintain_order=True)
    quarantined = quarantined.join(known, on=ROW, how="anti")
    others = frame.join(pl.concat([known, quarantined]), on=ROW, how="anti")
    unheard = others.select(ROW, name("ecg_id").str.zfill(5).alias(RECORD), pl.lit(None, pl.String).alias(FAULT))
    return pl.concat([known, quarantined, unheard])


def _found(frame: pl.DataFrame, column: str, names: RecordNames) -> pl.DataFrame:
    """The record that a file name means: by the whole path, or by its last part where that is unique."""
    whole = find_records(frame[column], names)
    last = find_records(frame[column].str.split("/").list.last(), names)
    is_known = whole[RECORD].is_not_null() | (whole[FAULT] == RowFault.RECORD_IN_QUARANTINE.value)
    best = whole.with_columns(pl.when(is_known).then(pl.col(c)).otherwise(last[c]).alias(c) for c in (RECORD, FAULT))
    return frame.select(ROW).with_columns(best[RECORD], best[FAULT])


def judge_rows(frame: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """`ROW` and `FAULT` of every row."""
    unreadable = (
        ~pl.col("ecg_id").str.contains(r"^\d{1,9}$")
        | ~pl.col("scp_codes").str.contains(_STATEMENTS)
        | ~pl.col("validated_by").str.contains(r"^(\d{1,6}(\.0)?)?$")
        | ~pl.all_horizontal(pl.col("second_opinion", "validated_by_human").is_in(["True", "False"]))
    )
    rows = frame.with_columns(pl.lit(None, pl.String).alias(FAULT))
    rows = mark(rows, RowFault.UNREADABLE_ROW, unreadable)
    refused = places.filter(pl.col(FAULT).is_not_null())[ROW]
    rows = mark(rows, RowFault.RECORD_IN_QUARANTINE, pl.col(ROW).is_in(refused.implode()))
    return mark_repeats(rows, "ecg_id", pl.concat_str("scp_codes", *_READ_BY)).select(ROW, FAULT)


def annotator_of(source: PtbxlTable) -> dict[str, pl.Expr]:
    """Who made a row's statements last, and of what kind that is."""
    second, human = (pl.col(column) == "True" for column in ("second_opinion", "validated_by_human"))
    by = name("validated_by")
    begin = source.annotator_id
    return {
        "annotator_id": pl.when(second)
        .then(pl.lit(f"{begin}-second-opinion"))
        .when(by.is_not_null())
        .then(pl.concat_str(pl.lit(f"{begin}-cardiologist-"), by))
        .when(human)
        .then(pl.lit(f"{begin}-cardiologist"))
        .otherwise(pl.lit(f"{begin}-device")),
        "annotator_kind": pl.when(second)
        .then(pl.lit(AnnotatorKind.GROUP.value))
        .when(by.is_not_null())
        .then(pl.lit(AnnotatorKind.PERSON.value))
        .when(human)
        .then(pl.lit(AnnotatorKind.GROUP.value))
        .otherwise(pl.lit(AnnotatorKind.ALGORITHM.value)),
    }


def statements_of(good: pl.DataFrame) -> pl.DataFrame:
    """`ROW`, `code`, `percent`: every statement of every row."""
    entries = good.select(ROW, entry=pl.col("scp_codes").str.extract_all(_ENTRY)).explode("entry").drop_nulls()
    return entries.select(
        ROW,
        code=pl.col("entry").str.extract("'(.*)'"),
        percent=pl.col("entry").str.extract(r":\s*([\d.]+)$").cast(pl.Float64),
    ).unique([ROW, "code"], keep="last", maintain_order=True)  # the meaning of such a dictionary
