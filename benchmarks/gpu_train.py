"""A training step on a GPU beside the larger of its arithmetic and memory floors; stored and generated samples/s.

Both floors come from what this very device reaches in the same run: a matrix product in the training's precision, and
a copy. Without CUDA everything runs on the processor, and the table says so: that is no measurement of a GPU.
"""

import platform
import resource
import time
from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from rich.table import Table
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.result import Benchmark, Target
from chiron.learning.device_cohort import DeviceCohort
from chiron.learning.networks import new_network
from chiron.learning.training import Examples, Recipe, computes_in_bfloat16, fit
from chiron.learning.zero_shot import CLASS_CODES
from schemas.cohort import CohortSpec
from schemas.training import Architecture, WindowSpec

TARGET: Final = Target("ratio", "at most", 5)  # of a GPU
WINDOW: Final = WindowSpec()
CODES: Final = tuple(CLASS_CODES.values())
BATCH: Final = {"cpu": 64, "cuda": 1024}
N_STEPS: Final = {"cpu": 10, "cuda": 200}
N_RECORDS: Final = {"cpu": 512, "cuda": 50_000}
SPAN: Final = {"cpu": 64, "cuda": 8192}
MATRIX: Final = {"cpu": 1024, "cuda": 8192}
COPIED: Final = {"cpu": 2**26, "cuda": 2**31}  # bytes
_REPEATS: Final = 3
_PASSES: Final = 4  # of an activation and of its gradient: each is written once and read once
_OPTIMIZER_PASSES: Final = 8  # weight, gradient and two moments: each is read and written


def run() -> Benchmark:
    """Seconds of a step on stored examples; the anchor is the larger floor."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_flush_denormal(True)
    kind, half = device.type, computes_in_bfloat16(device)
    batch, n_steps = BATCH[kind], N_STEPS[kind]
    flops, n_bytes = work_of_a_step(device, batch, half=half)
    peak_flops, peak_bytes = peaks(device, half=half)
    arithmetic_s, memory_s = flops / peak_flops, n_bytes / peak_bytes
    step_s = seconds_of(device, lambda: trained(stored(kind), device, n_steps)) / n_steps
    cohort = DeviceCohort(CohortSpec(fs_hz=WINDOW.fs_hz), WINDOW, CODES, n_steps, kind, batch, max(SPAN[kind], batch))
    generated_s = seconds_of(device, lambda: trained(cohort, device, n_steps)) / n_steps
    table = Table("what", "value", title=title_of(device))
    for what, value in (
        ("step on stored examples, augmented", f"{1e3 * step_s:.2f} ms"),
        (
            "arithmetic floor",
            f"{1e3 * arithmetic_s:.3f} ms: {flops / 1e9:.2f} GFLOP at {peak_flops / 1e12:.2f} TFLOP/s",
        ),
        ("memory floor", f"{1e3 * memory_s:.3f} ms: {n_bytes / 1e9:.3f} GB at {peak_bytes / 1e9:,.0f} GB/s"),
        ("stored", f"{batch * WINDOW.n_samples / step_s / 1e6:.2f} million samples/s, {batch / step_s:,.0f} windows/s"),
        ("generated on the device", f"{batch * WINDOW.n_samples / generated_s / 1e6:.2f} million samples/s"),
        ("forward and backward alone", f"{1e3 * passes_s(device, batch, half=half, compiled=False):.2f} ms"),
        *compiled_row(device, batch, half=half),
        ("peak memory", f"{peak_memory(device) / 2**20:,.0f} MiB"),
    ):
        table.add_row(what, value)
    table.caption = f"batches of {batch} windows of {WINDOW.n_samples} samples; {'bfloat16' if half else 'float32'}"
    return Benchmark(figure=step_s, unit="s per step", anchor=max(arithmetic_s, memory_s), table=table)


def stored(kind: str) -> Examples:
    n = N_RECORDS[kind]
    x = np.random.default_rng(1).standard_normal((n, 1, WINDOW.n_samples), dtype=np.float32)
    target = np.eye(len(CODES), dtype=np.float32)[np.arange(n) % len(CODES)]
    return Examples(x, np.arange(n), target, np.ones_like(target))


def trained(examples: Examples | DeviceCohort, device: torch.device, n_steps: int) -> None:
    network = new_network(Architecture.RESNET, 1, len(CODES), seed=1).to(device)
    fit(network, examples, Recipe(n_steps, 1e-3, batch=BATCH[device.type]), seed=1)


def work_of_a_step(device: torch.device, batch: int, *, half: bool) -> tuple[int, int]:
    """Floating-point operations by torch's counter, and bytes that no implementation without fusion can do without."""
    network, counter = (
        new_network(Architecture.RESNET, 1, len(CODES), seed=1).to(device),
        FlopCounterMode(display=False),
    )
    sizes: list[int] = []
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Linear):
            module.register_forward_hook(lambda _module, _given, out: sizes.append(out.numel() * out.element_size()))
    with counter:
        both_passes(network, *made_up(device, batch), half=half)
    n_weights = sum(parameter.numel() for parameter in network.parameters())
    return counter.get_total_flops(), _PASSES * sum(sizes) + 4 * _OPTIMIZER_PASSES * n_weights


def made_up(device: torch.device, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(batch, 1, WINDOW.n_samples, device=device), torch.rand(batch, len(CODES), device=device)


def both_passes(network: nn.Module, x: torch.Tensor, target: torch.Tensor, *, half: bool) -> None:
    with torch.autocast(x.device.type, torch.bfloat16, enabled=half):
        logits = network(x)
    F.binary_cross_entropy_with_logits(logits.float(), target).backward()  # type: ignore[no-untyped-call]


def passes_s(device: torch.device, batch: int, *, half: bool, compiled: bool) -> float:
    network = new_network(Architecture.RESNET, 1, len(CODES), seed=1).to(device).train()
    if compiled:
        network.compile()
    x, target = made_up(device, batch)
    n = N_STEPS[device.type]

    def work() -> None:
        for _ in range(n):
            both_passes(network, x, target, half=half)

    return seconds_of(device, work) / n


def compiled_row(device: torch.device, batch: int, *, half: bool) -> tuple[tuple[str, str], ...]:
    """On a GPU only: a processor compiles for half a minute and is no quicker afterwards."""
    if device.type == "cpu":
        return ()
    return (("the same, compiled", f"{1e3 * passes_s(device, batch, half=half, compiled=True):.2f} ms"),)


def peaks(device: torch.device, *, half: bool) -> tuple[float, float]:
    """Operations per second of a matrix product, and bytes per second of a copy, read and written."""
    n = MATRIX[device.type]
    a = torch.randn(n, n, device=device, dtype=torch.bfloat16 if half else torch.float32)
    source = torch.ones(COPIED[device.type] // 4, device=device)
    copied = torch.empty_like(source)
    product_s = seconds_of(device, lambda: a @ a)
    return 2 * n**3 / product_s, 2 * COPIED[device.type] / seconds_of(device, lambda: copied.copy_(source))


def seconds_of(device: torch.device, work: Callable[[], object]) -> float:
    """Of the fastest of a few runs after a first one; on a processor its own time, whatever else runs."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    work()
    seconds = []
    for _ in range(_REPEATS):
        wait(device)
        start = clock()
        work()
        wait(device)
        seconds.append(clock() - start)
    return min(seconds)


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_memory(device: torch.device) -> int:
    """Bytes: of the device, or of the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def title_of(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"NO GPU HERE: measured on the processor ({platform.processor() or platform.machine()})"
