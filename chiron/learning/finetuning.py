"""Fine-tuning that does not forget: a few real records must not undo what the cohort taught.

Small steps with the batch statistics of pre-training, then the weights are averaged with the starting point
(Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Final

import torch

from chiron.learning.network import Network
from chiron.learning.training import Examples, Recipe, Trace, fit

__all__ = ["fine_tuned", "interpolated"]

_RATE: Final = 3e-4


def fine_tuned(
    start: Network, real: Examples, n_steps: int, *, seed: int, on_step: Callable[[int, int], None]
) -> tuple[Network, Trace]:
    """A new network; `start` stays as it is."""
    moved = deepcopy(start)
    recipe = Recipe(n_steps, _RATE, batch=32, freeze_norm=True)
    trace = fit(moved, real, recipe, seed=seed, on_step=on_step)
    return interpolated(start, moved, 0.5), trace


def interpolated(start: Network, end: Network, share: float) -> Network:
    """A network whose weights lie between two others. share: 0 gives `start`, 1 gives `end`."""
    between = deepcopy(start)
    with torch.no_grad():
        for weight, target in zip(between.parameters(), end.parameters(), strict=True):
            weight.lerp_(target, share)
    return between
