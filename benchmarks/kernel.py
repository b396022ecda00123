"""Synthetic records per second on one core, beside the same heart in plain numpy without any noise."""

import time
from collections.abc import Callable
from typing import Final

import numpy as np
from rich.table import Table

from benchmarks.result import Benchmark, Target
from chiron.synthesis.batch import synthesize_batch
from chiron.synthesis.person import Person, Waves
from chiron.synthesis.plan import BeatPlan
from chiron.synthesis.rhythm import plan_rhythm
from chiron.synthesis.stream import Stream
from chiron.synthesis.waves import qt_stretch
from schemas.cohort import CohortSpec, Rhythm

TARGET: Final = Target("ratio", "at least", 10)
SPEC: Final = CohortSpec()
N_RECORDS: Final = 1000
N_ANCHOR: Final = 40


def run() -> Benchmark:
    """Whole records (signal, noise, truth, table rows) against hearts in which every wave sees every sample."""
    synthesize_batch(SPEC, 0, 10)  # compiled, and the memory is there
    ours = _per_second(N_RECORDS, lambda n: synthesize_batch(SPEC, 0, n))
    plain = _per_second(N_ANCHOR, lambda n: [_plain_heart(index) for index in range(n)])
    samples = SPEC.n_samples / 1e6
    table = Table("what", "records/s", "million samples/s")
    table.add_row("record with noise and tables", f"{ours:,.0f}", f"{ours * samples:.2f}")
    table.add_row("plain numpy, heart only", f"{plain:,.0f}", f"{plain * samples:.2f}")
    return Benchmark(figure=ours, unit="records/s", anchor=plain, table=table)


def _per_second(n: int, work: Callable[[int], object]) -> float:
    """Records per second of this process's own time: other programs don't count."""
    start = time.process_time()
    work(n)
    return n / (time.process_time() - start)


def _plain_heart(index: int) -> np.ndarray:
    """Lead I of a person in sinus rhythm."""
    stream = Stream(SPEC.seed, index)
    person = Person(stream, SPEC.leads, wide_qrs=False, arms_swapped=False)
    plan: BeatPlan = plan_rhythm(stream, Rhythm.SINUS, duration_s=SPEC.duration_s, breath_hz=0.25)
    t = np.arange(SPEC.n_samples) / SPEC.fs_hz
    once = np.ones(len(plan.r_s))
    qrs, t_wave = person.draw_conducted()
    groups = ((person.draw_p(), plan.p_s, once), (qrs, plan.r_s, once), (t_wave, plan.r_s, qt_stretch(plan.r_s)))
    drawn: np.ndarray = np.sum([_plain_waves(t, *group) for group in groups], axis=0)
    return drawn


def _plain_waves(t: np.ndarray, waves: Waves, at_s: np.ndarray, stretch: np.ndarray) -> np.ndarray:
    out = np.zeros_like(t)
    for (centre, rise, fall), (amplitude,) in zip(waves.shape, waves.amplitude, strict=True):
        distance = t[None, :] - (at_s + stretch * centre)[:, None]
        z = distance / (stretch[:, None] * np.where(distance < 0, rise, fall))
        out += amplitude * np.exp(-0.5 * z**2).sum(axis=0)
    return out
