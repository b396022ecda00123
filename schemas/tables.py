"""The tables of a dataset: columns, types, row keys.

A table's content hash covers every column but its `layout` columns (where bytes happen to lie), in key order.
Absence of a finding is a row with `present` false; a code that a reader never looked for has no row.
"""

from typing import Final, NamedTuple

import polars as pl

__all__ = [
    "ANNOTATIONS",
    "EVENTS",
    "FACTS",
    "LABELS",
    "PARAMETERS",
    "PREDICTIONS",
    "QUARANTINE",
    "RECORDS",
    "SPLITS",
    "TABLES",
    "TableSpec",
]


class TableSpec(NamedTuple):
    """One table: its Polars schema, the columns that identify and order a row, and the columns that are layout only."""

    name: str
    columns: dict[str, pl.DataType]
    key: tuple[str, ...]
    layout: tuple[str, ...] = ()

    @property
    def polars(self) -> pl.Schema:
        """The schema in Polars' own type."""
        return pl.Schema(self.columns)

    def empty(self) -> pl.DataFrame:
        """The table without rows."""
        return pl.DataFrame(schema=self.polars)


_STR: Final = pl.String()
_BOOL: Final = pl.Boolean()
_I32: Final = pl.Int32()
_I64: Final = pl.Int64()
_F64: Final = pl.Float64()

RECORDS: Final = TableSpec(
    "records",
    {
        "record_id": _STR,
        "patient_id": _STR,
        "patient_known": _BOOL,
        "split_bucket": _I32,  # where the patient's name is hidden; none: the id, or the samples, decide
        "source": _STR,
        "source_sha256": _STR,
        "signal_sha256": _STR,  # of the record's samples, little-endian, lead after lead
        "fs_hz": _F64,
        "leads": pl.List(pl.String()),
        "n_samples": _I64,  # per lead; 0 where there is only metadata
        "sample_offset": _I64,  # of the record's first sample in the signal array
        "gain_per_unit": pl.List(pl.Float64()),  # physical = (digital - baseline) / gain
        "baseline": pl.List(pl.Int64()),
        "unit": pl.List(pl.String()),
        "age_years": _F64,
        "sex": _STR,
        "site": _STR,
        "device": _STR,
        "recorded_year": _I32,
        "height_cm": _F64,
        "weight_kg": _F64,
    },
    key=("record_id",),
    layout=("sample_offset",),
)

ANNOTATIONS: Final = TableSpec(
    "annotations",
    {
        "record_id": _STR,
        "annotator_id": _STR,
        "annotator_kind": _STR,
        "round": _I32,  # 1, 2, ...: a later reading by the same annotator supersedes the earlier
        "code_system": _STR,
        "code": _STR,
        "present": _BOOL,
        "likelihood": _F64,  # null where the source states none
    },
    key=("record_id", "annotator_id", "round", "code_system", "code"),
)

EVENTS: Final = TableSpec(
    "events",
    {
        "record_id": _STR,
        "annotator_id": _STR,
        "round": _I32,
        "code": _STR,  # WFDB annotation codes: N, A (atrial premature), V (ventricular premature), ...
        "lead": _STR,  # null: all leads
        "start_sample": _I64,
        "end_sample": _I64,
    },
    key=("record_id", "annotator_id", "round", "start_sample", "end_sample", "code", "lead"),
)

FACTS: Final = TableSpec(
    "facts",
    {
        "record_id": _STR,
        "fact": _STR,  # with its unit in the name; which there are, the source's profile says
        "number": _F64,
        "text": _STR,  # one of a closed list, or a pseudonym; never free text
    },
    key=("record_id", "fact"),
)

LABELS: Final = TableSpec(
    "labels",
    {
        "record_id": _STR,
        "code_system": _STR,
        "code": _STR,
        "probability": _F64,  # null: read, but undecided
        "n_readings": _I32,
        "agreement": _F64,  # share of readings that equal the label; null with one reading
        "weight": _F64,  # for training, in [0, 1]
        "method": _STR,
    },
    key=("record_id", "code_system", "code"),
)

SPLITS: Final = TableSpec(
    "splits",
    {
        "patient_id": _STR,
        "group_id": _STR,  # patients who share a recording share a group, and so a split
        "split": _STR,
    },
    key=("patient_id",),
)

QUARANTINE: Final = TableSpec(
    "quarantine",
    {
        "input_id": _STR,
        "sha256": _STR,
        "stage": _STR,
        "reason": _STR,
        "message": _STR,  # types and sizes, never a value or a name
    },
    key=("input_id",),
)

PARAMETERS: Final = TableSpec(
    "parameters",
    {
        "record_id": _STR,
        "parameter": _STR,  # with its unit in the name
        "value": _F64,
    },
    key=("record_id", "parameter"),
)

PREDICTIONS: Final = TableSpec(
    "predictions",
    {
        "record_id": _STR,
        "arm": _STR,
        "n_real": _I64,
        "code_system": _STR,
        "code": _STR,
        "probability": _F64,
    },
    key=("record_id", "arm", "n_real", "code_system", "code"),
)

_ALL: Final = (RECORDS, ANNOTATIONS, EVENTS, FACTS, LABELS, SPLITS, QUARANTINE, PARAMETERS, PREDICTIONS)
TABLES: Final[dict[str, TableSpec]] = {spec.name: spec for spec in _ALL}
