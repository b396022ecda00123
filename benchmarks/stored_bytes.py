"""A dataset of a given size with shards as real ones, and what plain programs take for its bytes."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from chiron.settings import settings
from schemas.gate import CheckResult, CheckStatus, GateReport, Severity
from schemas.manifest import DatasetRef, Kind
from schemas.tables import RECORDS

__all__ = ["best_s", "copied_and_hashed", "made_dataset", "timed_s", "use_cache"]

N_LEADS: Final = 12
N_SAMPLES: Final = 5_000
_PASSED: Final = CheckResult(
    name="rows",
    table="records",
    severity=Severity.BLOCKING,
    status=CheckStatus.PASSED,
    expected="rows",
    found="rows",
)


def made_dataset(workdir: Path, n_bytes: int, seed: int = 1) -> DatasetRef:
    """A validated dataset of noise, which takes as many bytes on the disk as it has samples."""
    n_records = max(n_bytes // (2 * N_LEADS * N_SAMPLES), 1)
    draft = Draft("noise", simulated=True, licence="CC0-1.0", parameters={"n_records": n_records, "seed": seed})
    return run_stage(workdir, Stage("noise", 1, Kind.VALIDATED), draft, lambda at: _fill(at, n_records, seed)).ref


def _fill(folder: Path, n_records: int, seed: int) -> None:
    rng = np.random.Generator(np.random.Philox(key=seed))
    with SignalWriter(folder) as writer:
        rows = []
        for i in range(n_records):
            samples = np.frombuffer(rng.bytes(2 * N_LEADS * N_SAMPLES), "<i2").reshape(N_LEADS, N_SAMPLES)
            rows.append(_row(i, samples, writer.append(samples)))
    write_table(folder, RECORDS, pl.concat([RECORDS.empty(), pl.DataFrame(rows)], how="diagonal_relaxed"))
    write_report(folder, GateReport(checks=(_PASSED,)))


def _row(i: int, samples: np.ndarray, offset: int) -> dict[str, object]:
    return {
        "record_id": f"r{i:09d}",
        "patient_id": f"p{i:09d}",
        "patient_known": True,
        "source": "noise",
        "source_sha256": "0" * 64,
        "signal_sha256": signal_sha256(samples),
        "fs_hz": 500.0,
        "leads": [f"L{k}" for k in range(N_LEADS)],
        "n_samples": N_SAMPLES,
        "sample_offset": offset,
        "gain_per_unit": [1000.0] * N_LEADS,
        "baseline": [0] * N_LEADS,
        "unit": ["mV"] * N_LEADS,
    }


def copied_and_hashed(folder: Path, target: Path) -> None:
    """`cp`, `sha256sum` and `md5sum` of the same files, one after the other."""
    files = [str(path) for path in sorted(folder.rglob("*")) if path.is_file()]
    subprocess.run(["cp", "-r", folder, target], check=True)
    subprocess.run(["sha256sum", *files], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["md5sum", *files], check=True, stdout=subprocess.DEVNULL)


def timed_s(work: Callable[[], object], *, sync: bool = True) -> float:
    """Seconds by the clock; with `sync`, when the disk is done with what was before."""
    if sync:
        os.sync()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def best_s(ours: Callable[[int], object], peer: Callable[[int], object], n_rounds: int) -> tuple[float, float]:
    """The best times of two pieces of work, done in turn; each is told which round it is."""
    times = [(timed_s(lambda k=k: ours(k)), timed_s(lambda k=k: peer(k))) for k in range(n_rounds)]  # type: ignore[misc]
    return min(t for t, _ in times), min(t for _, t in times)


def use_cache(folder: Path) -> None:
    """Let pulls of this process use another cache."""
    os.environ["CHIRON_CACHE"] = str(folder)
    settings.cache_clear()
