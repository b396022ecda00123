"""What every metric asks of its input, in one place: shapes that agree, finite numbers, weights that can be weights."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.errors import BadParameters

__all__ = ["Bools", "Checked", "Floats", "Ints", "checked", "checked_weight"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Checked(NamedTuple):
    """Truth, score and weight of N records, each (N,)."""

    truth: Bools
    score: Floats
    weight: Floats


def checked(truth_N: npt.ArrayLike, score_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None) -> Checked:
    """The three as arrays; a weight of one each where none is given. Raises BadParameters."""
    truth, score = np.asarray(truth_N), np.asarray(score_N, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != score.shape or not truth.size:
        raise BadParameters(
            f"metric: expected one truth and one score for each of one or more records, found {truth.shape} and "
            f"{score.shape}"
        )
    if not ((truth == 0) | (truth == 1)).all():
        raise BadParameters("metric: expected a truth of 0 or 1 for every record, found another; leave undecided out")
    if not np.isfinite(score).all():
        n_bad = int((~np.isfinite(score)).sum())
        raise BadParameters(
            f"metric: expected finite scores, found {n_bad} of {score.size} that are not; leave them out"
        )
    return Checked(truth.astype(bool), score, checked_weight(weight_N, truth.size))


def checked_weight(weight_N: npt.ArrayLike | None, n: int) -> Floats:
    """The weights of `n` records. Raises BadParameters where one is negative or not finite, or all are zero."""
    if weight_N is None:
        return np.ones(n)
    weight = np.asarray(weight_N, dtype=np.float64)
    if weight.shape != (n,) or not np.isfinite(weight).all() or (weight < 0).any() or not weight.sum() > 0:
        raise BadParameters(f"weights: expected {n} finite ones of at least 0, not all 0, found {weight.shape} others")
    return weight
