"""Metrics of one run under many weightings of the records at once: what resampling is made of.

Each takes the truth (N,), the probabilities of one run (N, C) and the weight of every record in every resample
(R, N), and gives the metric in each, (R,); nan where it does not exist there. They equal `metrics` and `exclusive`,
which check their input; here it was checked before.

Shapes: records N, classes C, resamples R.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chiron.evaluation.checked import Bools, Floats, Ints
from chiron.synthesis.compiled import compiled

__all__ = ["ClassF1", "Metric", "aurocs_of"]

Metric = Callable[[Ints, Floats, Floats], Floats]
"""(truth_N, probability_NC, weight_RN) -> value_R."""


def aurocs_of(truth_N: Ints, probability_NC: Floats, weight_RN: Floats) -> Floats:
    """Area under the ROC curve of the first column; truth: 0 or 1. Sorted once for all resamples."""
    score = probability_NC[:, 0]
    order = np.argsort(score, kind="stable")
    ends = np.diff(score[order], append=np.inf) != 0
    return np.asarray(_aurocs(truth_N[order] > 0, ends, order, np.ascontiguousarray(weight_RN)))


@dataclass(frozen=True)
class ClassF1:
    """The mean F1 of the first `n_scored` classes, where the most probable one is decided for; truth: positions.

    A class that is neither true nor decided in a resample counts 0, as in `exclusive`.
    """

    n_scored: int

    def __call__(self, truth_N: Ints, probability_NC: Floats, weight_RN: Floats) -> Floats:
        """The mean in each resample."""
        classes = np.arange(self.n_scored)
        true_NS = (truth_N[:, None] == classes).astype(np.float64)
        decided_NS = (probability_NC.argmax(axis=1)[:, None] == classes).astype(np.float64)
        right_RS, either_RS = weight_RN @ (true_NS * decided_NS), weight_RN @ (true_NS + decided_NS)
        f1_RS = np.divide(2 * right_RS, either_RS, out=np.zeros_like(right_RS), where=either_RS > 0)
        return np.asarray(f1_RS.mean(axis=1))


@compiled()
def _aurocs(true_N: Bools, ends_N: Bools, order_N: Ints, weight_RN: Floats) -> Floats:
    """Records in ascending order of the score; `ends` marks the last of equal scores. Ties count half."""
    n_resamples, n = weight_RN.shape
    area_R = np.empty(n_resamples)
    for r in range(n_resamples):
        weight_N = weight_RN[r]
        below = with_it = tied_with = tied_without = area = 0.0
        for i in range(n):
            weight = weight_N[order_N[i]]
            if true_N[i]:
                tied_with += weight
            else:
                tied_without += weight
            if ends_N[i]:
                area += tied_with * (below + 0.5 * tied_without)
                below += tied_without
                with_it += tied_with
                tied_with = tied_without = 0.0
        area_R[r] = area / (below * with_it)  # nan without one of the classes
    return area_R
