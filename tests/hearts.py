"""Recordings of made-up hearts, and datasets of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from open_gate import OPEN_GATE

from benchmarks.duplicates import Digital, digital
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from schemas.codes import ATRIAL_FIBRILLATION
from schemas.manifest import Kind
from schemas.tables import LABELS, RECORDS, SPLITS, TableSpec

__all__ = ["FS_HZ", "Recorded", "heart", "hearts_dataset"]

FS_HZ: Final = 250.0


def heart(person: int, visit: int = 0, *, n_leads: int = 3, duration_s: float = 10.0, fs_hz: float = FS_HZ) -> Digital:
    """A recording, (n_leads, n) in uV: a person's waves in every lead, a visit's beats and noise."""
    waves, beats = np.random.default_rng(person), np.random.default_rng([person, visit])
    at_s = np.cumsum(beats.normal(waves.uniform(0.65, 1.0), 0.03, int(duration_s * 2)))
    since_s = (np.arange(round(duration_s * fs_hz)) / fs_hz)[:, None] - at_s
    lead = np.zeros((n_leads, len(since_s)))
    for offset_s, width_s, height_uv in ((-0.17, 0.025, 120), (-0.02, 0.012, 150), (0, 0.013, 1000), (0.28, 0.05, 250)):
        bumps = np.exp(-(((since_s - offset_s) / width_s) ** 2)).sum(axis=1)
        lead += waves.normal(0.3, 0.7, (n_leads, 1)) * height_uv * bumps
    return digital(lead + beats.normal(0, 12, lead.shape))


class Recorded(NamedTuple):
    """A recording as a dataset holds it; no patient: unknown."""

    record_id: str
    patient: str | None
    signal: Digital
    fs_hz: float = FS_HZ
    split: str = "train"
    has_finding: bool = False


def hearts_dataset(
    workdir: Path, name: str, rows: Sequence[Recorded], *, source: str = "hospital", key: str | None = "a key's"
) -> Dataset:
    """A checked dataset with these recordings, in this order; key: the fingerprint of the pseudonyms' key."""

    def build(folder: Path) -> None:
        with SignalWriter(folder, shard_samples=2**16) as writer:
            records = [_record(row, writer.append(row.signal), source) for row in rows]
        splits = {(row.patient or row.record_id): row.split for row in rows}
        labels = [
            {
                "record_id": row.record_id,
                "code_system": ATRIAL_FIBRILLATION.system.value,
                "code": ATRIAL_FIBRILLATION.code,
                "probability": float(row.has_finding),
                "weight": 1.0,
            }
            for row in rows
        ]
        write_table(folder, RECORDS, _frame(RECORDS, records))
        write_table(
            folder, SPLITS, _frame(SPLITS, [{"patient_id": p, "group_id": p, "split": s} for p, s in splits.items()])
        )
        write_table(folder, LABELS, _frame(LABELS, labels))
        write_report(folder, OPEN_GATE)

    draft = Draft(name=name, simulated=False, licence="none", pseudonym_key_fingerprint=key)
    return open_dataset(run_stage(workdir, Stage(f"make-{name}", 1, Kind.VALIDATED), draft, build).ref)


def _record(row: Recorded, offset: int, source: str) -> dict[str, Any]:
    n_leads, n_samples = row.signal.shape
    return {
        "record_id": row.record_id,
        "patient_id": row.patient or row.record_id,
        "patient_known": row.patient is not None,
        "source": source,
        "source_sha256": "0" * 64,
        "signal_sha256": signal_sha256(row.signal),
        "fs_hz": row.fs_hz,
        "leads": [("I", "II", "III")[i] for i in range(n_leads)],
        "n_samples": n_samples,
        "sample_offset": offset,
        "gain_per_unit": [1000.0] * n_leads,
        "baseline": [0] * n_leads,
        "unit": ["mV"] * n_leads,
    }


def _frame(spec: TableSpec, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.concat([spec.empty(), pl.DataFrame(rows)], how="diagonal_relaxed").sort(*spec.key)
