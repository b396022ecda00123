"""How well a score tells two classes apart, with intervals that do not need resampling.

DeLong, DeLong & Clarke-Pearson 1988, with the fast placement values of Sun & Xu 2014 and, where a patient has several
records, the clustered variance of Obuchowski 1997 (equal to DeLong's when every record is its own cluster).

Shapes: scores M, records N, positives P.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm, rankdata
from sklearn.metrics import roc_curve

from chiron.errors import BadParameters
from chiron.labels.positive import positive
from schemas.base import Interval

__all__ = ["Aurocs", "aurocs", "best_threshold", "within_unit"]


@dataclass(frozen=True)
class Aurocs:
    """The areas of several scores on the same records. value: (M,); covariance: (M, M)."""

    value: np.ndarray
    covariance: np.ndarray

    def interval(self, score: int, level: float = 0.95) -> Interval:
        """The area of one score, with bounds that are normal on the scale of its logit (Pepe 2003, section 5.2).

        Near 1 that holds the truth as often as it says, which value -+ 1.96 standard errors does not.
        """
        half = float(norm.ppf(0.5 + level / 2) * np.sqrt(self.covariance[score, score]))
        lower, upper = within_unit(float(self.value[score]), half)
        return Interval(value=float(self.value[score]), lower=lower, upper=upper, level=level)

    def difference(self, score: int, reference: int, level: float = 0.95) -> tuple[Interval, float]:
        """`score` minus `reference`, paired, and its two-sided p-value (1.0 where the two rank alike)."""
        contrast = np.zeros(self.value.size)
        contrast[score], contrast[reference] = 1.0, -1.0
        value = float(contrast @ self.value)
        sd = float(np.sqrt(max(contrast @ self.covariance @ contrast, 0.0)))
        half = float(norm.ppf(0.5 + level / 2)) * sd
        p_value = float(2 * norm.sf(abs(value) / sd)) if sd > 0 else float(value == 0)
        return Interval(value=value, lower=value - half, upper=value + half, level=level), p_value


def aurocs(truth: np.ndarray, scores: np.ndarray, groups: np.ndarray | None = None) -> Aurocs:
    """Area under the ROC curve of each score, and their covariance.

    truth: (N,) bool; scores: (M, N), higher means more likely; groups: (N,) the patient of each record, none where
    every record is its own. Raises `BadParameters` where one class is missing.
    """
    is_positive = np.asarray(truth, dtype=bool)
    n_positive, n_negative = int(is_positive.sum()), int((~is_positive).sum())
    if not n_positive or not n_negative:
        raise BadParameters(
            f"test records: expected both classes, found {n_positive} with and {n_negative} without the target; "
            "use more records, or another target"
        )
    v10_MP, v01_MQ = _placements(scores[:, is_positive], scores[:, ~is_positive])
    value = v10_MP.mean(axis=1)
    cluster = np.arange(is_positive.size) if groups is None else np.unique(groups, return_inverse=True)[1]
    of_positive = _sums_by_cluster(v10_MP - value[:, None], cluster[is_positive], cluster.max() + 1) / n_positive
    of_negative = _sums_by_cluster(v01_MQ - value[:, None], cluster[~is_positive], cluster.max() + 1) / n_negative
    both = np.unique(cluster).size
    mixed = of_positive @ of_negative.T
    covariance = (
        _inflate(np.unique(cluster[is_positive]).size) * of_positive @ of_positive.T
        + _inflate(np.unique(cluster[~is_positive]).size) * of_negative @ of_negative.T
        + _inflate(both) * (mixed + mixed.T)
    )
    return Aurocs(value, covariance)


def within_unit(value: float, half: float) -> tuple[float, float]:
    """Bounds within [0, 1] of a value that is known to `half`: as far on the scale of the logit (delta method)."""
    if not 0 < value < 1:
        return value, value
    steps = half / (value * (1 - value))
    return float(expit(logit(value) - steps)), float(expit(logit(value) + steps))


def _placements(positive_MP: np.ndarray, negative_MQ: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each positive the share of negatives below it, for each negative the share of positives above it."""
    p, q = positive_MP.shape[1], negative_MQ.shape[1]
    all_MN = rankdata(np.concatenate([positive_MP, negative_MQ], axis=1), axis=1)
    v10 = (all_MN[:, :p] - rankdata(positive_MP, axis=1)) / q
    v01 = 1 - (all_MN[:, p:] - rankdata(negative_MQ, axis=1)) / p
    return v10, v01


def _sums_by_cluster(values_MN: np.ndarray, cluster_N: np.ndarray, n_clusters: int) -> np.ndarray:
    return np.stack([np.bincount(cluster_N, row, minlength=n_clusters) for row in values_MN])


def _inflate(n: int) -> float:
    return n / (n - 1) if n > 1 else 1.0


def best_threshold(target: np.ndarray, score: np.ndarray, *, at_least: int) -> float | None:
    """The score with the largest sensitivity + specificity (Youden 1950).

    target: (N,) probabilities, nan where not read. None with fewer than `at_least` records of either kind.
    """
    read = np.isfinite(target)
    truth = positive(target[read])
    if not at_least <= truth.sum() <= truth.size - at_least:
        return None
    fpr, tpr, threshold = roc_curve(truth, score[read])
    return float(threshold[1:][np.argmax((tpr - fpr)[1:])])
