"""A small cohort as the simulator leaves it, of bumps instead of a heart, and single records of the same kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from made_up_run import toy_ecg

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from schemas.codes import ATRIAL_FIBRILLATION, PREMATURE_VENTRICULAR, SINUS_RHYTHM, Code
from schemas.cohort import CohortSpec, Group
from schemas.gate import CheckResult, CheckStatus, GateReport, Severity
from schemas.manifest import Kind
from schemas.states import Ectopy, Rhythm
from schemas.tables import EVENTS, LABELS, PARAMETERS, RECORDS, TableSpec

__all__ = ["MadeUpRecord", "simulated_cohort", "simulated_record", "simulated_spec"]

_LEAD_GAINS = (0.6, 1.0, 0.4, -0.8, 0.1, 0.7, -0.5, 0.4, 0.9, 1.3, 1.1, 0.8)
_GROUPS = ("sinus", "fibrillation", "ventricular")
_RHYTHMS = ("(N", "(AFIB", "(N")


@dataclass(frozen=True)
class MadeUpRecord:
    """What `synthesize_record` gives."""

    record_id: str
    signal: np.ndarray
    findings: dict[Code, bool]
    events: tuple[tuple[str, int, int], ...]
    age_years: float
    sex: str
    parameters: dict[str, float]
    group: str


def simulated_spec(*, n_records: int = 40, leads: tuple[str, ...] = ("I",), duration_s: float = 20.0) -> CohortSpec:
    return CohortSpec(
        name="made-up",
        n_records=n_records,
        fs_hz=250,
        duration_s=duration_s,
        leads=leads,
        groups={
            "sinus": Group(share=0.5),
            "fibrillation": Group(share=0.3, rhythm=Rhythm.ATRIAL_FIBRILLATION),
            "ventricular": Group(share=0.2, ectopy={Ectopy.VENTRICULAR: 1.0}),
        },
    )


def simulated_record(spec: CohortSpec, index: int) -> MadeUpRecord:
    """Record `index`: every second one in sinus rhythm, two of ten with ectopic beats, the others fibrillating."""
    place = 0 if index % 2 == 0 else 2 if index % 10 in (1, 3) else 1
    rng = np.random.default_rng(index)
    lead = toy_ecg(fs_hz=spec.fs_hz, duration_s=spec.duration_s, fibrillating=place == 1, seed=index)
    signal = np.concatenate([_LEAD_GAINS[i] * lead for i in range(len(spec.leads))])
    return MadeUpRecord(
        record_id=f"{spec.name}-{index:08d}",
        signal=np.round(signal * spec.gain_per_mv).astype(np.int16),
        findings={SINUS_RHYTHM: place != 1, ATRIAL_FIBRILLATION: place == 1, PREMATURE_VENTRICULAR: place == 2},
        events=tuple(_events(spec, place, index)),
        age_years=float(round(rng.normal(70 if place == 1 else 52, 8))),
        sex="F" if index % 3 else "M",
        parameters={
            "group": float(sorted(_GROUPS).index(_GROUPS[place])),
            "heart_rate_bpm": float(rng.normal((71, 92, 71)[place], 9)),
            "inverted": float(index % 4 == 0),
            "low_pass_hz": 40.0,
            "qrs_ms": float(rng.normal(96, 8)),
            "qtc_ms": float(rng.normal(412, 18)),
            "snr_db": float(rng.uniform(-2, 26)),
            **({} if place == 1 else {"pr_ms": float(rng.normal(160, 18))}),
        },
        group=_GROUPS[place],
    )


def _events(spec: CohortSpec, place: int, seed: int) -> list[tuple[str, int, int]]:
    """A beat where the signal has one; every fifth one ectopic in the third group."""
    rng = np.random.default_rng(seed)
    n_beats = int(spec.duration_s * 3)
    intervals = rng.uniform(0.42, 1.1, n_beats) if place == 1 else 0.84 + rng.normal(0, 0.02, n_beats)
    peaks = [round(p * spec.fs_hz) for p in np.cumsum(intervals) - 0.3 if 0.1 < p < spec.duration_s - 0.5]
    events = [(_RHYTHMS[place], 0, spec.n_samples)]
    for k, r in enumerate(peaks):
        code = "V" if place == 2 and k % 5 == 3 else "N"
        events += [(code, r, r), ("(N)", *_span(spec, r, -0.05, 0.055)), ("(t)", *_span(spec, r, 0.16, 0.38))]
        events.append(("t", *_span(spec, r, 0.26, 0.26)))
        if place != 1 and code == "N" and r > 0.25 * spec.fs_hz:
            events += [("(p)", *_span(spec, r, -0.23, -0.11)), ("p", *_span(spec, r, -0.17, -0.17))]
    return events


def _span(spec: CohortSpec, r: int, start_s: float, stop_s: float) -> tuple[int, int]:
    return r + round(start_s * spec.fs_hz), r + round(stop_s * spec.fs_hz)


def simulated_cohort(workdir: Path, spec: CohortSpec) -> Dataset:
    """The cohort as a finished dataset."""
    draft = Draft(
        name=spec.name, simulated=True, licence="CC0-1.0", parameters={"cohort": spec.model_dump(mode="json")}
    )
    stage = Stage("synthesize", 3, Kind.COHORT)
    return open_dataset(run_stage(workdir, stage, draft, lambda folder: _build(folder, spec)).ref)


def _build(folder: Path, spec: CohortSpec) -> None:
    records = [simulated_record(spec, index) for index in range(spec.n_records)]
    with SignalWriter(folder) as writer:
        offsets = [writer.append(record.signal) for record in records]
    rows = zip(records, offsets, strict=True)
    _write(folder, RECORDS, [_record_row(spec, record, offset) for record, offset in rows])
    _write(folder, LABELS, [_label_row(r, code, there) for r in records for code, there in r.findings.items()])
    _write(folder, EVENTS, [_event_row(r, *event) for r in records for event in r.events])
    parameters = [(r.record_id, name, value) for r in records for name, value in r.parameters.items()]
    _write(folder, PARAMETERS, [dict(zip(PARAMETERS.columns, row, strict=True)) for row in parameters])
    write_report(folder, GateReport(checks=(_check(f"{spec.n_records} records"),)))


def _check(n_records: str) -> CheckResult:
    return CheckResult(
        name="all records are there",
        table="records",
        severity=Severity.BLOCKING,
        status=CheckStatus.PASSED,
        expected=n_records,
        found=n_records,
    )


def _write(folder: Path, spec: TableSpec, rows: Sequence[dict[str, object]]) -> None:
    write_table(folder, spec, pl.DataFrame(rows, schema=spec.polars).sort(spec.key))


def _record_row(spec: CohortSpec, record: MadeUpRecord, offset: int) -> dict[str, object]:
    n_leads = len(spec.leads)
    return {
        **dict.fromkeys(RECORDS.columns),
        "record_id": record.record_id,
        "patient_id": record.record_id,
        "patient_known": True,
        "source": spec.name,
        "signal_sha256": signal_sha256(record.signal),
        "fs_hz": spec.fs_hz,
        "leads": list(spec.leads),
        "n_samples": spec.n_samples,
        "sample_offset": offset,
        "gain_per_unit": [spec.gain_per_mv] * n_leads,
        "baseline": [0] * n_leads,
        "unit": ["mV"] * n_leads,
        "age_years": record.age_years,
        "sex": record.sex,
    }


def _label_row(record: MadeUpRecord, code: Code, there: bool) -> dict[str, object]:
    return {
        "record_id": record.record_id,
        "code_system": code.system.value,
        "code": code.code,
        "probability": float(there),
        "n_readings": 1,
        "agreement": None,
        "weight": 1.0,
        "method": "ground_truth",
    }


def _event_row(record: MadeUpRecord, code: str, start: int, end: int) -> dict[str, object]:
    return {
        "record_id": record.record_id,
        "annotator_id": "simulator",
        "round": 1,
        "code": code,
        "lead": None,
        "start_sample": start,
        "end_sample": end,
    }
