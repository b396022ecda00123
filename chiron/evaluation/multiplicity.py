"""Many comparisons at once, and how large a difference an experiment could have seen."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from chiron.errors import BadParameters

__all__ = ["holm", "smallest_detectable"]


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P-values adjusted so that the chance of any false claim among them keeps its level (Holm 1979).

    Given back in the order in which they came. Raises BadParameters where one is not between 0 and 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise BadParameters("p-values: expected numbers between 0 and 1, found others")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return tuple(adjusted.tolist())


def smallest_detectable(standard_error: float, *, power: float = 0.8, level: float = 0.95) -> float:
    """The smallest true difference that a two-sided test at `level` finds with this probability.

    2.80 standard errors at the usual 80 % and 95 %.
    """
    return float((norm.ppf(0.5 + level / 2) + norm.ppf(power)) * standard_error)
