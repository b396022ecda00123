"""Recordings of made-up hearts, and everything that may be done to a recording on its way to somebody else."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from open_gate import OPEN_GATE
from scipy.signal import butter, resample_poly, sosfilt, sosfiltfilt

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from schemas.codes import ATRIAL_FIBRILLATION
from schemas.manifest import Kind
from schemas.tables import LABELS, RECORDS, SPLITS, TableSpec

__all__ = ["CHANGES", "FS_HZ", "Recorded", "digital", "heart", "hearts_dataset"]

FS_HZ: Final = 250.0
Digital = npt.NDArray[np.int16]


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


def digital(signal: npt.NDArray[np.float64]) -> Digital:
    """Rounded, as a converter does it."""
    return np.clip(np.round(signal), -32767, 32767).astype(np.int16)


def _filtered(x: Digital, order: int, hz: float | list[float], kind: str, *, causal: bool = False) -> Digital:
    sections = butter(order, hz, kind, fs=FS_HZ, output="sos")
    return digital((sosfilt if causal else sosfiltfilt)(sections, x.astype(float), axis=1))


def _noisy(x: Digital) -> Digital:
    noise = np.random.default_rng(1).standard_normal(x.shape)
    return digital(x + 0.1 * x.std(axis=1, keepdims=True) * noise)


CHANGES: Final[dict[str, Callable[[Digital], tuple[Digital, float]]]] = {
    "another gain and baseline": lambda x: (digital(0.37 * x + 200), FS_HZ),
    "upside down": lambda x: (digital(-1.0 * x), FS_HZ),
    "coarser steps": lambda x: (digital(x / (np.ptp(x) / 80)), FS_HZ),
    "shifted by 37 samples": lambda x: (x[:, 37:], FS_HZ),
    "a second less at both ends": lambda x: (x[:, 250:-250], FS_HZ),
    "the last fifth cut off": lambda x: (x[:, : int(0.8 * x.shape[1])], FS_HZ),
    "at 125 Hz": lambda x: (digital(resample_poly(x.astype(float), 1, 2, axis=1)), 125.0),
    "at 100 Hz": lambda x: (digital(resample_poly(x.astype(float), 2, 5, axis=1)), 100.0),
    "at 500 Hz": lambda x: (digital(resample_poly(x.astype(float), 2, 1, axis=1)), 500.0),
    "filtered to 0.5-40 Hz": lambda x: (_filtered(x, 2, [0.5, 40], "band"), FS_HZ),
    "a recorder's high-pass": lambda x: (_filtered(x, 1, 0.5, "high", causal=True), FS_HZ),
    "a recorder's low-pass": lambda x: (_filtered(x, 2, 35, "low", causal=True), FS_HZ),
    "some noise": lambda x: (_noisy(x), FS_HZ),
    "leads in another order": lambda x: (x[::-1].copy(), FS_HZ),
    "one of the leads": lambda x: (x[1:2], FS_HZ),
}
"""From a recording at `FS_HZ` to a copy and its rate."""


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
