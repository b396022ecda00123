"""The rows of consecutive records in every table, made column by column: nothing here loops over rows. No files."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.synthesis.findings import VOCABULARY
from chiron.synthesis.kernel import PARAMETER_NAMES
from chiron.synthesis.known import MISSING, Known
from chiron.synthesis.readers import Readings, readings
from chiron.synthesis.truth import EVENT_CODES
from schemas.codes import AnnotatorKind, LabelMethod, Sex
from schemas.cohort import CohortSpec
from schemas.tables import ANNOTATIONS, EVENTS, LABELS, PARAMETERS, RECORDS, TableSpec

__all__ = ["COHORT_TABLES", "rows_of"]

COHORT_TABLES: Final = (RECORDS, ANNOTATIONS, LABELS, EVENTS, PARAMETERS)
_SIMULATOR: Final = "simulator"
_Ints = npt.NDArray[np.int64]

# Rows stand in key order, which is that of the alphabet.
_CODES: Final = sorted(VOCABULARY)
_CODE_ORDER: Final = np.array([VOCABULARY.index(code) for code in _CODES])
_EVENT_CODES: Final = sorted(EVENT_CODES)
_EVENT_RANKS: Final = np.array([_EVENT_CODES.index(code) for code in EVENT_CODES])


def rows_of(table: TableSpec, spec: CohortSpec, first: int, records: Known) -> pl.DataFrame:
    """The rows of records `first`, `first` + 1, ... of the cohort in one of COHORT_TABLES, in key order.

    `sample_offset` counts from the first sample of these records. Raises ValueError where an event lies outside.
    """
    ids = pl.Series([f"{spec.name}-{index:08d}" for index in range(first, first + len(records["age_years"]))])
    return _ROWS[table.name](spec, first, ids, records)


def _records(spec: CohortSpec, _: int, ids: pl.Series, records: Known) -> pl.DataFrame:
    n, n_leads = len(ids), len(spec.leads)
    rows = {
        "record_id": ids,
        "patient_id": ids,
        "patient_known": True,
        "source": spec.name,
        "signal_sha256": pl.Series(records["signal_sha256"].astype(np.str_).tolist()),
        "fs_hz": spec.fs_hz,
        "leads": _repeated(spec.leads, n),
        "n_samples": spec.n_samples,
        "sample_offset": pl.Series(np.arange(n) * n_leads * spec.n_samples),
        "gain_per_unit": _repeated([spec.gain_per_mv] * n_leads, n),
        "baseline": _repeated([0] * n_leads, n),
        "unit": _repeated(["mV"] * n_leads, n),
        "age_years": pl.Series(records["age_years"]),
        "sex": _named([Sex.MALE, Sex.FEMALE], records["female"]),
    }
    stated = {name.removeprefix(MISSING): pl.Series(~records[name]) for name in records if name.startswith(MISSING)}
    return _frame(RECORDS, rows).with_columns(pl.when(there).then(name).alias(name) for name, there in stated.items())


def _annotations(spec: CohortSpec, first: int, ids: pl.Series, records: Known) -> pl.DataFrame:
    """One row for each record, annotator and code: the simulator, who knows, and the readers, who err."""
    findings = records["findings"]
    knows = Readings(_SIMULATOR, np.ones(len(ids), dtype=np.bool_), findings)
    readers = sorted((knows, *readings(spec, first, findings)), key=lambda one: one.reader)
    read = np.stack([one.read for one in readers], axis=1)
    present = np.stack([one.present[:, _CODE_ORDER] for one in readers], axis=1)[read]
    record, annotator = (np.repeat(axis, len(_CODES)) for axis in np.nonzero(read))
    kinds = [AnnotatorKind.SIMULATOR if one is knows else AnnotatorKind.PERSON for one in readers]
    rows = {
        "record_id": ids.gather(record),
        "annotator_id": _named([one.reader for one in readers], annotator),
        "annotator_kind": _named(kinds, annotator),
        "round": 1,
        **_codes(len(present)),
        "present": pl.Series(present.ravel()),
    }
    return _frame(ANNOTATIONS, rows)


def _labels(_spec: CohortSpec, _: int, ids: pl.Series, records: Known) -> pl.DataFrame:
    rows = {
        "record_id": ids.gather(np.repeat(np.arange(len(ids)), len(_CODES))),
        **_codes(len(ids)),
        "probability": pl.Series(records["findings"][:, _CODE_ORDER].ravel().astype(np.float64)),
        "n_readings": 1,
        "weight": 1.0,
        "method": LabelMethod.GROUND_TRUTH.value,
    }
    return _frame(LABELS, rows)


def _events(spec: CohortSpec, _: int, ids: pl.Series, records: Known) -> pl.DataFrame:
    """Sorted as one number each, whose digits are record, start, end and code."""
    base = len(ids), spec.n_samples + 1, spec.n_samples + 1, len(EVENT_CODES)
    ranks = _EVENT_RANKS[records["event_code"]]
    digits = records["event_record"], records["event_start"], records["event_end"], ranks
    record, start, end, code = np.unravel_index(np.sort(np.ravel_multi_index(digits, base)), base)
    rows = {
        "record_id": ids.gather(record),
        "annotator_id": _SIMULATOR,
        "round": 1,
        "code": _named(_EVENT_CODES, code),
        "start_sample": pl.Series(start),
        "end_sample": pl.Series(end),
    }
    return _frame(EVENTS, rows)


def _parameters(_spec: CohortSpec, _: int, ids: pl.Series, records: Known) -> pl.DataFrame:
    values = records["parameters"]
    record, parameter = np.nonzero(~np.isnan(values))
    rows = {
        "record_id": ids.gather(record),
        "parameter": _named(PARAMETER_NAMES, parameter),
        "value": pl.Series(values[record, parameter]),
    }
    return _frame(PARAMETERS, rows)


_ROWS: Final[Mapping[str, Callable[[CohortSpec, int, pl.Series, Known], pl.DataFrame]]] = {
    RECORDS.name: _records,
    ANNOTATIONS.name: _annotations,
    LABELS.name: _labels,
    EVENTS.name: _events,
    PARAMETERS.name: _parameters,
}


def _codes(n: int) -> dict[str, pl.Series]:
    """All codes in key order, `n` times over."""
    code = np.tile(np.arange(len(_CODES)), n)
    return {
        "code_system": _named([code.system for code in _CODES], code),
        "code": _named([code.code for code in _CODES], code),
    }


def _named(names: Sequence[str], position: _Ints) -> pl.Series:
    """The names at these places."""
    return pl.Series(names, dtype=pl.String).gather(position)


def _repeated(values: Sequence[Any], n: int) -> pl.Series:
    """The same list in every row."""
    return pl.Series([list(values)]).new_from_index(0, n)


def _frame(spec: TableSpec, rows: dict[str, Any]) -> pl.DataFrame:
    """A table from columns and from values that all rows share; null in the columns that are not given."""
    return pl.DataFrame({name: rows.get(name) for name in spec.columns}, schema=spec.polars)
