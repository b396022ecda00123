"""Records per second of ingest (12 leads, 10 s) on one core beside wfdb.rdrecord; memory and cost as a source grows."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import wfdb
from rich.table import Table

from benchmarks.result import Benchmark, Target
from chiron.records.ingest import ingest_source
from schemas.params import IngestParams

TARGET: Final = Target("ratio", "at least", 10)
N_FEW: Final = 1_000
N_MANY: Final = 20_000
N_FAST: Final = 2_000  # at 500 Hz
N_ANCHOR: Final = 300
DURATION_S: Final = 10
LEADS: Final = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


class Measured(NamedTuple):
    """One ingest in a process of its own, without the time of its imports."""

    n_records: int
    cpu_s: float
    most_mb: float

    @property
    def per_second(self) -> float:
        """Records per second."""
        return self.n_records / self.cpu_s


def run() -> Benchmark:
    """20,000 records at 100 Hz against the wfdb package; beside them fewer records, more of them, and 500 Hz."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        few, many, fast = root / "few", root / "many", root / "fast"
        _write_records(few, range(N_FEW), fs_hz=100)
        _write_records(many, range(N_MANY), fs_hz=100)
        _write_records(fast, range(N_FAST), fs_hz=500)
        whole = _measure(many, root / "work-many", N_MANY)
        peer, peer_fast = _wfdb_per_second(many), _wfdb_per_second(fast)
        of_few, of_fast = _measure(few, root / "work-few", N_FEW), _measure(fast, root / "work-fast", N_FAST)
        _write_records(many, range(N_MANY, N_MANY + N_MANY // 100), fs_hz=100)
        grown = _measure(many, root / "work-many", N_MANY // 100)
    table = Table("what", "CPU s", "records/s", "times wfdb.rdrecord", "most memory MB")
    for what, of, anchor in (
        (f"{N_MANY:,} records, 100 Hz", whole, peer),
        (f"{N_FEW:,} records, 100 Hz", of_few, peer),
        (f"{N_FAST:,} records, 500 Hz", of_fast, peer_fast),
    ):
        ratio = of.per_second / anchor
        table.add_row(what, f"{of.cpu_s:.2f}", f"{of.per_second:,.0f}", f"{ratio:.1f}", f"{of.most_mb:.0f}")
    table.add_row(f"1 % more than {N_MANY:,}", f"{grown.cpu_s:.2f}", "", "", f"{grown.most_mb:.0f}")
    table.caption = (
        f"memory: {whole.most_mb / of_few.most_mb:.2f} times from {N_FEW:,} to {N_MANY:,} records; "
        f"1 % more costs {grown.cpu_s / whole.cpu_s:.1%} of the whole"
    )
    return Benchmark(figure=whole.per_second, unit="records/s", anchor=peer, table=table)


def _write_records(folder: Path, numbers: range, *, fs_hz: int) -> None:
    """Plain format 16, of samples that compress about as ECGs do."""
    folder.mkdir(exist_ok=True)
    random = np.random.Generator(np.random.Philox(key=7))
    shape = (DURATION_S * fs_hz, len(LEADS))
    drift = np.cumsum(random.integers(-3, 4, shape), axis=0)
    for number in numbers:
        name = f"r{number:06d}"
        digital = (drift + random.integers(-8, 9, shape)).astype("<i2")
        (folder / f"{name}.dat").write_bytes(digital.tobytes())
        lines = [f"{name}.dat 16 1000.0(0)/mV 16 0 {digital[0, i]} 0 0 {lead}\n" for i, lead in enumerate(LEADS)]
        first = f"{name} {len(LEADS)} {fs_hz} {len(digital)}\n"
        (folder / f"{name}.hea").write_text(f"{first}{''.join(lines)}# Age: {20 + number % 60}\n# Sex: Male\n")
        for suffix in ("hea", "dat"):  # an hour old: what changes while it is listed is looked at again
            os.utime(folder / f"{name}.{suffix}", (time.time() - 3600,) * 2)


def _measure(source: Path, workdir: Path, n_records: int) -> Measured:
    """One core: Polars would take all."""
    command = [sys.executable, "-m", "benchmarks.ingest", str(source), str(workdir)]
    environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return Measured(n_records, **json.loads(done.stdout.splitlines()[-1]))


def _ingest(source: str, workdir: str) -> None:
    start = time.process_time()
    ingest_source(Path(workdir), IngestParams(source=source, name="bench", profile="wfdb"))
    print(json.dumps({"cpu_s": time.process_time() - start, "most_mb": _most_mb()}))


def _most_mb() -> float:
    """Most memory of this program; what the process had been before counts in `ru_maxrss` on Linux."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _wfdb_per_second(folder: Path) -> float:
    start = time.process_time()
    for number in range(N_ANCHOR):
        wfdb.rdrecord(str(folder / f"r{number:06d}"), physical=False)
    return N_ANCHOR / (time.process_time() - start)


if __name__ == "__main__":
    _ingest(*sys.argv[1:])
