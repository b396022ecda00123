"""The rows of consecutive records in every table, made column by column: nothing here loops over rows. No files."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.datasets.signals import signal_sha256
from chiron.synthesis.arrays import Records
from chiron.synthesis.findings import VOCABULARY
from chiron.synthesis.kernel import PARAMETER_NAMES
from chiron.synthesis.readers import Readings, readings
from chiron.synthesis.truth import EVENT_CODES
from schemas.codes import AnnotatorKind, LabelMethod, Sex
from schemas.cohort import CohortSpec
from schemas.tables import ANNOTATIONS, EVENTS, LABELS, PARAMETERS, RECORDS, TableSpec

__all__ = ["COHORT_TABLES", "tables_of"]

COHORT_TABLES: Final = (RECORDS, ANNOTATIONS, LABELS, EVENTS, PARAMETERS)
_SIMULATOR: Final = "simulator"
_Ints = npt.NDArray[np.int64]

# Rows stand in key order, which is that of the alphabet.
_CODES: Final = sorted(VOCABULARY)
_CODE_ORDER: Final = np.array([VOCABULARY.index(code) for code in _CODES])
_EVENT_CODES: Final = sorted(EVENT_CODES)
_EVENT_RANKS: Final = np.array([_EVENT_CODES.index(code) for code in EVENT_CODES])


def tables_of(spec: CohortSpec, first: int, records: Records) -> dict[str, pl.DataFrame]:
    """The rows of records `first`, `first` + 1, ... of the cohort in each of COHORT_TABLES, in key order.

    `sample_offset` counts from the first sample of these records. Raises ValueError where an event lies outside.
    """
    ids = pl.Series([f"{spec.name}-{index:08d}" for index in range(first, first + len(records.signals))])
    return {
        RECORDS.name: _records(spec, ids, records),
        ANNOTATIONS.name: _annotations(spec, first, ids, records),
        LABELS.name: _labels(ids, records),
        EVENTS.name: _events(ids, records),
        PARAMETERS.name: _parameters(ids, records),
    }


def _records(spec: CohortSpec, ids: pl.Series, records: Records) -> pl.DataFrame:
    n, n_leads = len(ids), len(spec.leads)
    rows = {
        "record_id": ids,
        "patient_id": ids,
        "patient_known": True,
        "source": spec.name,
        "signal_sha256": pl.Series([signal_sha256(signal) for signal in records.signals]),
        "fs_hz": spec.fs_hz,
        "leads": _repeated(spec.leads, n),
        "n_samples": spec.n_samples,
        "sample_offset": pl.Series(np.arange(n) * n_leads * spec.n_samples),
        "gain_per_unit": _repeated([spec.gain_per_mv] * n_leads, n),
        "baseline": _repeated([0] * n_leads, n),
        "unit": _repeated(["mV"] * n_leads, n),
        "age_years": pl.Series(records.age_years),
        "sex": _named([Sex.MALE, Sex.FEMALE], records.female),
    }
    stated = {name: pl.Series(~missing) for name, missing in records.missing.items()}
    return _frame(RECORDS, rows).with_columns(pl.when(there).then(name).alias(name) for name, there in stated.items())


def _annotations(spec: CohortSpec, first: int, ids: pl.Series, records: Records) -> pl.DataFrame:
    """One row for each record, annotator and code: the simulator, who knows, and the readers, who err."""
    knows = Readings(_SIMULATOR, np.ones(len(ids), dtype=np.bool_), records.findings)
    readers = sorted((knows, *readings(spec, first, records.findings)), key=lambda one: one.reader)
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


def _labels(ids: pl.Series, records: Records) -> pl.DataFrame:
    rows = {
        "record_id": ids.gather(np.repeat(np.arange(len(ids)), len(_CODES))),
        **_codes(len(ids)),
        "probability": pl.Series(records.findings[:, _CODE_ORDER].ravel().astype(np.float64)),
        "n_readings": 1,
        "weight": 1.0,
        "method": LabelMethod.GROUND_TRUTH.value,
    }
    return _frame(LABELS, rows)


def _events(ids: pl.Series, records: Records) -> pl.DataFrame:
    """Sorted as one number each, whose digits are record, start, end and code."""
    base = len(ids), records.signals.shape[-1] + 1, records.signals.shape[-1] + 1, len(EVENT_CODES)
    digits = records.event_record, records.event_start, records.event_end, _EVENT_RANKS[records.event_code]
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


def _parameters(ids: pl.Series, records: Records) -> pl.DataFrame:
    record, parameter = np.nonzero(~np.isnan(records.parameters))
    rows = {
        "record_id": ids.gather(record),
        "parameter": _named(PARAMETER_NAMES, parameter),
        "value": pl.Series(records.parameters[record, parameter]),
    }
    return _frame(PARAMETERS, rows)


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
