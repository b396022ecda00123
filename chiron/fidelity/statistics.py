"""Resampling by group, standardised differences of medians, and shares, each with its interval.

Shapes: N records, B resamples.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from chiron.evaluation.ranking import Aurocs
from schemas.base import Interval

__all__ = ["N_RESAMPLES", "of_folds", "outside_share", "resampled_counts", "share", "spread", "standardised_difference"]

N_RESAMPLES: Final = 400
_NORMAL_IQR: Final = 1.349  # interquartile range of a normal distribution in standard deviations
_RANGE_PERCENT: Final = (0.5, 99.5)
_FEWEST: Final = 8

Floats = npt.NDArray[np.float64]


def resampled_counts(group: npt.NDArray[Any], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(B, N): how often each record is in each resample, groups being drawn whole and with replacement."""
    names, of_record = np.unique(group, return_inverse=True)
    draws = rng.multinomial(names.size, np.full(names.size, 1 / names.size), size=N_RESAMPLES)
    return np.asarray(draws[:, of_record])


def spread(values: Floats) -> float:
    """The standard deviation of a normal distribution with the same quartiles; the plain one where they coincide."""
    lower, upper = np.percentile(values, [25, 75])
    return float((upper - lower) / _NORMAL_IQR) or float(values.std())


def standardised_difference(
    real: Floats, synthetic: Floats, counts: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
) -> Interval:
    """Synthetic minus real median in units of the real spread; percentile interval over resamples of both.

    real: (N,), synthetic: (N',), nan where not measured; counts: (B, N) and (B, N') as of `resampled_counts`.
    """
    sides = [
        (values[np.isfinite(values)], n[:, np.isfinite(values)])
        for values, n in zip((real, synthetic), counts, strict=True)
    ]
    if any(values.size < _FEWEST for values, _ in sides):
        return Interval(value=None)
    scale = spread(sides[0][0])
    if scale == 0:
        return Interval(value=None)
    medians = [_resampled_medians(values, n) for values, n in sides]
    drawn = (medians[1] - medians[0]) / scale
    value = float((np.median(sides[1][0]) - np.median(sides[0][0])) / scale)
    lower, upper = np.nanpercentile(drawn, [2.5, 97.5])
    return Interval(value=value, lower=min(float(lower), value), upper=max(float(upper), value))


def _resampled_medians(values: Floats, counts: npt.NDArray[np.int64]) -> Floats:
    """(B,): the (lower) median of each resample; nan where a resample is empty."""
    order = np.argsort(values)
    running = np.cumsum(counts[:, order], axis=1)
    total = running[:, -1:]
    return np.where(total[:, 0] > 0, values[order][(running >= total / 2).argmax(axis=1)], np.nan)


def of_folds(areas: Aurocs, n_folds: int) -> Aurocs:
    """Areas of out-of-fold scores with the variance that they have: folds share training records.

    DeLong's interval takes the classifiers as given; Nadeau & Bengio (Mach. Learn. 2003) correct the variance of a
    mean over k folds by 1 + k n_test / n_train.
    """
    return Aurocs(areas.value, areas.covariance * (1 + n_folds / (n_folds - 1)))


def outside_share(real: Floats, synthetic: Floats) -> Interval:
    """The share of synthetic values beyond the real 0.5 to 99.5 % range, of those that could be measured."""
    known, made = real[np.isfinite(real)], synthetic[np.isfinite(synthetic)]
    if known.size < _FEWEST or made.size < _FEWEST:
        return Interval(value=None)
    low, high = np.percentile(known, _RANGE_PERCENT)
    return share(int(((made < low) | (made > high)).sum()), made.size)


def share(n_found: int, n: int) -> Interval:
    """A share with Wilson's interval."""
    bounds = binomtest(n_found, n).proportion_ci(method="wilson")
    return Interval(value=n_found / n, lower=float(bounds.low), upper=float(bounds.high))
