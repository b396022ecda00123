"""What every reader of a label table does with its rows: find their records, count and refuse what is at fault,
and say of every code that was looked for whether it is there.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from chiron.records.landing import LandingFile
from chiron.records.readings.cells import ROW, Cells, as_csv
from chiron.records.readings.parsed import Parsed, RecordNames, RowFault, by_name
from chiron.records.refusal import Refusal
from schemas.codes import Code, CodeSystem, QuarantineReason, is_code
from schemas.source import LabelSource
from schemas.tables import ANNOTATIONS

__all__ = [
    "FAULT",
    "READER",
    "RECORD",
    "codes_of_system",
    "find_or_number",
    "find_records",
    "known_by_table",
    "mark",
    "mark_repeats",
    "reader_of",
    "readings",
    "record_faults",
    "refuse_rows",
]

RECORD: Final = "record"
FAULT: Final = " fault"
_SAID: Final = " said"
READER: Final = ("annotator_id", "annotator_kind", "round")

_QUARANTINED_AS: Final = {
    RowFault.UNREADABLE_ROW: QuarantineReason.UNREADABLE_LABELS,
    RowFault.UNKNOWN_CODE: QuarantineReason.UNREADABLE_LABELS,
    RowFault.SEVERAL_CODES: QuarantineReason.UNREADABLE_LABELS,
    RowFault.RECORD_NOT_IN_SOURCE: QuarantineReason.LABEL_WITHOUT_RECORD,
}


def find_records(stated: pl.Series, names: RecordNames) -> pl.DataFrame:
    """The names of a table -> `RECORD`, or null and `FAULT`: (n_rows, 2)."""
    unique = stated.unique().drop_nulls().to_list()
    found = [names.find(name) for name in unique]
    known = pl.DataFrame(
        {
            "stated": unique,
            RECORD: [None if isinstance(f, RowFault) else f for f in found],
            FAULT: [f.value if isinstance(f, RowFault) else None for f in found],
        },
        schema={"stated": pl.String, RECORD: pl.String, FAULT: pl.String},
    )
    return pl.DataFrame({"stated": stated}).join(known, on="stated", how="left", maintain_order="left").drop("stated")


def find_or_number(cells: pl.DataFrame, column: str | None, names: RecordNames) -> pl.DataFrame:
    """`ROW`, `RECORD` and `FAULT` of every row, by the name in a column, or by its position from 00000.

    A position that names no recording is a record that only such tables know.
    """
    if column is not None:
        return cells.select(ROW).hstack(find_records(cells[column], names))
    positions = cells[ROW].cast(pl.String).str.zfill(5)
    return known_by_table(cells.select(ROW).hstack(find_records(positions, names)), positions)


def known_by_table(rows: pl.DataFrame, named: pl.Series) -> pl.DataFrame:
    """`rows` where those whose record isn't in the source are of a record that only the table knows."""
    is_new = pl.col(FAULT) == RowFault.RECORD_NOT_IN_SOURCE.value
    return rows.with_columns(
        pl.when(is_new).then(named).otherwise(pl.col(RECORD)).alias(RECORD),
        pl.when(is_new).then(None).otherwise(pl.col(FAULT)).alias(FAULT),
    )


def mark(rows: pl.DataFrame, fault: RowFault, where: pl.Expr) -> pl.DataFrame:
    """Give the rows `where` something holds a fault, if they have none yet."""
    marked = pl.when(pl.col(FAULT).is_null() & where).then(pl.lit(fault.value)).otherwise(pl.col(FAULT))
    return rows.with_columns(marked.alias(FAULT))


def mark_repeats(rows: pl.DataFrame, key: str, said: pl.Expr) -> pl.DataFrame:
    """Mark the sound rows of one `key` that say the same as the first one, or all of them where they say several."""
    rows = rows.with_columns(said.alias(_SAID))
    sound = pl.col(FAULT).is_null()
    rows = mark(rows, RowFault.SEVERAL_CODES, pl.col(_SAID).filter(sound).n_unique().over(key) > 1)
    return mark(rows, RowFault.STATED_TWICE, pl.col(ROW) != pl.col(ROW).filter(sound).min().over(key)).drop(_SAID)


def record_faults(parsed: Parsed, file: LandingFile, cells: Cells, faults: pl.DataFrame) -> None:
    """Count rows at fault, and refuse them with their text. `faults`: `ROW` and `FAULT`, null where there is none."""
    columns = [name for name in cells.frame.columns if name != ROW]
    at_fault = faults.filter(pl.col(FAULT).is_not_null())
    for (name,), group in at_fault.group_by(FAULT, maintain_order=True):
        text = cells.frame.join(group.select(ROW), on=ROW, how="semi").sort(ROW).select(columns).rows()
        refuse_rows(parsed, file, RowFault(str(name)), text, cells.n_rows)
    if cells.misfits:
        refuse_rows(parsed, file, RowFault.UNREADABLE_ROW, [row for _, row in cells.misfits], cells.n_rows)


def refuse_rows(
    parsed: Parsed, file: LandingFile, fault: RowFault, rows: Sequence[Sequence[str | None]], n_rows: int
) -> None:
    """Count rows of a file at fault, and keep their text in quarantine unless they only repeat what is known."""
    parsed.faults[fault] += len(rows)
    if fault in _QUARANTINED_AS:
        parsed.refusals.append(
            Refusal(
                name=file.name,
                reason=_QUARANTINED_AS[fault],
                message=f"label file: expected {n_rows} usable rows, found {len(rows)} with fault {fault}",
                text=as_csv(rows),
            )
        )


def codes_of_system(system: CodeSystem, texts: Iterable[str], vocabulary: Iterable[str]) -> set[str]:
    """Those of some texts that are codes: of the vocabulary, or well-formed ones of the system."""
    own = set(vocabulary)
    return {text for text in texts if text in own or is_code(Code(system, text))}


def reader_of(source: LabelSource, number: int) -> dict[str, pl.Expr]:
    """The columns that say who read, and when."""
    return {
        "annotator_id": pl.lit(source.annotator_id),
        "annotator_kind": pl.lit(source.annotator_kind.value),
        "round": pl.lit(number, pl.Int32),
    }


def readings(found: pl.DataFrame, read: pl.DataFrame, source: LabelSource) -> pl.DataFrame:
    """Annotations by the record's own name.

    found: `RECORD`, `READER`, `code`, `likelihood`: what is present. read: `RECORD`, `READER`, one row per reading;
    every code of the vocabulary that was not found in one is absent.
    """
    key = [RECORD, *READER]
    looked_for = read.join(pl.DataFrame({"code": source.vocabulary}, schema={"code": pl.String}), how="cross")
    absent = looked_for.join(found, on=[*key, "code"], how="anti")
    rows = pl.concat(
        [
            found.select(*key, "code", "likelihood", present=pl.lit(value=True)),
            absent.select(*key, "code", pl.lit(None, pl.Float64).alias("likelihood"), present=pl.lit(value=False)),
        ]
    )
    columns = by_name(ANNOTATIONS.columns)
    return rows.with_columns(code_system=pl.lit(source.code_system.value)).select(list(columns)).cast(columns)
