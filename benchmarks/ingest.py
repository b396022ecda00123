"""Records per second of ingest (12 leads, 10 s, 500 Hz) on one core beside wfdb.rdrecord; memory as it grows."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np
import wfdb
from rich.table import Table

from benchmarks.result import Benchmark, Target
from chiron.records.ingest import ingest_source
from schemas.params import IngestParams

TARGET: Final = Target("ratio", "at least", 10)
N_RECORDS: Final = 1_000
N_MANY: Final = 20_000
N_ANCHOR: Final = 200
N_LEADS: Final = 12
N_SAMPLES: Final = 5_000
LEADS: Final = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def run() -> Benchmark:
    """Ingest 1,000 and 20,000 records in fresh processes, add 1 % to the many, and read some with the wfdb package."""
    with tempfile.TemporaryDirectory() as scratch:
        few, many = Path(scratch) / "few", Path(scratch) / "many"
        _write_records(few, 0, N_RECORDS)
        _write_records(many, 0, N_MANY)
        of_few = _measure(few, Path(scratch) / "work-few")
        of_many = _measure(many, Path(scratch) / "work-many")
        _write_records(many, N_MANY, N_MANY + N_MANY // 100)
        of_more = _measure(many, Path(scratch) / "work-many")
        peer = _wfdb_per_second(few)
    ours = N_RECORDS / of_few["cpu_s"]
    table = Table("what", "CPU s", "records/s", "most memory MB")
    table.add_row(f"ingest of {N_RECORDS:,}", f"{of_few['cpu_s']:.2f}", f"{ours:,.0f}", f"{of_few['mb']:.0f}")
    per_second = N_MANY / of_many["cpu_s"]
    table.add_row(f"ingest of {N_MANY:,}", f"{of_many['cpu_s']:.2f}", f"{per_second:,.0f}", f"{of_many['mb']:.0f}")
    table.add_row("the same, 1 % more", f"{of_more['cpu_s']:.2f}", "", f"{of_more['mb']:.0f}")
    table.add_row("loop of wfdb.rdrecord", "", f"{peer:,.0f}", "")
    table.caption = (
        f"memory {of_many['mb'] / of_few['mb']:.2f} times from {N_RECORDS:,} to {N_MANY:,} records; "
        f"1 % more costs {of_more['cpu_s'] / of_many['cpu_s']:.1%} of the whole"
    )
    return Benchmark(figure=ours, unit="records/s", anchor=peer, table=table)


def _write_records(folder: Path, first: int, last: int) -> None:
    """Plain format 16, with samples that compress about as ECGs do."""
    folder.mkdir(exist_ok=True)
    random = np.random.Generator(np.random.Philox(key=7))
    drift = np.cumsum(random.integers(-3, 4, (N_SAMPLES, N_LEADS)), axis=0)
    for number in range(first, last):
        name = f"r{number:06d}"
        digital = (drift + random.integers(-8, 9, (N_SAMPLES, N_LEADS))).astype("<i2")
        (folder / f"{name}.dat").write_bytes(digital.tobytes())
        lines = [f"{name}.dat 16 1000.0(0)/mV 16 0 {digital[0, i]} 0 0 {lead}\n" for i, lead in enumerate(LEADS)]
        header = f"{name} {N_LEADS} 500 {N_SAMPLES}\n" + "".join(lines) + f"# Age: {20 + number % 60}\n# Sex: Male\n"
        (folder / f"{name}.hea").write_text(header)


def _measure(source: Path, workdir: Path) -> dict[str, float]:
    """CPU seconds and most memory of one ingest in a process of its own, without the time of its imports."""
    command = [sys.executable, "-m", "benchmarks.ingest", str(source), str(workdir)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "POLARS_MAX_THREADS": "1"}
    )
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _ingest(source: str, workdir: str) -> None:
    start = time.process_time()
    ingest_source(Path(workdir), IngestParams(source=source, name="bench", profile="wfdb"))
    most_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"cpu_s": time.process_time() - start, "mb": most_kb / 1024}))


def _wfdb_per_second(folder: Path) -> float:
    start = time.process_time()
    for number in range(N_ANCHOR):
        wfdb.rdrecord(str(folder / f"r{number:06d}"), physical=False)
    return N_ANCHOR / (time.process_time() - start)


if __name__ == "__main__":
    _ingest(*sys.argv[1:])
