"""A small dataset whose every value is chosen here."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from open_gate import OPEN_GATE

from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.datasets.stage import write_report
from chiron.datasets.tables import write_table
from schemas.manifest import Kind
from schemas.tables import LABELS, RECORDS, SPLITS

STAGE = Stage("validate", 1, Kind.VALIDATED)
SPLIT_NAMES = ("train", "valid", "test")
DRAFT = Draft(name="small", simulated=True, licence="CC0-1.0")


def signal(i: int) -> np.ndarray:
    """Record i: two leads of 100 + i samples."""
    return (np.arange(2 * (100 + i), dtype=np.int16) * (i + 1)).reshape(2, -1)


def fill(folder: Path, *, n_records: int = 5, shard_samples: int = 512) -> None:
    """Write records, labels and splits."""
    with SignalWriter(folder, shard_samples=shard_samples) as writer:
        rows = [_record(i, writer.append(signal(i))) for i in range(n_records)]
    write_table(folder, RECORDS, pl.concat([RECORDS.empty(), pl.DataFrame(rows)], how="diagonal_relaxed"))
    labels = [
        {"record_id": f"r{i}", "code_system": "SNOMED-CT", "code": "164889003", "probability": float(i % 2)}
        for i in range(n_records)
    ]
    write_report(folder, OPEN_GATE)
    write_table(folder, SPLITS, splits(n_records))
    write_table(folder, LABELS, pl.concat([LABELS.empty(), pl.DataFrame(labels)], how="diagonal_relaxed"))


def splits(n_records: int) -> pl.DataFrame:
    """Patient i is in train, valid or test, in turn."""
    in_turn = [{"patient_id": f"p{i}", "group_id": f"p{i}", "split": SPLIT_NAMES[i % 3]} for i in range(n_records)]
    return pl.concat([SPLITS.empty(), pl.DataFrame(in_turn)], how="diagonal_relaxed")


def _record(i: int, offset: int) -> dict[str, Any]:
    return {
        "record_id": f"r{i}",
        "patient_id": f"p{i}",
        "patient_known": True,
        "source": "test",
        "source_sha256": "0" * 64,
        "signal_sha256": signal_sha256(signal(i)),
        "fs_hz": 100.0,
        "leads": ["I", "II"],
        "n_samples": 100 + i,
        "sample_offset": offset,
        "gain_per_unit": [1000.0, 200.0],
        "baseline": [0, 10],
        "unit": ["mV", "mV"],
    }
