"""One number for how well scores fit the truth of N records, which may have weights.

Every function takes the truth (N,) of 0 and 1, the score or decision (N,) and weights (N,), none: one each. They
refuse empty input, nan and shapes that disagree (`BadParameters`), and give nan where the number does not exist: a
class that is missing. A weight of 2 is the same as the record twice.

Not here: intervals (`resampling`, `ranking`), calibration (`calibration`), several classes (`exclusive`).
"""

import numpy as np
import numpy.typing as npt

from chiron.evaluation.checked import Floats, checked

__all__ = [
    "accuracy",
    "auroc",
    "average_precision",
    "brier",
    "f1",
    "roc_points",
    "sensitivity",
    "sensitivity_at_specificity",
    "specificity",
]


def auroc(truth_N: npt.ArrayLike, score_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None) -> float:
    """Area under the ROC curve: how often a record with the finding scores above one without it; ties count half."""
    false_rate, true_rate = roc_points(truth_N, score_N, weight_N)
    return float(np.trapezoid(true_rate, false_rate))


def average_precision(truth_N: npt.ArrayLike, score_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None) -> float:
    """Area under the precision-recall curve, as steps: the precision at every threshold, weighted by recall gained."""
    true, false = _sums_above(truth_N, score_N, weight_N)
    if not true[-1] > 0:
        return float("nan")
    total = true + false
    precision = np.divide(true, total, out=np.zeros_like(true), where=total > 0)
    return float(np.sum(np.diff(true, prepend=0.0) * precision) / true[-1])


def roc_points(
    truth_N: npt.ArrayLike, score_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """False and true positive rates, from (0, 0) to (1, 1), one point for each distinct score; nan without a class."""
    true, false = _sums_above(truth_N, score_N, weight_N)
    with np.errstate(invalid="ignore"):
        return np.concatenate([[0.0], false]) / false[-1], np.concatenate([[0.0], true]) / true[-1]


def sensitivity_at_specificity(
    truth_N: npt.ArrayLike,
    score_N: npt.ArrayLike,
    weight_N: npt.ArrayLike | None = None,
    *,
    at_least: float = 0.9,
) -> float:
    """The largest sensitivity of all thresholds whose specificity is `at_least` that; 0 where only "never" has it."""
    false_rate, true_rate = roc_points(truth_N, score_N, weight_N)
    if np.isnan(false_rate[-1] + true_rate[-1]):
        return float("nan")
    return float(true_rate[1 - false_rate >= at_least - 1e-12].max())


def sensitivity(truth_N: npt.ArrayLike, called_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None) -> float:
    """The share of the records with the finding that are called."""
    truth, called, weight = checked(truth_N, called_N, weight_N)
    return _ratio(weight[truth & (called > 0)].sum(), weight[truth].sum())


def specificity(truth_N: npt.ArrayLike, called_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None) -> float:
    """The share of the records without the finding that are not called."""
    truth, called, weight = checked(truth_N, called_N, weight_N)
    return _ratio(weight[~truth & ~(called > 0)].sum(), weight[~truth].sum())


def f1(truth_N: npt.ArrayLike, called_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None) -> float:
    """Twice the rightly called over the true and the called; nan where there is neither."""
    truth, called, weight = checked(truth_N, called_N, weight_N)
    right = weight[truth & (called > 0)].sum()
    return _ratio(2 * right, weight[truth].sum() + weight[called > 0].sum())


def accuracy(truth_N: npt.ArrayLike, called_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None) -> float:
    """The share of records that are decided rightly."""
    truth, called, weight = checked(truth_N, called_N, weight_N)
    return float(np.average(truth == (called > 0), weights=weight))


def brier(truth_N: npt.ArrayLike, probability_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None) -> float:
    """Mean squared distance of the probability from what came true (Brier 1950); 0 is perfect."""
    truth, probability, weight = checked(truth_N, probability_N, weight_N)
    return float(np.average((probability - truth) ** 2, weights=weight))


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def _sums_above(
    truth_N: npt.ArrayLike, score_N: npt.ArrayLike, weight_N: npt.ArrayLike | None
) -> tuple[Floats, Floats]:
    """The weight with and without the finding at or above each distinct score, the highest first."""
    truth, score, weight = checked(truth_N, score_N, weight_N)
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.diff(score[order], append=-np.inf))
    weight, truth = weight[order], truth[order]
    return np.cumsum(weight * truth)[last], np.cumsum(weight * ~truth)[last]
