"""Made-up hearts: five bumps per beat, drawn anew for every record; one knob widens QRS."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.datasets.stage import run_stage
from chiron.datasets.tables import write_table
from schemas.codes import ATRIAL_FIBRILLATION, SINUS_RHYTHM, Code, LabelMethod, SplitName
from schemas.manifest import Kind
from schemas.tables import LABELS, RECORDS, SPLITS

FS_HZ = 100.0
BUMPS = ((-0.17, 0.025, 0.12), (-0.03, 0.010, -0.10), (0.0, 0.012, 1.0), (0.032, 0.011, -0.2), (0.27, 0.05, 0.3))

CODES = (ATRIAL_FIBRILLATION, SINUS_RHYTHM)
MakeDataset = Callable[..., Dataset]


def heart(seed: int, *, fibrillating: bool, qrs_width: float = 1.0, duration_s: float = 10.0) -> np.ndarray:
    """One lead in mV, (1, n). Heights and widths vary by a tenth or two from record to record."""
    rng = np.random.default_rng(seed)
    n_beats = int(duration_s * 3)
    intervals = (
        rng.uniform(0.5, 1.0, n_beats) if fibrillating else rng.uniform(0.7, 0.85) + rng.normal(0, 0.01, n_beats)
    )
    peaks = np.cumsum(intervals) - 0.4
    t = np.arange(round(FS_HZ * duration_s)) / FS_HZ
    signal = rng.uniform(0.005, 0.02) * rng.normal(size=t.size)
    for i, (centre, width, height) in enumerate(BUMPS):
        own = height * rng.normal(1, 0.15) * (0.0 if fibrillating and i == 0 else 1.0)
        wide = qrs_width if i in (1, 2, 3) else 1.0
        wide *= rng.normal(1, 0.08)
        place = t[:, None] - peaks[None, :] - wide * centre if i in (1, 2, 3) else t[:, None] - peaks[None, :] - centre
        signal += own * np.exp(-((place / (wide * width)) ** 2) / 2).sum(axis=1)
    return signal[None, :]


@pytest.fixture(scope="session")
def make_hearts(tmp_path_factory: pytest.TempPathFactory) -> MakeDataset:
    """A dataset of records 0, 1, 2, ...; every second one fibrillates. With `splits` the last fifth is test split."""
    workdir = tmp_path_factory.mktemp("fidelity") / "work"

    def make(
        name: str,
        n: int,
        *,
        first: int = 0,
        qrs_width: float = 1.0,
        splits: bool = False,
        codes: tuple[Code, ...] = CODES,
    ) -> Dataset:
        def build(folder: Path) -> None:
            rows, labels = [], []
            with SignalWriter(folder, shard_samples=2**16) as writer:
                for i in range(n):
                    signal = heart(first + i, fibrillating=i % 2 == 0, qrs_width=qrs_width)
                    digital = np.round(1000 * signal).astype(np.int16)
                    rows.append(_record(f"{name}-{i:04d}", digital, writer.append(digital), i))
                    labels += [_label(f"{name}-{i:04d}", code, CODES[i % 2] is code) for code in codes]
            write_table(folder, RECORDS, pl.DataFrame(rows, schema=RECORDS.polars))
            write_table(folder, LABELS, pl.DataFrame(labels, schema=LABELS.polars))
            if splits:
                write_table(folder, SPLITS, pl.DataFrame([_split(row, n) for row in rows], schema=SPLITS.polars))

        draft = Draft(
            name=name,
            simulated=True,
            licence="none",
            parameters={
                "n": n,
                "first": first,
                "wide": qrs_width,
                "splits": splits,
                "codes": [str(code) for code in codes],
            },
        )
        return open_dataset(run_stage(workdir, Stage("hearts", 1, Kind.COHORT), draft, build).ref)

    return make


def _record(record_id: str, digital: np.ndarray, offset: int, i: int) -> dict[str, object]:
    return {
        "record_id": record_id,
        "patient_id": f"patient-{record_id}",
        "patient_known": True,
        "source": "made up",
        "source_sha256": "0" * 64,
        "signal_sha256": signal_sha256(digital),
        "fs_hz": FS_HZ,
        "leads": ["I"],
        "n_samples": digital.shape[1],
        "sample_offset": offset,
        "gain_per_unit": [1000.0],
        "baseline": [0],
        "unit": ["mV"],
        "age_years": float(30 + i % 50),
        "sex": "F" if i % 3 else "M",
    }


def _label(record_id: str, code: Code, present: bool) -> dict[str, object]:
    return {
        "record_id": record_id,
        "code_system": code.system.value,
        "code": code.code,
        "probability": float(present),
        "n_readings": 1,
        "agreement": None,
        "weight": 1.0,
        "method": LabelMethod.SINGLE_READER.value,
    }


def _split(row: dict[str, object], n: int) -> dict[str, object]:
    is_test = int(str(row["record_id"])[-4:]) >= 0.8 * n
    split = SplitName.TEST if is_test else SplitName.TRAIN
    return {"patient_id": row["patient_id"], "group_id": row["patient_id"], "split": split.value}
