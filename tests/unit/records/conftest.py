"""Landing folders that are written by the wfdb package, and then spoiled by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import wfdb

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.refs import write_ref
from chiron.records.ingest import ingest_source
from schemas.params import IngestParams


def samples(n_leads: int = 1, n_samples: int = 300, seed: int = 0) -> np.ndarray:
    """Digital samples, (n_samples, n_leads) as wfdb wants them, of 11 bits."""
    return np.random.default_rng(seed).integers(-1000, 1000, (n_samples, n_leads))


def write_record(
    folder: Path, name: str, digital: np.ndarray, *, fmt: str = "16", comments: tuple[str, ...] = ()
) -> None:
    """Write a record with the wfdb package: 300 Hz, gain 1000, baseline 0."""
    n_leads = digital.shape[1]
    folder.mkdir(parents=True, exist_ok=True)
    wfdb.wrsamp(
        name,
        fs=300,
        units=["mV"] * n_leads,
        sig_name=["I", "II", "III"][:n_leads],
        d_signal=digital,
        fmt=[fmt] * n_leads,
        adc_gain=[1000.0] * n_leads,
        baseline=[0] * n_leads,
        comments=list(comments),
        write_dir=str(folder),
    )


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """A folder with two sound records, ok1 and ok2."""
    folder = tmp_path / "landing"
    write_record(folder, "ok1", samples(seed=1))
    write_record(folder, "ok2", samples(seed=2))
    return folder


@pytest.fixture
def ingest(tmp_path: Path, landing: Path) -> Callable[..., Dataset]:
    """Ingest the landing folder, refer to the result as the newest one, and open it."""

    def run(source: Path | str = landing, *, profile: str | None = None, workdir: str = "work") -> Dataset:
        params = IngestParams(source=str(source), name="test", profile=profile)
        outcome = ingest_source(tmp_path / workdir, params)
        write_ref(tmp_path / workdir, "test", "ingest", outcome.ref)
        return open_dataset(outcome.ref)

    return run
