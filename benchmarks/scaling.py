"""How many times as fast two workers make a cohort as one; and what Prefect and Dask cost above plain processes."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
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
N_ROUNDS: Final = 3  # by turns, so that what else the machine does falls on all alike
BATCH_RECORDS: Final = 250  # so many batches that no worker waits long for the other's last one

Make = Callable[[Path, SynthesizeParams, int], object]  # in a folder, on so many workers


class Cost(NamedTuple):
    """What a cohort costs by the clock: once, and for each record more; and this in CPU time of all processes."""

    start_s: float
    record_us: float
    record_cpu_us: float


def run() -> Benchmark:
    """`CHIRON_BENCH_RECORDS` records of 12 leads x 10 s at 500 Hz, and a quarter of them: their difference counts.

    The figure is of Prefect and Dask, the anchor of plain processes; each the median of some rounds.
    """
    n_records = int(os.environ.get("CHIRON_BENCH_RECORDS", str(N_USUAL)))
    even = patch.dict(os.environ, {"CHIRON_BATCH_RECORDS": f"{BATCH_RECORDS}"})
    with even, tempfile.TemporaryDirectory() as scratch, private_prefect(Path(scratch) / "server"):
        settings.cache_clear()
        _orchestrated(Path(scratch) / "first", _params(50), 1)  # compiled, and all modules are loaded
        rounds = [
            {(who, n): _cost(make, n_records, n) for n in (1, 2) for who, make in MAKERS.items()}
            for _ in range(N_ROUNDS)
        ]
    costs = {key: Cost(*map(median, zip(*(each[key] for each in rounds), strict=True))) for key in rounds[0]}
    figure, anchor = (costs[who, 1].record_us / costs[who, 2].record_us for who in (ORCHESTRATED, PLAIN))
    return Benchmark(figure=figure, unit="times as fast", anchor=anchor, table=_table(costs))


def _table(costs: dict[tuple[str, int], Cost]) -> Table:
    table = Table(
        "processes", "workers", "us per record", "times as fast", "CPU us per record", "above plain", "once, s"
    )
    for (who, n_workers), cost in sorted(costs.items(), reverse=True):
        table.add_row(
            who,
            f"{n_workers}",
            f"{cost.record_us:,.0f}",
            f"{costs[who, 1].record_us / cost.record_us:.2f}",
            f"{cost.record_cpu_us:,.0f}",
            f"{cost.record_cpu_us / costs[PLAIN, n_workers].record_cpu_us - 1:+.1%}",
            f"{cost.start_s:.1f}",
        )
    table.caption = f"medians of {N_ROUNDS} rounds; the work of Prefect's server is not in the CPU time"
    return table


def _params(n_records: int) -> SynthesizeParams:
    return SynthesizeParams(cohort=CohortSpec(n_records=n_records, leads=LEADS, fs_hz=500, duration_s=10))


def _cost(make: Make, n_records: int, n_workers: int) -> Cost:
    few, many = n_records // 4, n_records
    (few_s, few_cpu_s), (many_s, many_cpu_s) = (_seconds(make, n, n_workers) for n in (few, many))
    record_s, record_cpu_s = (many_s - few_s) / (many - few), (many_cpu_s - few_cpu_s) / (many - few)
    return Cost(many_s - many * record_s, 1e6 * record_s, 1e6 * record_cpu_s)


def _seconds(make: Make, n_records: int, n_workers: int) -> tuple[float, float]:
    """By the clock, and of CPU time: of this process, and of those that it has ended."""
    with tempfile.TemporaryDirectory() as scratch:
        start = os.times()
        make(Path(scratch) / "work", _params(n_records), n_workers)
        end = os.times()
    return end.elapsed - start.elapsed, sum(end[:4]) - sum(start[:4])


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


PLAIN: Final = "plain"
ORCHESTRATED: Final = "Prefect and Dask"
MAKERS: Final[dict[str, Make]] = {PLAIN: _plain, ORCHESTRATED: _orchestrated}
