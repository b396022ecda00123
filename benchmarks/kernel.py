"""Synthetic samples per second of the compiled pass on one core, beside plain numpy without noise."""

import time
from collections.abc import Callable
from typing import Final

import numpy as np
from rich.table import Table

from benchmarks.result import Benchmark, Target
from chiron.synthesis.condition import draw_condition, group_settings
from chiron.synthesis.draws import Topic, new_stream
from chiron.synthesis.kernel import synthesize_records
from chiron.synthesis.morphology import draw_shapes
from chiron.synthesis.morphology_model import load_model
from chiron.synthesis.parts import Layout
from chiron.synthesis.rhythm import plan_rhythm
from chiron.synthesis.structures import MEASURED, Plan, Shapes, Wave, new_plan, new_shapes
from schemas.cohort import LEADS, CohortSpec

TARGET: Final = Target("figure", "at least", 200e6)
N_RECORDS: Final = 2000
CLINICAL: Final = CohortSpec(n_records=N_RECORDS, leads=LEADS, fs_hz=500.0, duration_s=10.0)
HANDHELD: Final = CohortSpec(n_records=N_RECORDS)
N_ANCHOR: Final = 20


def run() -> Benchmark:
    """Signal, noise, recorder and truth as arrays; the peer draws the same beats, every wave over every sample."""
    table = Table("what", "us per record", "records/s", "million samples/s")
    clinical = _row(table, "12 leads, 10 s at 500 Hz", CLINICAL, lambda n: _make(CLINICAL, n))
    _row(table, "1 lead, 20 s at 100 Hz", HANDHELD, lambda n: _make(HANDHELD, n))
    plain = _row(table, "12 leads in plain numpy: heart only", CLINICAL, _plain_hearts, N_ANCHOR)
    return Benchmark(figure=clinical, unit="samples/s", anchor=plain, table=table)


def _row(table: Table, what: str, spec: CohortSpec, work: Callable[[int], object], n: int = N_RECORDS) -> float:
    """Samples per second of this process's own time: other programs don't count. The best of three."""
    work(2)  # compiled, and the memory is there
    seconds = min(_seconds(lambda: work(n)) for _ in range(3)) / n
    samples = len(spec.leads) * spec.n_samples / seconds
    table.add_row(what, f"{1e6 * seconds:,.0f}", f"{1 / seconds:,.0f}", f"{samples / 1e6:,.1f}")
    return samples


def _make(spec: CohortSpec, n: int) -> None:
    """As many at a time as a cohort makes."""
    shard_samples = n * len(spec.leads) * spec.n_samples
    for first, stop in Layout.of(spec, batch_records=n, shard_samples=shard_samples).blocks(0):
        synthesize_records(spec, first, stop)


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _plain_hearts(n: int) -> None:
    settings, seed = group_settings(list(CLINICAL.groups.values())), np.uint64(CLINICAL.seed)
    plan, shapes = new_plan(CLINICAL.duration_s), new_shapes()
    for index in range(n):
        condition = draw_condition(new_stream(seed, index, Topic.CONDITION), settings, seed, np.uint64(index))
        draw_shapes(new_stream(seed, index, Topic.SHAPES), condition, load_model(), shapes)
        plan_rhythm(new_stream(seed, index, Topic.RHYTHM), condition, shapes, CLINICAL.duration_s, plan)
        _plain_heart(plan, shapes)


def _plain_heart(plan: Plan, shapes: Shapes) -> np.ndarray:
    """(8, S) mV."""
    t, out = np.arange(CLINICAL.n_samples) / CLINICAL.fs_hz, np.zeros((len(MEASURED), CLINICAL.n_samples))
    beats, p_waves = plan.beat_s[: plan.count[0]], plan.p_s[: plan.count[1]] - shapes.on_s[Wave.P]
    for wave, at_s in ((Wave.QRS, beats), (Wave.T, beats), (Wave.P, p_waves)):
        for w in range(shapes.n[wave]):
            distance = t - (at_s + shapes.centre[wave, w])[:, None]
            width = np.where(distance < 0, shapes.rise[wave, w], shapes.fall[wave, w])
            out += shapes.amplitude[wave, w][:, None] * np.exp(-0.5 * (distance / width) ** 2).sum(axis=0)
    return out
