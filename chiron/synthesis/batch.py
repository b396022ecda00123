"""A run of consecutive records of a cohort: their samples and their rows in every table. No files here."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.datasets.signals import signal_sha256
from chiron.synthesis.record import SyntheticRecord, synthesize_record
from schemas.codes import AnnotatorKind, LabelMethod
from schemas.cohort import CohortSpec, Rhythm
from schemas.tables import ANNOTATIONS, EVENTS, LABELS, PARAMETERS, RECORDS, TableSpec

__all__ = ["COHORT_TABLES", "CohortBatch", "synthesize_batch"]

COHORT_TABLES: Final = (RECORDS, ANNOTATIONS, LABELS, EVENTS, PARAMETERS)
_SIMULATOR: Final = "simulator"
_Row = dict[str, Any]


@dataclass(frozen=True)
class CohortBatch:
    """Records `first` to `stop` - 1. signals: (n_records, n_leads, n_samples) int16; tables by name, in key order.

    `sample_offset` counts from the batch's own first sample.
    """

    first: int
    rhythms: tuple[Rhythm, ...]
    signals: npt.NDArray[np.int16]
    tables: dict[str, pl.DataFrame]

    def table(self, spec: TableSpec) -> pl.DataFrame:
        """One of the tables in COHORT_TABLES."""
        return self.tables[spec.name]


def synthesize_batch(spec: CohortSpec, first: int, stop: int) -> CohortBatch:
    """Records `first` <= i < `stop`, the same whatever else is asked for."""
    signals = np.empty((stop - first, len(spec.leads), spec.n_samples), dtype=np.int16)
    rows: dict[str, list[_Row]] = {table.name: [] for table in COHORT_TABLES}
    rhythms: list[Rhythm] = []
    for k, index in enumerate(range(first, stop)):
        record = synthesize_record(spec, index)
        signals[k] = record.signal
        rhythms.append(record.rhythm)
        rows[RECORDS.name].append(_record_row(spec, record, k * record.signal.size))
        rows[ANNOTATIONS.name].extend(_annotation_rows(record))
        rows[LABELS.name].extend(_label_rows(record))
        rows[EVENTS.name].extend(_event_rows(record))
        rows[PARAMETERS.name].extend(_parameter_rows(record))
    tables = {
        table.name: pl.DataFrame(rows[table.name], schema=table.polars).sort(table.key) for table in COHORT_TABLES
    }
    return CohortBatch(first, tuple(rhythms), signals, tables)


def _record_row(spec: CohortSpec, record: SyntheticRecord, sample_offset: int) -> _Row:
    n_leads = len(spec.leads)
    return {
        "record_id": record.record_id,
        "patient_id": record.record_id,
        "patient_known": True,
        "source": spec.name,
        "signal_sha256": signal_sha256(record.signal),
        "fs_hz": spec.fs_hz,
        "leads": list(spec.leads),
        "n_samples": spec.n_samples,
        "sample_offset": sample_offset,
        "gain_per_unit": [spec.gain_per_mv] * n_leads,
        "baseline": [0] * n_leads,
        "unit": ["mV"] * n_leads,
        "age_years": record.age_years,
        "sex": record.sex.value,
    }


def _annotation_rows(record: SyntheticRecord) -> list[_Row]:
    return [
        {
            "record_id": record.record_id,
            "annotator_id": _SIMULATOR,
            "annotator_kind": AnnotatorKind.SIMULATOR.value,
            "round": 1,
            "code_system": code.system.value,
            "code": code.code,
            "present": present,
        }
        for code, present in record.findings.items()
    ]


def _label_rows(record: SyntheticRecord) -> list[_Row]:
    return [
        {
            "record_id": record.record_id,
            "code_system": code.system.value,
            "code": code.code,
            "probability": float(present),
            "n_readings": 1,
            "weight": 1.0,
            "method": LabelMethod.GROUND_TRUTH.value,
        }
        for code, present in record.findings.items()
    ]


def _event_rows(record: SyntheticRecord) -> list[_Row]:
    """Beats, and the rhythms between them."""
    spans = [*((sample, sample, code) for sample, code in record.beats), *record.rhythms]
    return [
        {
            "record_id": record.record_id,
            "annotator_id": _SIMULATOR,
            "round": 1,
            "code": code,
            "start_sample": start,
            "end_sample": end,
        }
        for start, end, code in spans
    ]


def _parameter_rows(record: SyntheticRecord) -> list[_Row]:
    return [
        {"record_id": record.record_id, "parameter": name, "value": value} for name, value in record.parameters.items()
    ]
