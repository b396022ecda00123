"""Intervals of any metric of one fixed model: patients are drawn again with all their records.

Bias-corrected and accelerated percentiles (BCa, Efron 1987): they stay where the metric can be, and take off what
resampling adds, such as calibration errors that grow by chance. The acceleration comes from leaving out up to 100
groups of patients in turn. For areas under the ROC curve `ranking` needs no resampling, for training runs see
`resampling`.

Shapes: statistics S, records N, resamples R.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest, norm

from chiron.evaluation.calibration import squared_calibration_error
from chiron.evaluation.checked import Bools, Floats, Ints, checked_weight
from schemas.base import Interval

__all__ = ["bootstrapped", "calibration_error_interval", "with_a_width"]

_LEVEL: Final = 0.95
_MOST_UNDEFINED: Final = 0.1
_MOST_LEFT_OUT: Final = 100


def bootstrapped(
    statistics: Callable[[Floats], Floats],
    groups_N: npt.ArrayLike,
    weight_N: npt.ArrayLike | None = None,
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> list[Interval]:
    """95 % intervals of some statistics, which are given the weight of every record, (N,), and give (S,) numbers.

    groups: (N,) the patient of each record. A statistic that does not exist has no value,
    and one that does not exist in a tenth of the resamples no bounds.
    """
    patient_N = np.unique(groups_N, return_inverse=True)[1]
    weight = checked_weight(weight_N, patient_N.size)
    rng = np.random.Generator(np.random.Philox(seed))
    value_S = np.asarray(statistics(weight), dtype=np.float64)
    drawn_RS = _drawn(statistics, weight, patient_N, n_resamples, rng)
    left_out_JS = _left_out(statistics, weight, patient_N, rng.permutation(patient_N.max() + 1))
    return [_bca(*columns) for columns in zip(value_S, drawn_RS.T, left_out_JS.T, strict=True)]


def with_a_width(estimate: Interval, groups_N: npt.ArrayLike) -> Interval:
    """The interval of a share, also where all are right or none is: there all resamples are alike.

    It is then the exact one of as many patients who are all alike (Clopper & Pearson 1934). groups: of the records that
    the share is of.
    """
    n = np.unique(groups_N).size
    if estimate.value not in {0.0, 1.0} or not n:
        return estimate
    bounds = binomtest(round(estimate.value) * n, n).proportion_ci(_LEVEL, method="exact")
    return Interval(value=estimate.value, lower=float(bounds.low), upper=float(bounds.high))


def calibration_error_interval(
    truth_N: Bools, probability_N: Floats, groups_N: npt.ArrayLike, *, n_resamples: int = 1000, seed: int = 0
) -> Interval:
    """Root mean square calibration error, with what chance adds taken off, and its interval; a lower bound may be 0.

    A resample errs by chance once more: the error in it, so corrected, lies around the *uncorrected* one of the sample
    as the corrected one of the sample lies around the truth. So bounds are made from that distance, squared.
    """
    patient_N = np.unique(groups_N, return_inverse=True)[1]
    ones, rng = np.ones(patient_N.size), np.random.Generator(np.random.Philox(seed))

    def statistics(weight: Floats) -> Floats:
        return np.array([squared_calibration_error(truth_N, probability_N, weight)])

    found, raw = statistics(ones)[0], squared_calibration_error(truth_N, probability_N, corrected=False)
    off_R = _drawn(statistics, ones, patient_N, n_resamples, rng)[:, 0] - raw
    if not np.isfinite(found) or np.isnan(off_R).mean() > _MOST_UNDEFINED:
        return Interval(value=_root(found) if np.isfinite(found) else None)
    high, low = np.nanquantile(off_R, [0.5 + _LEVEL / 2, 0.5 - _LEVEL / 2])
    return Interval(value=_root(found), lower=_root(found - high), upper=_root(found - low))


def _root(squared: float) -> float:
    return float(np.sqrt(max(squared, 0.0)))


def _drawn(
    statistics: Callable[[Floats], Floats],
    weight_N: Floats,
    patient_N: Ints,
    n_resamples: int,
    rng: np.random.Generator,
) -> Floats:
    """The statistics in every resample, (R, S)."""
    n_patients, n_statistics = int(patient_N.max()) + 1, len(statistics(weight_N))
    drawn_RS = np.empty((n_resamples, n_statistics))
    for r in range(n_resamples):
        times = np.bincount(rng.integers(n_patients, size=n_patients), minlength=n_patients)
        drawn_RS[r] = _or_nan(statistics, weight_N * times[patient_N], n_statistics)
    return drawn_RS


def _or_nan(statistics: Callable[[Floats], Floats], weight_N: Floats, n_statistics: int) -> Floats:
    """The statistics; nan where no record that weighs anything was drawn."""
    return np.asarray(statistics(weight_N)) if weight_N.any() else np.full(n_statistics, np.nan)


def _left_out(statistics: Callable[[Floats], Floats], weight_N: Floats, patient_N: Ints, order_P: Ints) -> Floats:
    """The statistics without one group of patients after the other, (J, S)."""
    group_P = np.empty(order_P.size, np.int64)
    group_P[order_P] = np.arange(order_P.size) % _MOST_LEFT_OUT
    groups = range(min(order_P.size, _MOST_LEFT_OUT))
    n_statistics = len(statistics(weight_N))
    return np.array([_or_nan(statistics, weight_N * (group_P[patient_N] != g), n_statistics) for g in groups])


def _bca(value: float, drawn_R: Floats, left_out_J: Floats) -> Interval:
    if not np.isfinite(value):
        return Interval(value=None)
    drawn = drawn_R[np.isfinite(drawn_R)]
    if drawn.size < (1 - _MOST_UNDEFINED) * drawn_R.size:
        return Interval(value=float(value))
    below = np.mean(drawn < value) + np.mean(drawn == value) / 2
    bias = norm.ppf(np.clip(below, 0.5 / drawn.size, 1 - 0.5 / drawn.size))
    moved = bias + norm.ppf([0.5 - _LEVEL / 2, 0.5 + _LEVEL / 2])
    shares = norm.cdf(bias + moved / (1 - _acceleration(left_out_J) * moved))
    lower, upper = np.quantile(drawn, shares)
    return Interval(value=float(value), lower=float(lower), upper=float(upper))


def _acceleration(left_out_J: Floats) -> float:
    """A sixth of the skewness of the leave-one-group-out values (Efron 1987)."""
    left = left_out_J[np.isfinite(left_out_J)]
    from_mean = left.mean() - left if left.size else left
    spread = float((from_mean**2).sum()) ** 1.5
    return float((from_mean**3).sum() / (6 * spread)) if spread > 0 else 0.0
