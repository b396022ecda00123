"""Verification of 2 GB of real-size shards: bytes per second of one core, beside sha256sum."""

import resource
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.table import Table

from benchmarks.release import N_BYTES, N_ROUNDS
from benchmarks.result import Benchmark, Target
from benchmarks.stored_bytes import made_dataset, timed_s
from chiron.datasets.disk import folder_bytes
from chiron.datasets.verify import verify_dataset

TARGET: Final = Target("figure", "at least", 1.0)


def run() -> Benchmark:
    """Time of the processor, all threads: other programs don't count."""
    with tempfile.TemporaryDirectory(prefix="chiron-bench-") as scratch:
        folder = Path(made_dataset(Path(scratch) / "work", N_BYTES).path)
        files = [str(path) for path in folder.rglob("*") if path.is_file()]

        def peer() -> None:
            subprocess.run(["sha256sum", *files], check=True, stdout=subprocess.DEVNULL)

        gb = folder_bytes(folder) / 1e9
        ours = [_cpu_s(lambda: verify_dataset(folder)) for _ in range(N_ROUNDS)]
        peers = [_cpu_s(peer) for _ in range(N_ROUNDS)]
        unpacked = _cpu_s(lambda: verify_dataset(folder, content=True))
        clock = min(timed_s(lambda: verify_dataset(folder)) for _ in range(N_ROUNDS))
    table = Table("", "GB per second of one core")
    table.add_row("verify: manifest, files, tables", f"{gb / min(ours):.2f}")
    table.add_row("verify --content: every sample too", f"{gb / unpacked:.2f}")
    table.add_row("sha256sum", f"{gb / min(peers):.2f}")
    table.caption = f"{gb:.2f} GB, warm, best of {N_ROUNDS}; by the clock, in threads, {clock:.2f} s"
    return Benchmark(figure=gb / min(ours), unit="GB/s per core", anchor=gb / min(peers), table=table)


def _cpu_s(work: Callable[[], object]) -> float:
    """Seconds of processor time of this process and of those that it waited for."""
    before = _used_s()
    work()
    return _used_s() - before


def _used_s() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in used)
