"""Little's test that values are missing completely at random.

A multivariate normal is fitted by maximum likelihood; then the means of the records with one pattern of missing values
are compared with what the fit expects. Little 1988, J Am Stat Assoc 83:1198-1202, equation (5). The fit is EM
(Dempster, Laird and Rubin 1977) on the means and covariances of each pattern, so its time does not grow with records.

Shapes: N records, P columns, J patterns. What is unknown in a pattern is 0 in its arrays.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from schemas.missingness import LittleTest

__all__ = ["little_test"]

_MIN_KNOWN: Final = 50  # values of a column: with fewer, the fit is guesswork
_MAX_COLUMNS: Final = 20
_MAX_PATTERNS: Final = 500
_MAX_STEPS: Final = 2000
_CONVERGED: Final = 1e-9  # largest change of a mean or covariance in one step, in standard deviations
_JITTER: Final = 1e-10  # keeps a column and its copy invertible until the copy is found and left out
_MIN_EIGENVALUE: Final = 1e-5  # of the correlations: below it, one column is nearly a sum of others

Floats = npt.NDArray[np.float64]


class _Patterns(NamedTuple):
    """known (J, P) 0 or 1, n (J,), mean (J, P) and covariance (J, P, P) within each; n_all counts left-out ones too."""

    known: Floats
    n: Floats
    mean: Floats
    covariance: Floats
    n_all: int


class _Normal(NamedTuple):
    mean: Floats
    covariance: Floats
    converged: bool


def little_test(values: Floats, names: Sequence[str]) -> LittleTest:
    """The test on `values` (N, P), nan where missing.

    Left out, and named in the note: columns with fewer than 50 values or only one, columns that are nearly a sum of
    others (their covariance can't be inverted), columns beyond the twentieth, and records whose pattern is not among
    the 500 most frequent.
    """
    usable = [c for c in range(values.shape[1]) if _varies(values[:, c])]
    columns = usable[:_MAX_COLUMNS]
    left_out = [name for c, name in enumerate(names) if c not in columns]
    while columns:
        patterns = _patterns(_standardised(values[:, columns]))
        if len(patterns.n) < 2:
            break
        fit = _fitted(patterns)
        redundant = _redundant(fit.covariance)
        if redundant is None:
            return _result(patterns, fit, tuple(names[c] for c in columns), left_out)
        left_out.append(names[columns.pop(redundant)])
    return LittleTest(columns=(), n_records=0, n_patterns=0, statistic=None, df=0, p_value=None, note="nothing to test")


def _varies(column: Floats) -> bool:
    known = column[np.isfinite(column)]
    return known.size >= _MIN_KNOWN and bool(known.min() < known.max())


def _standardised(values: Floats) -> Floats:
    """The test does not depend on units; its arithmetic does."""
    values = np.where(np.isfinite(values), values, np.nan)
    values = values / np.nanmax(np.abs(values), axis=0)  # so that no sum overflows
    scaled: Floats = (values - np.nanmean(values, axis=0)) / np.nanstd(values, axis=0)
    return scaled


def _patterns(values: Floats) -> _Patterns:
    """The patterns with any known value, the most frequent first."""
    is_known = ~np.isnan(values)
    distinct, of_each, counts = np.unique(is_known, axis=0, return_inverse=True, return_counts=True)
    some = [int(j) for j in np.argsort(-counts, kind="stable") if distinct[j].any()][:_MAX_PATTERNS]
    order = np.argsort(of_each.ravel(), kind="stable")
    rows = np.split(order, np.cumsum(counts)[:-1])
    filled = np.where(is_known, values, 0.0)
    means = np.array([filled[rows[j]].mean(axis=0) for j in some]).reshape(len(some), values.shape[1])
    spreads = [filled[rows[j]] - mean for j, mean in zip(some, means, strict=True)]
    covariances = np.array([s.T @ s / len(s) for s in spreads]).reshape(*means.shape, values.shape[1])
    return _Patterns(distinct[some].astype(float), counts[some].astype(float), means, covariances, len(distinct))


def _fitted(patterns: _Patterns) -> _Normal:
    """Mean (P,) and covariance (P, P) of greatest likelihood."""
    n_columns = patterns.known.shape[1]
    fit = _Normal(np.zeros(n_columns), np.eye(n_columns), converged=False)
    for _ in range(_MAX_STEPS):
        better = _step(patterns, fit)
        change = max(np.abs(better.mean - fit.mean).max(), np.abs(better.covariance - fit.covariance).max())
        fit = better._replace(converged=bool(change < _CONVERGED))
        if fit.converged:
            break
    return fit


def _step(patterns: _Patterns, fit: _Normal) -> _Normal:
    """One step of EM. regression (J, P, P) predicts every column from the known ones."""
    weight = patterns.n / patterns.n.sum()
    regression = fit.covariance @ _precision(patterns.known, fit.covariance)
    off = _off(patterns, fit)
    around = patterns.covariance + off[:, :, None] * off[:, None, :]
    unexplained = fit.covariance - regression @ fit.covariance
    second = regression @ around @ regression.transpose(0, 2, 1) + unexplained
    shift = np.einsum("j,jpq,jq->p", weight, regression, off)
    covariance = np.einsum("j,jpq->pq", weight, second) - np.outer(shift, shift)
    return _Normal(fit.mean + shift, (covariance + covariance.T) / 2, converged=False)


def _off(patterns: _Patterns, fit: _Normal) -> Floats:
    """Each pattern's means less the fitted ones, (J, P)."""
    off: Floats = patterns.known * (patterns.mean - fit.mean)
    return off


def _precision(known: Floats, covariance: Floats) -> Floats:
    """The inverse of the covariance of each pattern's known columns, (J, P, P)."""
    both = known[:, :, None] * known[:, None, :]
    size = covariance.shape[0]
    unknown = np.eye(size) * (1 - known)[:, :, None]
    inverse: Floats = np.linalg.inv(both * (covariance + _JITTER * np.eye(size)) + unknown) * both
    return inverse


def _redundant(covariance: Floats) -> int | None:
    """The column that is nearly a sum of others; none where there is no such column."""
    deviation = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(deviation, deviation))
    if values[0] >= _MIN_EIGENVALUE:
        return None
    loading = np.abs(vectors[:, 0]).round(6)
    return int(np.flatnonzero(loading == loading.max())[-1])


def _result(patterns: _Patterns, fit: _Normal, columns: tuple[str, ...], left_out: Sequence[str]) -> LittleTest:
    off = _off(patterns, fit)
    statistic = float(np.einsum("j,jp,jpq,jq->", patterns.n, off, _precision(patterns.known, fit.covariance), off))
    df = int(patterns.known.sum()) - len(columns)
    return LittleTest(
        columns=columns,
        n_records=int(patterns.n.sum()),
        n_patterns=patterns.n_all,
        statistic=round(statistic, 4),
        df=df,
        p_value=float(f"{chi2.sf(statistic, df):.4g}"),
        note=_note(patterns, fit, left_out),
    )


def _note(patterns: _Patterns, fit: _Normal, left_out: Sequence[str]) -> str:
    notes = [f"left out: {', '.join(left_out)}"] if left_out else []
    if len(patterns.n) == _MAX_PATTERNS:
        notes.append(f"the {_MAX_PATTERNS} most frequent patterns")
    if not fit.converged:
        notes.append(f"not converged in {_MAX_STEPS} steps")
    return "; ".join(notes)
