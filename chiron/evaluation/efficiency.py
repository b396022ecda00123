"""Label efficiency: how many times as many real records a reference needs to do as well.

With n real records the synthetic arm reaches some value. n' is the smallest number of records at which the reference
reaches it too, and the efficiency is n' / n. The reference was measured at a few sizes only. Between them it is read
from its isotonic curve (more records never do worse; what chance says otherwise is averaged), linear in log n.

- Beyond the largest size nothing is known: the answer is censored, "at least largest / n".
- Where the reference does as well at its smallest size already, n' is that size: it may need fewer still.
- A size of 0 has no place on a logarithm: the reference's value there is left out, and n must be above 0.

Shapes: sizes S, resamples R.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.errors import BadParameters
from chiron.evaluation.checked import Floats
from schemas.base import Interval

__all__ = ["LabelEfficiency", "isotonic", "label_efficiency", "records_needed"]

_ROUNDING: Final = 1e-12  # a mean of equal values may differ from them in its last bits


class LabelEfficiency(NamedTuple):
    """n' / n. censored: the reference never got there, and the value is the least that the ratio can be.

    An upper bound of None lies beyond the largest size. at_smallest: the reference's smallest size was enough.
    """

    ratio: Interval
    censored: bool
    at_smallest: bool


def label_efficiency(
    n_real: int, value_R: npt.ArrayLike, sizes: npt.ArrayLike, reference_RS: npt.ArrayLike
) -> LabelEfficiency:
    """From the synthetic arm's value at `n_real` and the reference's at its sizes.

    The first row of both is as observed, the others are resamples of the same records (`Resampled.values`): the
    interval holds the middle 95 % of their ratios. Raises BadParameters where `n_real` is 0 or no size is above 0.
    """
    sizes_S, curve_RS = _usable(np.asarray(sizes, dtype=np.float64), np.asarray(reference_RS, dtype=np.float64))
    if n_real <= 0:
        raise BadParameters("label efficiency: expected a number of real records above 0, found 0; no ratio exists")
    needed_R = records_needed(np.asarray(value_R, dtype=np.float64), sizes_S, curve_RS)
    if np.isnan(needed_R[0]):
        return LabelEfficiency(Interval(value=None), censored=False, at_smallest=False)
    lower, upper = _bounds(needed_R[1:], sizes_S[-1])
    ratio = Interval(
        value=float(min(needed_R[0], sizes_S[-1]) / n_real),
        lower=None if lower is None else lower / n_real,
        upper=None if upper is None else upper / n_real,
    )
    return LabelEfficiency(ratio, bool(np.isinf(needed_R[0])), bool(needed_R[0] == sizes_S[0]))


def records_needed(value_R: Floats, sizes_S: Floats, reference_RS: Floats) -> Floats:
    """The smallest number of records at which each reference curve reaches each value, (R,); inf where it never does.

    sizes: ascending, above 0. nan where a value is missing.
    """
    curve_RS, log_S = isotonic(reference_RS), np.log(sizes_S)
    needed_R = np.full(len(value_R), np.inf)
    missing = np.isnan(value_R) | np.isnan(curve_RS).any(axis=1)
    reached_RS = curve_RS >= value_R[:, None] - _ROUNDING
    found = reached_RS.any(axis=1) & ~missing
    first = reached_RS[found].argmax(axis=1)
    before = np.maximum(first - 1, 0)
    rows = np.flatnonzero(found)
    low, high = curve_RS[rows, before], curve_RS[rows, first]
    share = np.divide(value_R[rows] - low, high - low, out=np.ones(rows.size), where=(high > low))
    between = log_S[before] + np.clip(share, 0, 1) * (log_S[first] - log_S[before])
    needed_R[rows] = np.where(first == 0, sizes_S[0], np.exp(between))
    needed_R[missing] = np.nan
    return needed_R


def isotonic(value_RS: Floats) -> Floats:
    """The curve that never falls and lies closest to each row, (R, S): the max-min formula of isotonic regression."""
    n = value_RS.shape[1]
    sums = np.concatenate([np.zeros((len(value_RS), 1)), np.cumsum(value_RS, axis=1)], axis=1)
    fitted_RS = np.empty_like(value_RS)
    for k in range(n):
        least = [
            np.min([(sums[:, j + 1] - sums[:, i]) / (j + 1 - i) for j in range(k, n)], axis=0) for i in range(k + 1)
        ]
        fitted_RS[:, k] = np.max(least, axis=0)
    return fitted_RS


def _usable(sizes_S: Floats, curve_RS: Floats) -> tuple[Floats, Floats]:
    """Sizes above 0, ascending, and the curves at them."""
    if curve_RS.shape[1:] != sizes_S.shape or np.unique(sizes_S).size != sizes_S.size:
        raise BadParameters(f"label efficiency: expected a value at each size, found {curve_RS.shape} at {sizes_S}")
    order = np.argsort(sizes_S)
    kept = order[sizes_S[order] > 0]
    if not kept.size:
        raise BadParameters("label efficiency: expected a size above 0, found none")
    return sizes_S[kept], curve_RS[:, kept]


def _bounds(needed_R: Floats, largest: float) -> tuple[float | None, float | None]:
    """The middle 95 %: order statistics, for between a number and infinity there is nothing to interpolate."""
    known = np.sort(needed_R[~np.isnan(needed_R)])
    if known.size < 2:
        return None, None
    lower = known[int(np.floor(0.025 * (known.size - 1)))]
    upper = known[int(np.ceil(0.975 * (known.size - 1)))]
    return float(min(lower, largest)), None if np.isinf(upper) else float(upper)
