"""Whether probabilities mean what they say, and the correction where they do not.

Correction is by one slope and intercept per output (Platt 1999) or one temperature for classes of which a record has
exactly one (Guo et al. 2017), fitted on validation data. Neither changes the order of records, so no AUROC moves.

Shapes: records N, classes C, bins B.
"""

from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit, softmax

from chiron.evaluation.checked import Bools, Floats, checked, checked_weight

__all__ = [
    "AS_IS",
    "AT_LEAST",
    "Bins",
    "Calibration",
    "calibration_line",
    "expected_calibration_error",
    "fit_calibration",
    "fit_temperature",
    "root_mean_square_calibration_error",
    "squared_calibration_error",
    "tempered",
]

AT_LEAST: Final = 20
"""Records with the finding, and as many without it, below which nothing is fitted."""

N_BINS: Final = 10
_NEVER_SURER: Final = 1e-7  # probabilities of exactly 0 or 1 have no logit
_FLATTEST, _STEEPEST = 0.05, 20.0  # a temperature


class Calibration(NamedTuple):
    """The probability that an output should have said: expit(slope x logit(said) + intercept)."""

    slope: float = 1.0
    intercept: float = 0.0

    def __call__(self, probability: npt.ArrayLike) -> Floats:
        """Calibrated probabilities, of any shape."""
        return np.asarray(expit(self.slope * _logits(probability) + self.intercept))


AS_IS: Final = Calibration()


class Bins(StrEnum):
    """How the records are put into bins."""

    EQUAL_MASS = "as many records in each"
    EQUAL_WIDTH = "as wide each"


def fit_calibration(
    truth_N: npt.ArrayLike,
    probability_N: npt.ArrayLike,
    weight_N: npt.ArrayLike | None = None,
    *,
    at_least: int = AT_LEAST,
) -> Calibration:
    """Platt's correction, from validation records; `AS_IS` where there are too few of either kind, or none is better.

    Targets are drawn in from 0 and 1 as Platt does, so that records that can be separated give no infinite slope. A
    slope that is not positive would turn the order of records around: then the output is left as it is.
    """
    truth, probability, weight = checked(truth_N, probability_N, weight_N)
    n_with, n_without = int(truth.sum()), int((~truth).sum())
    if min(n_with, n_without) < at_least:
        return AS_IS
    target = np.where(truth, (n_with + 1) / (n_with + 2), 1 / (n_without + 2))
    intercept, slope = _logistic(_logits(probability), target, weight)
    return Calibration(slope, intercept) if slope > 0 and np.isfinite(intercept) else AS_IS


def calibration_line(
    truth_N: npt.ArrayLike, probability_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None
) -> Calibration:
    """How far probabilities are off (Cox 1958): slope of the truth on their logits, and intercept at a slope of one.

    A slope below 1: too sure of themselves. An intercept above 0: too low on the whole. nan where all records are of
    one kind, or the probabilities separate them.
    """
    truth, probability, weight = checked(truth_N, probability_N, weight_N)
    x = _logits(probability)
    if truth.all() or not truth.any() or np.ptp(x) == 0 or _separated(truth, x):
        return Calibration(float("nan"), float("nan"))
    target = truth.astype(np.float64)
    return Calibration(_logistic(x, target, weight)[1], _shift(x, target, weight))


def expected_calibration_error(
    truth_N: npt.ArrayLike,
    probability_N: npt.ArrayLike,
    weight_N: npt.ArrayLike | None = None,
    *,
    n_bins: int = N_BINS,
    bins: Bins = Bins.EQUAL_MASS,
) -> float:
    """Mean distance of the probability said from the share that came true, over bins of like probability.

    Ten bins with as many records each: with bins as wide as each other most would be empty. Chance alone makes it
    positive; `root_mean_square_calibration_error` takes that off.
    """
    weight_B, said_B, true_B = _binned(truth_N, probability_N, weight_N, n_bins, bins)
    return float(weight_B @ np.abs(true_B - said_B) / weight_B.sum())


def root_mean_square_calibration_error(
    truth_N: npt.ArrayLike, probability_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None, *, n_bins: int = N_BINS
) -> float:
    """The root of the mean squared distance, less what chance adds to it (Kumar et al. 2019); 0 where that is all."""
    squared = squared_calibration_error(truth_N, probability_N, weight_N, n_bins=n_bins)
    return float(np.sqrt(max(squared, 0.0)))


def squared_calibration_error(
    truth_N: npt.ArrayLike,
    probability_N: npt.ArrayLike,
    weight_N: npt.ArrayLike | None = None,
    *,
    n_bins: int = N_BINS,
    corrected: bool = True,
) -> float:
    """Mean squared distance over bins with as many records each; `corrected`, less what chance adds: maybe negative.

    Of a bin with a weight of one record or less nothing can be said of chance: it is left out.
    """
    weight_B, said_B, true_B = _binned(truth_N, probability_N, weight_N, n_bins, Bins.EQUAL_MASS)
    told = weight_B > 1
    if not told.any():
        return float("nan")
    by_chance = true_B * (1 - true_B) / np.maximum(weight_B - 1, 1e-9) if corrected else 0.0
    squared_B = (true_B - said_B) ** 2 - by_chance
    return float(weight_B[told] @ squared_B[told] / weight_B[told].sum())


def fit_temperature(truth_N: npt.ArrayLike, probability_NC: npt.ArrayLike, *, at_least: int = AT_LEAST) -> float:
    """The temperature that makes the truth most likely, from validation records; 1 where a class has too few.

    truth: positions of classes. Above 1: the probabilities were too sure.
    """
    truth, said = np.asarray(truth_N, dtype=np.int64), np.log(_within(np.asarray(probability_NC, dtype=np.float64)))
    if truth.size == 0 or np.bincount(truth, minlength=said.shape[1]).min() < at_least:
        return 1.0

    def surprise(log_temperature: float) -> float:
        of_truth = tempered(np.exp(said), float(np.exp(log_temperature)))[np.arange(truth.size), truth]
        return float(-np.log(_within(of_truth)).mean())

    best = minimize_scalar(surprise, bounds=(np.log(_FLATTEST), np.log(_STEEPEST)), method="bounded")
    return float(np.exp(best.x))


def tempered(probability_NC: npt.ArrayLike, temperature: float) -> Floats:
    """Probabilities of exclusive classes, made flatter (above 1) or steeper; rows sum to one."""
    return np.asarray(softmax(np.log(_within(np.asarray(probability_NC, dtype=np.float64))) / temperature, axis=1))


def _within(probability: Floats) -> Floats:
    return np.clip(probability, _NEVER_SURER, 1 - _NEVER_SURER)


def _logits(probability: npt.ArrayLike) -> Floats:
    return np.asarray(logit(_within(np.asarray(probability, dtype=np.float64))))


def _separated(truth_N: Bools, x_N: Floats) -> bool:
    """Whether one value parts the two kinds: then no slope is the most likely one."""
    with_it, without = x_N[truth_N], x_N[~truth_N]
    return bool(with_it.min() >= without.max() or without.min() >= with_it.max())


def _logistic(x_N: Floats, target_N: Floats, weight_N: Floats) -> tuple[float, float]:
    """Intercept and slope of a logistic regression, by Newton's method with halved steps."""
    design_N2 = np.stack([np.ones_like(x_N), x_N], axis=1)
    beta = np.zeros(2)
    loss = _loss(design_N2 @ beta, target_N, weight_N)
    for _ in range(100):
        p = expit(design_N2 @ beta)
        gradient = design_N2.T @ (weight_N * (p - target_N))
        curvature = (design_N2 * (weight_N * p * (1 - p))[:, None]).T @ design_N2 + 1e-12 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        after = _loss(design_N2 @ (beta - step), target_N, weight_N)
        while after > loss + 1e-12 and np.abs(step).max() > 1e-12:
            step /= 2
            after = _loss(design_N2 @ (beta - step), target_N, weight_N)
        beta, loss = beta - step, after
        if np.abs(step).max() < 1e-10:
            break
    return float(beta[0]), float(beta[1])


def _shift(x_N: Floats, target_N: Floats, weight_N: Floats) -> float:
    """The intercept that makes the mean probability right, at a slope of one."""
    shift = 0.0
    for _ in range(100):
        p = expit(x_N + shift)
        step = float(weight_N @ (p - target_N) / (weight_N @ (p * (1 - p)) + 1e-12))
        shift -= float(np.clip(step, -1.0, 1.0))
        if abs(step) < 1e-12:
            break
    return shift


def _loss(x_N: Floats, target_N: Floats, weight_N: Floats) -> float:
    return float(weight_N @ (np.logaddexp(0, x_N) - target_N * x_N))


def _binned(
    truth_N: npt.ArrayLike, probability_N: npt.ArrayLike, weight_N: npt.ArrayLike | None, n_bins: int, bins: Bins
) -> tuple[Floats, Floats, Floats]:
    """Of each bin that has records: its weight, the mean said, the share that came true."""
    truth, probability, weight = checked(truth_N, probability_N, checked_weight(weight_N, np.size(truth_N)))
    if bins is Bins.EQUAL_WIDTH:
        edges = np.linspace(0, 1, n_bins + 1)[1:-1]
        bin_N = np.searchsorted(edges, probability, side="right")
    else:
        bin_N = np.empty(truth.size, np.int64)
        bin_N[np.argsort(probability, kind="stable")] = np.arange(truth.size) * n_bins // truth.size
    weight_B = np.bincount(bin_N, weight).astype(np.float64)
    used = weight_B > 0
    said_B = np.bincount(bin_N, weight * probability)[used] / weight_B[used]
    true_B = np.bincount(bin_N, weight * truth)[used] / weight_B[used]
    return weight_B[used], said_B, true_B
