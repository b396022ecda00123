"""A dataset of 300 recordings in three splits whose samples can't be compressed, so that bytes are samples."""

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from open_gate import OPEN_GATE

from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.notice import write_notice
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from schemas.manifest import Kind
from schemas.results import StageOutcome
from schemas.tables import EVENTS, LABELS, QUARANTINE, RECORDS, SPLITS

__all__ = ["CHUNK_BYTES", "N_SAMPLES", "SHARES", "made_of_three_splits", "samples_of", "split_of"]

N_SAMPLES: Final = 5_000
CHUNK_BYTES: Final = 2 * 2**17
SHARES: Final = {"train": 150, "valid": 30, "test": 120}  # of 300 records; every tenth has another split
_SHARD_SAMPLES: Final = 2**20  # eight chunks
_IN_TURN: Final = ("train", "test") * 4 + ("train", "valid")


def split_of(i: int) -> str:
    """The splits take turns, so that they lie apart only where somebody has put them so."""
    return _IN_TURN[i % 10]


def samples_of(i: int) -> np.ndarray:
    """Record i: two leads of noise, (2, 5000) int16."""
    noise = np.random.Generator(np.random.Philox(key=i))
    return noise.integers(-(2**15) + 1, 2**15, (2, N_SAMPLES), dtype=np.int16)


def made_of_three_splits(workdir: Path) -> StageOutcome:
    """Make the dataset, samples split by split. Record i is of patient i, and has label A if i is even."""
    draft = Draft(name="three", simulated=True, licence="CC0-1.0")
    return run_stage(workdir, Stage("validate", 1, Kind.VALIDATED), draft, _fill)


def _fill(folder: Path) -> None:
    order = sorted(range(300), key=lambda i: (["train", "valid", "test"].index(split_of(i)), i))
    with SignalWriter(folder, shard_samples=_SHARD_SAMPLES) as writer:
        offsets = {i: writer.append(samples_of(i)) for i in order}
    records = [
        {
            "record_id": f"r{i:03d}", "patient_id": f"p{i:03d}", "patient_known": True, "source": "test",
            "source_sha256": "0" * 64, "signal_sha256": signal_sha256(samples_of(i)), "fs_hz": 500.0,
            "leads": ["I", "II"] if i % 7 else ["II", "V1"], "n_samples": N_SAMPLES, "sample_offset": offsets[i],
            "gain_per_unit": [1000.0, 200.0], "baseline": [0, 10], "unit": ["mV", "mV"],
        }
        for i in range(300)
    ]  # fmt: skip
    in_turn = [{"patient_id": f"p{i:03d}", "group_id": f"p{i:03d}", "split": split_of(i)} for i in range(300)]
    labels = [
        {"record_id": f"r{i:03d}", "code_system": "TEST", "code": code, "probability": float((i + n) % 2 == 0)}
        for i in range(300)
        for n, code in enumerate("AB" if i % 5 else "A")
    ]
    beats = [{"record_id": f"r{i:03d}", "code": "N", "start_sample": 10} for i in range(300)]
    refused = [{"input_id": "i1", "sha256": "1" * 64, "stage": "ingest", "reason": "unreadable", "message": "none"}]
    for spec, rows in ((RECORDS, records), (SPLITS, in_turn), (LABELS, labels), (EVENTS, beats), (QUARANTINE, refused)):
        write_table(folder, spec, pl.concat([spec.empty(), pl.DataFrame(rows)], how="diagonal_relaxed"))
    write_report(folder, OPEN_GATE)
    write_notice(folder, simulated=True, licence="CC0-1.0")
