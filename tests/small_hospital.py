"""A small ingested dataset whose every value is chosen here: known patients, two readers, a sine as signal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.datasets.splits import assign_splits
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from chiron.labels.agreement import agreement_of
from chiron.labels.consensus import consensus_labels
from chiron.quality.missingness import passport_of
from chiron.quality.vanishing import label_steps
from chiron.quality.views import Evidence
from schemas.ingested import IngestReport, LabelCount, LabelHop
from schemas.manifest import DatasetRef, Kind
from schemas.params import SplitShares
from schemas.tables import ANNOTATIONS, QUARANTINE, RECORDS

__all__ = [
    "CODES",
    "FS_HZ",
    "N_RECORDS",
    "ecg",
    "evidence_of",
    "ingested",
    "readings_of",
    "records_of",
    "report_of",
    "sine",
]

N_RECORDS: Final = 60
FS_HZ: Final = 100.0
N_SAMPLES: Final = 1000
CODES: Final = ("N", "A")  # of the CinC 2017 challenge: normal, atrial fibrillation


def records_of(n: int = N_RECORDS, **columns: Sequence[Any]) -> pl.DataFrame:
    """`records` of n complete records, each of a patient of its own; `columns` replaces whole columns."""
    rows = [
        {
            "record_id": f"r{i:05}",
            "patient_id": f"p{i:05}",
            "patient_known": True,
            "source": "small",
            "source_sha256": f"{i:064x}",
            "signal_sha256": f"{i:064x}",
            "fs_hz": FS_HZ,
            "leads": ["I"],
            "n_samples": N_SAMPLES,
            "sample_offset": i * N_SAMPLES,
            "gain_per_unit": [1000.0],
            "baseline": [0],
            "unit": ["mV"],
            "age_years": 20.0 + i % 70,
            "sex": "FM"[i % 2],
            "site": f"site-{i % 3}",
            "device": f"device-{i % 2}",
            "recorded_year": 2000 + i % 5,
            "height_cm": 150.0 + i % 50,
            "weight_kg": 50.0 + i % 60,
        }
        for i in range(n)
    ]
    frame = pl.DataFrame(rows, schema=RECORDS.polars)
    return frame.with_columns(pl.Series(name, values, RECORDS.columns[name]) for name, values in columns.items())


def readings_of(n: int = N_RECORDS, *, every_nth_differs: int = 10) -> pl.DataFrame:
    """`annotations` of n records by two persons, who differ in every nth record."""
    rows = [
        (f"r{i:05}", reader, "person", 1, "CINC2017", code, code == found, None)
        for i in range(n)
        for reader, differs in (("a", False), ("b", i % every_nth_differs == 0))
        for found in [CODES[(i + differs) % 2]]
        for code in CODES
    ]
    return pl.DataFrame(rows, schema=ANNOTATIONS.polars, orient="row")


def evidence_of(records: pl.DataFrame, annotations: pl.DataFrame, **changes: Any) -> Evidence:
    """What the gate of these two tables sees, with `changes` to any part of it."""
    labels = changes.get("labels", consensus_labels(annotations))
    found: dict[str, Any] = {
        "records": records,
        "annotations": annotations,
        "labels": labels,
        "splits": assign_splits(records, SplitShares()),
        "quarantine": QUARANTINE.empty(),
        "agreement": agreement_of(annotations),
        "passport": passport_of(records, labels, n_wanted=10),
        "steps": label_steps(changes.get("ingest"), annotations, labels),
        "signals": None,
        "recordings": None,
        "ingest": None,
    }
    return Evidence(**(found | changes))


def ingested(
    workdir: Path, records: pl.DataFrame, annotations: pl.DataFrame, *, n_parsed: int | None = None
) -> DatasetRef:
    """A dataset with these tables, a made-up ECG for each record that has samples, and an ingest report.

    n_parsed: how many readings of each code were stated and parsed; as many as are stored where it is not said.
    """

    def build(folder: Path) -> None:
        write_table(folder, RECORDS, _with_signals(folder, records))
        write_table(folder, ANNOTATIONS, annotations)
        write_table(folder, QUARANTINE, QUARANTINE.empty())
        write_report(folder, report_of(records.height, annotations, n_parsed))

    draft = Draft(name="small", simulated=True, licence="CC0-1.0")
    return run_stage(workdir, Stage("ingest", 1, Kind.INGESTED), draft, build).ref


def _with_signals(folder: Path, records: pl.DataFrame) -> pl.DataFrame:
    if not records["n_samples"].sum():
        return records
    rows = records.to_dicts()
    with SignalWriter(folder) as writer:
        for i, row in enumerate(rows):
            if row["n_samples"]:
                signal = ecg(i)
                row |= {"sample_offset": writer.append(signal), "signal_sha256": signal_sha256(signal)}
    return pl.DataFrame(rows, schema=RECORDS.polars)


def sine(seed: int) -> np.ndarray:
    """A noisy sine of 1 mV and 1.2 Hz, (1, N_SAMPLES) int16, in uV."""
    t_s = np.arange(N_SAMPLES) / FS_HZ
    noise = np.random.default_rng(seed).normal(0, 0.02, N_SAMPLES)
    signal: np.ndarray = (1000 * (np.sin(2 * np.pi * 1.2 * t_s) + noise)).astype(np.int16)[None]
    return signal


def ecg(seed: int) -> np.ndarray:
    """A noisy ECG with 72 beats per minute, (1, N_SAMPLES) int16, in uV."""
    since_beat_s = (np.arange(N_SAMPLES) / FS_HZ + seed / 37) % (60 / 72)
    waves_uv = ((0.2, 0.03, 120), (0.36, 0.012, 1000), (0.62, 0.05, 300))  # P, QRS, T: when, how wide, how high
    heart = sum(high * np.exp(-(((since_beat_s - at) / wide) ** 2)) for at, wide, high in waves_uv)
    noise = np.random.default_rng(seed).normal(0, 10, N_SAMPLES)
    signal: np.ndarray = (heart + noise).astype(np.int16)[None]
    return signal


def report_of(n_records: int, annotations: pl.DataFrame, n_parsed: int | None = None) -> IngestReport:
    """What ingest would have reported of these annotations, with `n_parsed` of each code where it is given."""
    present = annotations.filter("present").group_by("code_system", "code").len().sort("code_system", "code")
    counts = tuple(
        LabelCount(hop=hop, code_system=system, code=code, n=n if n_parsed is None else n_parsed)
        for hop in LabelHop
        for system, code, n in present.iter_rows()
    )
    return IngestReport(
        profile="small",
        n_inputs=n_records,
        n_ingested=n_records,
        quarantined={},
        duplicates=(),
        label_counts=counts,
    )
