"""A stand-in for a generator of records: spikes, regular or not. Importable, so that other processes can run it."""

import os
from typing import NamedTuple

import numpy as np

from chiron.learning.streaming import prepared_windows
from schemas.training import WindowSpec

WINDOW = WindowSpec(duration_s=8.0)
N_CODES = 4  # in the order of the rhythm classes: regular, irregular, never, no beat at all


class MadeUpCohort(NamedTuple):
    """Of each record the same, whatever else is asked for; records below `n_known` only."""

    seed: int
    n_known: int = 1_000_000

    def __call__(self, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        assert 0 <= first < stop <= self.n_known, (first, stop)
        kinds = [(i * 7 + 3) % 5 % 3 for i in range(first, stop)]
        signals = np.stack([self._signal(i, kind) for i, kind in zip(range(first, stop), kinds, strict=True)])
        target = np.zeros((stop - first, N_CODES), np.float32)
        target[np.arange(stop - first), [(0, 1, 3)[kind] for kind in kinds]] = 1.0
        return prepared_windows(signals, WINDOW.fs_hz, WINDOW), target

    def _signal(self, index: int, kind: int) -> np.ndarray:
        rng = np.random.default_rng([self.seed, index])
        t = np.arange(WINDOW.n_samples) / WINDOW.fs_hz
        rr = np.clip(rng.normal(rng.uniform(0.6, 0.9), (0.01, 0.2, 0.0)[kind], 40), 0.3, 2.0)
        beats = sum(np.exp(-(((t - at) / 0.03) ** 2)) for at in np.cumsum(rr)) if kind < 2 else np.zeros_like(t)
        return (beats + 0.03 * rng.standard_normal(t.size))[None].astype(np.float32)


class InOtherProcesses(NamedTuple):
    """Fails in the process that it is made in, so that a test sees who generates."""

    source: MadeUpCohort
    not_in: int

    def __call__(self, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        assert os.getpid() != self.not_in
        return self.source(first, stop)
