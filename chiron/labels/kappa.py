"""Statistics of agreement, with bootstrap intervals over records.

Shapes: N records, K categories, U distinct rows, B resamples. Which readings are compared is decided in
`chiron.labels.agreement`.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.base import Interval

__all__ = ["Statistic", "cohen", "equal_share", "fleiss", "with_interval"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Statistic = Callable[[Ints, Floats], Floats]
"""From distinct rows and how often each occurs, (B, U), to one figure per resample, (B,)."""

N_RESAMPLES: Final = 1000
LEVEL: Final = 0.95


def fleiss(counts_uk: Ints, weights_bu: Floats) -> Floats:
    """Agreement of several annotators beyond chance: kappa in [-1, 1] of each resample, (B,).

    counts_uk: how many annotators chose each category. Rows with fewer than two readings tell nothing and must not be
    there. Rows may have different sums: each then counts as one record (Gwet, Handbook of Inter-Rater Reliability,
    2014). nan where all readings fall in one category. Source: Fleiss 1971.
    """
    readings_bk = weights_bu @ (counts_uk / counts_uk.sum(axis=1, keepdims=True))
    by_chance = np.square(readings_bk / weights_bu.sum(axis=1, keepdims=True)).sum(axis=1)
    return _beyond_chance(equal_share(counts_uk, weights_bu), by_chance)


def equal_share(counts_uk: Ints, weights_bu: Floats) -> Floats:
    """Share of equal pairs of readings in a record, averaged over records: "percent agreement", in [0, 1]."""
    n_u = counts_uk.sum(axis=1)
    equal_u = (counts_uk * (counts_uk - 1)).sum(axis=1) / (n_u * (n_u - 1))
    return _average(equal_u, weights_bu)


def cohen(pairs_u2: Ints, weights_bu: Floats) -> Floats:
    """Agreement of two readings beyond chance: kappa in [-1, 1] of each resample, (B,).

    pairs_u2: the category that each chose. nan where both chose one and the same category throughout.
    Source: Cohen 1960.
    """
    categories = np.unique(pairs_u2)
    first_bk, second_bk = (weights_bu @ (pairs_u2[:, [i]] == categories) for i in (0, 1))
    by_chance = (first_bk * second_bk).sum(axis=1) / np.square(weights_bu.sum(axis=1))
    return _beyond_chance(_average(pairs_u2[:, 0] == pairs_u2[:, 1], weights_bu), by_chance)


def with_interval(statistic: Statistic, rows: Ints, *, seed: int = 0) -> Interval:
    """`statistic` of `rows` (N, any), with its percentile interval over resampled records.

    Equal rows are resampled together: how often each occurs is multinomial, so time and memory depend on how many
    distinct rows there are. Bounds are null where fewer than two records, or no resample, give a figure.
    """
    distinct, times = np.unique(rows, axis=0, return_counts=True)
    value = float(statistic(distinct, times[None].astype(np.float64))[0])
    resamples = np.random.Generator(np.random.Philox(seed)).multinomial(len(rows), times / len(rows), N_RESAMPLES)
    figures = statistic(distinct, resamples.astype(np.float64))
    figures = figures[np.isfinite(figures)]
    if not np.isfinite(value) or len(rows) < 2 or not figures.size:
        return Interval(value=_rounded(value) if np.isfinite(value) else None, level=LEVEL)
    lower, upper = np.quantile(figures, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value=_rounded(value), lower=_rounded(lower), upper=_rounded(upper), level=LEVEL)


def _rounded(figure: float) -> float:
    """Six decimals: what follows depends on the machine's order of summation."""
    return round(float(figure), 6)


def _average(figure_u: npt.NDArray[np.generic], weights_bu: Floats) -> Floats:
    average: Floats = weights_bu @ figure_u.astype(np.float64) / weights_bu.sum(axis=1)
    return average


def _beyond_chance(observed: Floats, by_chance: Floats) -> Floats:
    """Kappa; nan where chance alone gives full agreement."""
    room = 1 - by_chance
    return np.divide(observed - by_chance, room, out=np.full_like(room, np.nan), where=room > 1e-12)
