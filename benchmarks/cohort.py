"""Time and memory of a cohort of 180,000 records of 12 leads x 10 s at 500 Hz, on Dask's processes."""

import os
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

from rich.table import Table

from benchmarks.processes import Memory, measured_memory
from benchmarks.result import Benchmark, Target
from chiron.datasets.signals import default_shard_samples
from chiron.progress import show_progress_with
from chiron.settings import settings
from chiron.synthesis.cohort import synthesize_cohort
from chiron.synthesis.kernel import synthesize_records
from schemas.cohort import LEADS, CohortSpec
from schemas.params import SynthesizeParams
from tasks.cluster import process_map

TARGET: Final = Target("figure", "at most", 300)
N_WHOLE: Final = 180_000  # as many as Sadiq et al. 2021 pre-trained with
N_USUAL: Final = 16_000
N_KERNEL: Final = 500


class Measured(NamedTuple):
    """One cohort: until its last batch was there, and until it was finished."""

    n_records: int
    batches_s: float
    whole_s: float
    memory: Memory


def run() -> Benchmark:
    """`CHIRON_BENCH_RECORDS` records and a quarter of them: from both, what 180,000 take.

    The anchor is the time that the samples and their truth alone would take, divided evenly among the processes.
    """
    n_records = int(os.environ.get("CHIRON_BENCH_RECORDS", str(N_USUAL)))
    few, many = _measure(n_records // 4), _measure(n_records)
    per_record_s = (many.whole_s - few.whole_s) / (many.n_records - few.n_records)
    whole_s = many.whole_s + (N_WHOLE - n_records) * per_record_s
    table = Table("records", "s", "of that after the last batch", "records/s", "most memory MB", "of one process")
    for of in (few, many):
        table.add_row(
            f"{of.n_records:,}",
            f"{of.whole_s:.1f}",
            f"{1 - of.batches_s / of.whole_s:.1%}",
            f"{of.n_records / of.whole_s:,.0f}",
            f"{of.memory.all_mb:,.0f}",
            f"{of.memory.one_mb:,.0f}",
        )
    known = "measured" if n_records == N_WHOLE else f"at {1e6 * per_record_s:,.0f} us for each one more"
    table.caption = f"{N_WHOLE:,} records: {whole_s:,.0f} s, {known}; {settings().workers} processes of Dask"
    return Benchmark(figure=whole_s, unit="s", anchor=_kernel_s() / settings().workers, table=table)


def _spec(n_records: int) -> CohortSpec:
    return CohortSpec(n_records=n_records, leads=LEADS, fs_hz=500, duration_s=10)


def _measure(n_records: int) -> Measured:
    """By the clock, from the start of the processes to the manifest."""
    marks = []

    def note(_: str, done: int, total: int) -> None:
        if done == total:
            marks.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as scratch, measured_memory() as memory, show_progress_with(note):
        start = time.perf_counter()
        with process_map() as over:
            synthesize_cohort(
                Path(scratch) / "work",
                SynthesizeParams(cohort=_spec(n_records)),
                map=over,
                batch_records=settings().batch_records,
                shard_samples=default_shard_samples("int16"),
            )
            end = time.perf_counter()
    return Measured(n_records, marks[-1] - start, end - start, memory)


def _kernel_s() -> float:
    """CPU time of the samples and the truth of all records, from some of them."""
    synthesize_records(_spec(N_WHOLE), 0, 2)  # compiled
    start = time.process_time()
    synthesize_records(_spec(N_WHOLE), 0, N_KERNEL)
    return (time.process_time() - start) * N_WHOLE / N_KERNEL
