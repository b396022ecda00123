"""How many times as fast two workers make a cohort as one; and what Prefect and Dask cost above plain processes."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple
from unittest.mock import patch

from rich.table import Table

from benchmarks.processes import plain_processes
from benchmarks.result import Benchmark, Target
from chiron.datasets.signals import default_shard_samples
from chiron.settings import settings
from chiron.synthesis.cohort import synthesize_cohort
from schemas.cohort import LEADS, CohortSpec
from schemas.params import SynthesizeParams
from tasks.server import private_prefect

TARGET: Final = Target("figure", "at least", 1.8)
N_USUAL: Final = 12_000
BATCH_RECORDS: Final = 250  # so many batches that no worker waits long for the other's last one

Make = Callable[[Path, SynthesizeParams, int], object]  # in a folder, on so many workers


class Cost(NamedTuple):
    """What a cohort costs by the clock: once, and for each record more."""

    start_s: float
    record_us: float


def run() -> Benchmark:
    """`CHIRON_BENCH_RECORDS` records of 12 leads x 10 s at 500 Hz, and a quarter of them: their difference counts.

    The figure is of Prefect and Dask, the anchor of plain processes.
    """
    n_records = int(os.environ.get("CHIRON_BENCH_RECORDS", str(N_USUAL)))
    even = patch.dict(os.environ, {"CHIRON_BATCH_RECORDS": f"{BATCH_RECORDS}"})
    with even, tempfile.TemporaryDirectory() as scratch, private_prefect(Path(scratch) / "server"):
        settings.cache_clear()
        _orchestrated(Path(scratch) / "first", _params(50), 1)  # compiled, and all modules are loaded
        plain = [_cost(_plain, n_records, n_workers) for n_workers in (1, 2)]
        orchestrated = [_cost(_orchestrated, n_records, n_workers) for n_workers in (1, 2)]
    table = Table("processes", "workers", "us per record", "times as fast", "above plain", "start and end, s")
    for who, costs in (("plain", plain), ("Prefect and Dask", orchestrated)):
        for n_workers, cost, same in zip((1, 2), costs, plain, strict=True):
            faster, above = costs[0].record_us / cost.record_us, cost.record_us / same.record_us - 1
            table.add_row(
                who, f"{n_workers}", f"{cost.record_us:,.0f}", f"{faster:.2f}", f"{above:+.1%}", f"{cost.start_s:.1f}"
            )
    figure, anchor = (costs[0].record_us / costs[1].record_us for costs in (orchestrated, plain))
    return Benchmark(figure=figure, unit="times as fast", anchor=anchor, table=table)


def _params(n_records: int) -> SynthesizeParams:
    return SynthesizeParams(cohort=CohortSpec(n_records=n_records, leads=LEADS, fs_hz=500, duration_s=10))


def _cost(make: Make, n_records: int, n_workers: int) -> Cost:
    sizes = n_records // 4, n_records
    few_s, many_s = (_seconds(make, n, n_workers) for n in sizes)
    record_s = (many_s - few_s) / (sizes[1] - sizes[0])
    return Cost(many_s - n_records * record_s, 1e6 * record_s)


def _seconds(make: Make, n_records: int, n_workers: int) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        start = time.perf_counter()
        make(Path(scratch) / "work", _params(n_records), n_workers)
        return time.perf_counter() - start


def _plain(workdir: Path, params: SynthesizeParams, n_workers: int) -> None:
    with plain_processes(n_workers) as over:
        synthesize_cohort(
            workdir,
            params,
            map=over,
            batch_records=settings().batch_records,
            shard_samples=default_shard_samples("int16"),
        )


def _orchestrated(workdir: Path, params: SynthesizeParams, n_workers: int) -> None:
    from flows.synthesize import synthesize  # noqa: PLC0415 - it shall find its server named

    with patch.dict(os.environ, {"CHIRON_WORKERS": f"{n_workers}"}):
        settings.cache_clear()
        synthesize(params, "bench", str(workdir))
    settings.cache_clear()
