"""What a plan will take, said before it starts, and how much is left while it runs.

Jobs count in seconds of one core. The time of a training step is measured on the machine at hand, with the network and
the windows at hand; the rest is small beside it.
"""

import time
from collections.abc import Iterable
from typing import Final

import numpy as np
import torch

from chiron.boost.jobs import Job, Pretraining, Start, Training
from chiron.boost.setup import Setup
from chiron.learning.networks import new_network
from chiron.learning.training import Examples, Recipe, fit
from chiron.progress import report_line, report_progress
from schemas.boost import Arm

__all__ = ["Watch", "forecast_line", "minutes", "seconds_of", "step_seconds"]

_BATCH: Final = 64
_TIMED_STEPS: Final = 3
_RATE: Final = 1e-3
_FINE_TUNING: Final = 0.6  # of a step: its batches are half as large
_CHOICE_S: Final = 2.5  # a dozen candidates on the valid split
_SELF_SUPERVISED: Final = 2.0  # two views of every window
_BASELINE_S: Final = 1.5
_LITTLE_S: Final = 1.0  # reading arrays, scoring the valid and the test split, writing
_WHAT: Final = "training, seconds of work"
_SAY_EVERY_S: Final = 60.0


def step_seconds(setup: Setup) -> float:
    """Core-seconds of one training step with its augmentation, measured after a first one."""
    torch.set_num_threads(1)
    network = new_network(setup.architecture, len(setup.view.leads), len(setup.view.codes), 0)
    rng = np.random.default_rng(0)
    x_WLT = rng.standard_normal((_BATCH, len(setup.view.leads), setup.view.window.n_samples), dtype=np.float32)
    target_NC = np.eye(len(setup.view.codes), dtype=np.float32)[rng.integers(len(setup.view.codes), size=_BATCH)]
    examples = Examples(x_WLT, np.arange(_BATCH), target_NC, np.ones_like(target_NC))
    fit(network, examples, Recipe(1, _RATE), seed=0)
    began = time.process_time()
    fit(network, examples, Recipe(_TIMED_STEPS, _RATE), seed=0)
    return (time.process_time() - began) / _TIMED_STEPS


def seconds_of(job: Job, step_s: float) -> float:
    """Core-seconds of one job."""
    if isinstance(job, Pretraining):
        return _LITTLE_S + job.n_steps * step_s * (_SELF_SUPERVISED if job.source is Start.UNLABELLED else 1.0)
    if job.arm in (Arm.FOREST, Arm.LOGISTIC):
        return _BASELINE_S
    if job.start is None:
        return _LITTLE_S + job.n_steps * step_s
    return _LITTLE_S + (_CHOICE_S + job.n_steps * step_s * _FINE_TUNING if job.n_real else 0.0)


def minutes(seconds: float) -> str:
    """A duration in the words of who waits for it."""
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def forecast_line(jobs: Iterable[Job], n_all: int, step_s: float, n_workers: int) -> str:
    """What is to be done, in one line."""
    todo = list(jobs)
    total_s = sum(seconds_of(job, step_s) for job in todo)
    n_before = sum(isinstance(job, Pretraining) for job in todo)
    n_after = sum(isinstance(job, Training) for job in todo)
    done = f", {n_all - len(todo):,} of {n_all:,} jobs are done already" if len(todo) < n_all else ""
    return (
        f"boost experiment: {n_before:,} pre-trainings and {n_after:,} trainings{done}; about "
        f"{minutes(total_s / n_workers)} on {n_workers} cores ({1000 * step_s:.0f} ms of a core per step)"
    )


class Watch:
    """Reports progress in seconds of work, and now and then how long the rest will take at the pace so far."""

    def __init__(self, every: Iterable[Job], missing: Iterable[Job], step_s: float) -> None:
        self._step_s = step_s
        self._total = sum(seconds_of(job, step_s) for job in every)
        self._before = self._done = self._total - sum(seconds_of(job, step_s) for job in missing)
        self._began = self._said = time.monotonic()

    def finished(self, job: Job) -> None:
        """Count a job as done."""
        self._done += seconds_of(job, self._step_s)
        report_progress(_WHAT, round(self._done), max(round(self._total), 1))
        now = time.monotonic()
        if now - self._said >= _SAY_EVERY_S and self._done < self._total:
            self._said = now
            left_s = (self._total - self._done) * (now - self._began) / (self._done - self._before)
            report_line(f"  boost experiment: {self._done / self._total:.0%} done, about {minutes(left_s)} left")
