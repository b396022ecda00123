"""Made-up recordings that are easy to tell apart: regular and irregular spikes."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from open_gate import OPEN_GATE

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.datasets.splits import assign_splits
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, SINUS_RHYTHM, Code, LabelMethod
from schemas.manifest import Kind
from schemas.params import SplitShares
from schemas.tables import LABELS, RECORDS, SPLITS

FS_HZ = 100.0


def spikes(rr_s: np.ndarray, n_samples: int, fs_hz: float = FS_HZ) -> np.ndarray:
    """A lead of narrow bumps, one at the end of every interval. (n_samples,) mV."""
    t = np.arange(n_samples) / fs_hz
    return np.asarray(sum(np.exp(-(((t - at) / 0.02) ** 2)) for at in np.cumsum(rr_s)))


def made_up_signal(index: int, *, irregular: bool, n_samples: int = 1000) -> np.ndarray:
    """One lead, (1, n_samples) mV."""
    rng = np.random.default_rng([index, int(irregular)])
    mean, spread = rng.uniform(0.6, 0.9), 0.2 if irregular else 0.01
    rr = np.clip(rng.normal(mean, spread, 40), 0.3, 2.0)
    return (spikes(rr, n_samples) + 0.03 * rng.standard_normal(n_samples))[None]


def make_dataset(
    workdir: Path,
    kind: Kind,
    name: str,
    n: int,
    *,
    first: int = 0,
    flip_labels_of: str | None = None,
    noise_read_in: str | None = None,
) -> Dataset:
    """Every third record irregular, and called atrial fibrillation; `flip_labels_of` inverts one split's labels.

    Noise is looked for in one split only, and found in every second record of it.
    """

    def build(folder: Path) -> None:
        rows, labels = [], []
        with SignalWriter(folder, shard_samples=2**14) as writer:
            for i in range(first, first + n):
                digital = np.round(1000 * made_up_signal(i, irregular=i % 3 == 0)).astype(np.int16)
                rows.append(_record_row(f"{name}-{i:05d}", digital, writer.append(digital)))
        records = pl.DataFrame(rows, schema=RECORDS.polars)
        splits = assign_splits(records, SplitShares())
        of_patient = dict(zip(splits["patient_id"], splits["split"], strict=True))
        for i, row in zip(range(first, first + n), rows, strict=True):
            split = of_patient[row["patient_id"]]
            present = (i % 3 == 0) != (split == flip_labels_of)
            labels.append(_label_row(row["record_id"], ATRIAL_FIBRILLATION, present))
            labels.append(_label_row(row["record_id"], SINUS_RHYTHM, not present))
            if split == noise_read_in:
                labels.append(_label_row(row["record_id"], NOISE, i % 2 == 0))
        write_table(folder, RECORDS, records)
        write_table(folder, SPLITS, splits)
        write_table(folder, LABELS, pl.DataFrame(labels, schema=LABELS.polars))
        write_report(folder, OPEN_GATE)

    draft = Draft(
        name=name,
        simulated=True,
        licence="none",
        parameters={"n": n, "flipped": flip_labels_of, "noise": noise_read_in},
    )
    return open_dataset(run_stage(workdir, Stage(f"make-{kind.value}", 1, kind), draft, build).ref)


def _record_row(record_id: str, digital: np.ndarray, offset: int) -> dict[str, object]:
    return {
        "record_id": record_id,
        "patient_id": f"patient-{record_id}",
        "patient_known": False,
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
    }


def _label_row(record_id: str, code: Code, present: bool) -> dict[str, object]:
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


@pytest.fixture(scope="session")
def made_up_workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workdir that tests of one session share."""
    return tmp_path_factory.mktemp("learning") / "work"


@pytest.fixture(scope="session")
def made_up_real(made_up_workdir: Path) -> Dataset:
    """160 "real" recordings of 10 s."""
    return make_dataset(made_up_workdir, Kind.VALIDATED, "hospital", 160)


@pytest.fixture(scope="session")
def made_up_cohort(made_up_workdir: Path) -> Dataset:
    """200 "synthetic" recordings of 10 s."""
    return make_dataset(made_up_workdir, Kind.COHORT, "cohort", 200, first=1000)
