"""Distributions as values at evenly spaced probabilities: from measured values, and within limits."""

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["clipped", "median_of", "weighted_quantiles"]

_PROBABILITIES: Final = np.clip(np.linspace(0, 1, 21), 0.01, 0.99)  # a single wrong measurement is no tail
_DECIMALS: Final = 2

Floats = npt.NDArray[np.float64]


def weighted_quantiles(values: Floats, weights: Floats) -> tuple[float, ...] | None:
    """Every twentieth, by Hazen's rule; the ends are the first and the last percentile.

    values: (N,), nan where unknown; None where all are. weights: (N,), of which the sum does not matter.
    """
    known = ~np.isnan(values) & (weights > 0)
    if not known.any():
        return None
    order = np.argsort(values[known], kind="stable")
    value, weight = values[known][order], weights[known][order]
    at = (np.cumsum(weight) - weight / 2) / weight.sum()
    return tuple(np.interp(_PROBABILITIES, at, value).round(_DECIMALS).tolist())


def clipped(quantiles: tuple[float, ...], low: float, high: float) -> tuple[float, ...]:
    """What lies beyond a limit is at it."""
    return tuple(min(max(value, low), high) for value in quantiles)


def median_of(quantiles: tuple[float, ...]) -> float:
    """The value at one half."""
    return float(np.interp(0.5, np.linspace(0, 1, len(quantiles)), quantiles))
