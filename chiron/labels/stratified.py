"""Odds ratios over strata: a difference that remains where like is compared with like.

Shapes: L comparisons, S strata; a table is [[here and found, here and not], [rest and found, rest and not]].
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import beta, binomtest, chi2, norm

__all__ = ["CommonOdds", "mantel_haenszel", "matched_pairs", "tables_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LEVEL: Final = 0.95


class CommonOdds(NamedTuple):
    """Odds ratio and its bounds, nan where not finite; p of "the ratio is 1", 1 where nothing is compared."""

    ratio: Floats
    lower: Floats
    upper: Floats
    p_value: Floats


def tables_of(level: Ints, stratum: Ints, found: npt.NDArray[np.bool_]) -> Floats:
    """(L, S, 2, 2): each level against all others, by stratum. Levels and strata are numbered from 0."""
    n_levels, n_strata = level.max(initial=-1) + 1, stratum.max(initial=-1) + 1
    cells = np.bincount((level * n_strata + stratum) * 2 + ~found, minlength=n_levels * n_strata * 2)
    here = cells.reshape(n_levels, n_strata, 2).astype(np.float64)
    return np.stack([here, here.sum(axis=0) - here], axis=2)


def mantel_haenszel(tables_ls22: Floats) -> CommonOdds:
    """The odds ratio common to the strata of each comparison, all of shape (L,).

    Sources: Mantel and Haenszel 1959; interval by Robins, Breslow and Greenland 1986.
    """
    n = tables_ls22.sum(axis=(2, 3))
    used = np.where(n[:, :, None, None] > 0, tables_ls22, 0)
    n = np.maximum(n, 1)
    a, b, c, d = used[:, :, 0, 0], used[:, :, 0, 1], used[:, :, 1, 0], used[:, :, 1, 1]
    same, other, r, s = (a + d) / n, (b + c) / n, a * d / n, b * c / n
    sum_r, sum_s = r.sum(axis=1), s.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (
            (same * r).sum(axis=1) / (2 * sum_r**2)
            + (same * s + other * r).sum(axis=1) / (2 * sum_r * sum_s)
            + (other * s).sum(axis=1) / (2 * sum_s**2)
        )
        log_ratio = np.where((sum_r > 0) & (sum_s > 0), np.log(sum_r / sum_s), np.nan)
    reach = norm.isf((1 - LEVEL) / 2) * np.sqrt(variance)
    return CommonOdds(np.exp(log_ratio), np.exp(log_ratio - reach), np.exp(log_ratio + reach), _p_value(a, b, c, d))


def _p_value(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """Of the Cochran-Mantel-Haenszel test, without continuity correction."""
    n = a + b + c + d
    n_1, n_2 = np.maximum(n, 1), np.maximum(n - 1, 1)
    expected = (a + b) * (a + c) / n_1
    variance = ((a + b) * (c + d) * (a + c) * (b + d) / (n_1**2 * n_2)).sum(axis=1)
    off = np.square((a - expected).sum(axis=1))
    p_value: Floats = chi2.sf(np.divide(off, variance, out=np.zeros_like(off), where=variance > 0), 1)
    return p_value


def matched_pairs(n_only_here: int, n_only_there: int) -> CommonOdds:
    """Two readings of the same records, of which only those count where one finds it and the other does not.

    It is the odds ratio common to as many strata as records. Source: McNemar 1947, exact.
    """
    n = n_only_here + n_only_there
    tail = (1 - LEVEL) / 2
    lower = beta.ppf(tail, n_only_here, n_only_there + 1) if n_only_here else 0.0
    upper = beta.ppf(1 - tail, n_only_here + 1, n_only_there) if n_only_there else 1.0
    odds = [share / (1 - share) if share < 1 else np.nan for share in (lower, upper)]
    ratio = n_only_here / n_only_there if n_only_there else np.nan
    p_value = binomtest(n_only_here, n, 0.5).pvalue if n else 1.0
    return CommonOdds(*(np.array([figure]) for figure in (ratio, *odds, p_value)))
