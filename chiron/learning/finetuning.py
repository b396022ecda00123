"""Fine-tuning that does not forget: a few real records must not undo what the cohort taught.

The batch statistics of pre-training are kept, and the weights found are averaged with the starting point (Wortsman et
al. 2022, "Robust fine-tuning of zero-shot models"). The cohort counts as much as `_COHORT_COUNTS_AS` real records: with
that many the result lies half-way, with many more it is nearly what fine-tuning found. That needs no validation data.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Final

import torch

from chiron.learning.networks import Network
from chiron.learning.training import Examples, Recipe, Trace, fit

__all__ = ["fine_tuned", "interpolated"]

_RATE: Final = 5e-4
_COHORT_COUNTS_AS: Final = 60  # real records


def fine_tuned(
    start: Network, real: Examples, n_steps: int, *, seed: int, on_step: Callable[[int, int], None]
) -> tuple[Network, Trace]:
    """A new network; `start` stays as it is."""
    moved = deepcopy(start)
    trace = fit(moved, real, Recipe(n_steps, _RATE, freeze_norm=True), seed=seed, on_step=on_step)
    share = real.n_records / (real.n_records + _COHORT_COUNTS_AS)
    return interpolated(start, moved, share), trace


def interpolated(start: Network, end: Network, share: float) -> Network:
    """A network whose weights lie between two others. share: 0 gives `start`, 1 gives `end`."""
    between = deepcopy(start)
    with torch.no_grad():
        for weight, target in zip(between.parameters(), end.parameters(), strict=True):
            weight.lerp_(target, share)
    return between
