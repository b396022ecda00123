"""Seconds of `python -c "import chiron"`, beside `python -c pass`."""

import statistics
import subprocess
import sys
import time
from typing import Final

from rich.table import Table

from benchmarks.result import Benchmark, Target

TARGET: Final = Target("figure", "at most", 0.3)
N_STARTS: Final = 9


def run() -> Benchmark:
    """Medians of fresh interpreters, taken in turns so that both see the same machine."""
    seconds: dict[str, list[float]] = {"pass": [], "import chiron": []}
    for _ in range(N_STARTS):
        for code, taken in seconds.items():
            taken.append(_start(code))
    medians = {code: statistics.median(taken) for code, taken in seconds.items()}
    table = Table("python -c", "median s", "least s", "most s")
    for code, taken in seconds.items():
        table.add_row(code, f"{medians[code]:.3f}", f"{min(taken):.3f}", f"{max(taken):.3f}")
    return Benchmark(figure=medians["import chiron"], unit="s", anchor=medians["pass"], table=table)


def _start(code: str) -> float:
    """Wall seconds of one interpreter."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start
