"""Synthetic samples per second on a GPU, beside how fast its memory can be written at all.

Without CUDA everything runs on the processor, and the table says so: that is no measurement of a GPU.
"""

import platform
import time
from collections.abc import Callable
from typing import Final

import torch
from rich.table import Table

from benchmarks.result import Benchmark, Target
from chiron.synthesis.scores import make_scores
from chiron.synthesis.torch_records import torch_records
from schemas.cohort import CohortSpec

TARGET: Final = Target("figure", "at least", 100e6)  # of a GPU
SPEC: Final = CohortSpec(fs_hz=500.0, duration_s=10.0, leads=("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"))
N_RECORDS: Final = {"cpu": 32, "cuda": 4096}
_REPEATS: Final = 3


def run() -> Benchmark:
    """Whole records in eight leads; the anchor fills a tensor of the same size with a constant."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    n = N_RECORDS[device.type]
    samples = n * SPEC.n_samples * len(SPEC.leads)
    made = _fastest_s(device, lambda: torch_records(SPEC, 0, n, device=device))
    planned = _fastest_s(device, lambda: make_scores(SPEC, 0, n))
    target = torch.empty(samples, device=device)
    filled = _fastest_s(device, lambda: target.fill_(1.0))
    table = Table("what", "million samples/s", "records/s", title=_title(device))
    for what, seconds in (("records", made), ("of these: plans, one core", planned), ("memory written once", filled)):
        table.add_row(what, f"{samples / seconds / 1e6:,.1f}", f"{n / seconds:,.0f}")
    return Benchmark(figure=samples / made, unit="samples/s", anchor=samples / filled, table=table)


def _title(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"NO GPU HERE: measured on the processor ({platform.processor() or platform.machine()})"


def _fastest_s(device: torch.device, work: Callable[[], object]) -> float:
    """Seconds of the fastest of a few runs after a first one."""
    work()
    seconds = []
    for _ in range(_REPEATS):
        _wait(device)
        start = time.perf_counter()
        work()
        _wait(device)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
