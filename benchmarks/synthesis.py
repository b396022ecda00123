"""Synthetic samples per second on one core, with their truth, to the finished cohort on the disk, beside NeuroKit2."""

import importlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.table import Table

from benchmarks.processes import plain_processes
from benchmarks.result import Benchmark, Target
from chiron.datasets.signals import default_shard_samples
from chiron.synthesis.arrays import Records
from chiron.synthesis.batch import COHORT_TABLES, rows_of
from chiron.synthesis.cohort import synthesize_cohort
from chiron.synthesis.kernel import synthesize_records
from chiron.synthesis.known import known_of
from schemas.cohort import LEADS, CohortSpec
from schemas.params import SynthesizeParams

TARGET: Final = Target("ratio", "at least", 1000)
SPEC: Final = CohortSpec(n_records=2_000, leads=LEADS, fs_hz=500, duration_s=10)
RECORD_SAMPLES: Final = len(LEADS) * SPEC.n_samples
N_KERNEL: Final = 500
N_ANCHOR: Final = 10
NEUROKIT2_PER_SECOND: Final = 73_617.0  # on one core of an AMD EPYC; where it is not installed here


def run() -> Benchmark:
    """A whole cohort, all that is written included, against NeuroKit2's twelve leads of a clean sinus rhythm."""
    with plain_processes(1) as over:  # of one thread each, as a cluster's are
        (measured,) = over(_measure, [SPEC])
    *ours, (whose, peer) = measured
    table = Table("what", "million samples/s", "us per record", f"times {whose}")
    for what, rate in measured:
        table.add_row(what, f"{rate / 1e6:.3f}", f"{1e6 * RECORD_SAMPLES / rate:,.0f}", f"{rate / peer:,.0f}")
    table.caption = (
        f"{SPEC.n_records:,} records of {len(LEADS)} leads x {SPEC.duration_s:g} s at {SPEC.fs_hz:g} Hz; "
        "CPU time of one process with one thread for everything but what waits for the disk"
    )
    return Benchmark(figure=ours[0][1], unit="samples/s", anchor=peer, table=table)


def _measure(spec: CohortSpec) -> list[tuple[str, float]]:
    """What, and its samples per second: the whole first, NeuroKit2 last."""
    records = synthesize_records(spec, 0, N_KERNEL)  # compiled
    whole, kernel, rows = (
        _per_second(n, work)
        for n, work in (
            (spec.n_records, lambda: _whole_cohort(spec)),
            (N_KERNEL, lambda: synthesize_records(spec, 0, N_KERNEL)),
            (N_KERNEL, lambda: _rows(spec, records)),
        )
    )
    peer, whose = _neurokit2()
    return [
        ("cohort on the disk: samples, truth, hashes, manifest", whole),
        ("of that: samples and truth as arrays", kernel),
        ("of that: rows of all tables, with the samples' hashes", rows),
        (whose, peer),
    ]


def _per_second(n_records: int, work: Callable[[], object]) -> float:
    """Samples per second of this process's own time, all its threads: other programs don't count."""
    start = time.process_time()
    work()
    return n_records * RECORD_SAMPLES / (time.process_time() - start)


def _whole_cohort(spec: CohortSpec) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        synthesize_cohort(
            Path(scratch) / "work",
            SynthesizeParams(cohort=spec),
            batch_records=spec.n_records,
            shard_samples=default_shard_samples("int16"),
        )


def _rows(spec: CohortSpec, records: Records) -> None:
    known = known_of(records)
    for table in COHORT_TABLES:
        rows_of(table, spec, 0, known)


def _neurokit2() -> tuple[float, str]:
    """Samples per second of NeuroKit2, and how that is known."""
    try:
        neurokit2 = importlib.import_module("neurokit2")
    except ModuleNotFoundError:
        return NEUROKIT2_PER_SECOND, "NeuroKit2, as measured before"

    def simulate(n: int) -> None:
        for seed in range(n):
            neurokit2.ecg_simulate(duration=10, sampling_rate=500, method="multileads", random_state=seed)

    simulate(1)
    return _per_second(N_ANCHOR, lambda: simulate(N_ANCHOR)), "NeuroKit2"
