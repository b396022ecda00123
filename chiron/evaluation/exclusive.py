"""Classes of which every record has exactly one: confusion, F1 by class and its mean, the CinC 2017 score.

Shapes: records N, classes C. Truth and decisions are positions of classes.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.errors import BadParameters
from chiron.evaluation.checked import Floats, Ints, checked_weight

__all__ = ["N_SCORED_2017", "cinc2017", "class_accuracy", "class_brier", "class_f1", "confusion", "mean_f1"]

N_SCORED_2017: Final = 3
"""CinC 2017 scores normal (N), atrial fibrillation (A) and other rhythm (O), not the noisy class, which comes last."""


def confusion(
    truth_N: npt.ArrayLike, decided_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None, *, n_classes: int
) -> Floats:
    """The weight of records of each class (row) that were decided to be of each class (column), (C, C)."""
    truth, decided = _positions(truth_N, n_classes), _positions(decided_N, n_classes)
    if truth.shape != decided.shape or not truth.size:
        raise BadParameters(
            f"classes: expected one truth and one decision for each of one or more records, found {truth.shape} and "
            f"{decided.shape}"
        )
    weight = checked_weight(weight_N, truth.size)
    counted = np.bincount(truth * n_classes + decided, weight, minlength=n_classes**2)
    return np.asarray(counted.reshape(n_classes, n_classes))


def class_f1(
    truth_N: npt.ArrayLike, decided_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None, *, n_classes: int
) -> Floats:
    """F1 of each class, (C,): twice the right ones over the true and the decided; 0 where a class is neither."""
    counted = confusion(truth_N, decided_N, weight_N, n_classes=n_classes)
    either = counted.sum(axis=0) + counted.sum(axis=1)
    return np.asarray(np.divide(2 * np.diag(counted), either, out=np.zeros(n_classes), where=either > 0))


def mean_f1(
    truth_N: npt.ArrayLike,
    decided_N: npt.ArrayLike,
    weight_N: npt.ArrayLike | None = None,
    *,
    n_classes: int,
    n_scored: int,
) -> float:
    """The mean F1 of the first `n_scored` classes. The others are not averaged, but confusions with them count."""
    return float(class_f1(truth_N, decided_N, weight_N, n_classes=n_classes)[:n_scored].mean())


def cinc2017(truth_N: npt.ArrayLike, decided_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None) -> float:
    """The score of the CinC Challenge 2017 (Clifford et al. 2017); classes in the order N, A, O, noisy.

    F1 of a class is 2 x right / (true + decided), both over all four classes: a noisy record that is called normal
    lowers the F1 of normal. The mean is of N, A and O.
    """
    return mean_f1(truth_N, decided_N, weight_N, n_classes=N_SCORED_2017 + 1, n_scored=N_SCORED_2017)


def class_accuracy(
    truth_N: npt.ArrayLike, decided_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None, *, n_classes: int
) -> float:
    """The share of records that are decided rightly."""
    counted = confusion(truth_N, decided_N, weight_N, n_classes=n_classes)
    return float(np.trace(counted) / counted.sum())


def class_brier(truth_N: npt.ArrayLike, probability_NC: npt.ArrayLike, weight_N: npt.ArrayLike | None = None) -> float:
    """Brier score over all classes, from 0 to 2: the squared distance of the probabilities from the true class."""
    probability = np.asarray(probability_NC, dtype=np.float64)
    if probability.ndim != 2 or not probability.size or not np.isfinite(probability).all():
        raise BadParameters(f"classes: expected finite probabilities (N, C), found {probability.shape}")
    truth = _positions(truth_N, probability.shape[1])
    if truth.shape != probability.shape[:1]:
        raise BadParameters(f"classes: expected a truth for each of {len(probability)} records, found {truth.shape}")
    distance = ((probability - np.eye(probability.shape[1])[truth]) ** 2).sum(axis=1)
    return float(np.average(distance, weights=checked_weight(weight_N, truth.size)))


def _positions(values_N: npt.ArrayLike, n_classes: int) -> Ints:
    values = np.asarray(values_N)
    is_position = values.ndim == 1 and np.isin(values, np.arange(n_classes)).all()
    if not is_position:
        raise BadParameters(f"classes: expected positions from 0 to {n_classes - 1}, found others")
    return values.astype(np.int64)
