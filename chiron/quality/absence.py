"""Does the absence of a value depend on anything that was recorded? Single dependences, and a model of them all.

Single: Pearson's chi-square test of absence against each factor. All together: a logistic regression on all factors,
judged on records that it did not see. What a factor's unknown values have in common is hidden from the model, so
that the absence of one column does not count as a reason for that of another.

Shapes: N records, F factors, D levels of all factors.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2_contingency, fisher_exact, mannwhitneyu, norm, rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from chiron.quality.factors import Factor
from schemas.base import Interval
from schemas.missingness import Group

__all__ = ["Absence", "Screened", "auroc_of", "model_of", "screen"]

MAX_MODELLED: Final = 10_000  # records that a model looks at: more would not change what it says
_MIN_EXPECTED: Final = 5.0  # in every cell, for the chi-square distribution to hold (Cochran 1954)
_MIN_EACH: Final = 25  # records with and without a value, five in each fold
_N_FOLDS: Final = 5
_LEVEL: Final = 0.95
_DECIMALS: Final = 4  # machines differ in the last bits
_TIE_DECIMALS: Final = 8  # records with the same levels have the same score, whatever the order of summation

Flags = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Screened(NamedTuple):
    """A test of absence against one factor.

    effect: Cramer's V without bias. weight: what orders dependences: effect, less where few records have a level.
    fullest, emptiest: the groups with the least and most missing.
    """

    on: str
    p_value: float
    effect: float
    weight: float
    fullest: Group
    emptiest: Group


class Absence(NamedTuple):
    """A model of absence. spreads: of each factor's part of the log-odds, over the records (standard deviation)."""

    n_records: int
    n_missing: int
    auroc: Interval
    p_value: float
    spreads: dict[str, float]


def screen(missing: Flags, factors: Sequence[Factor]) -> Iterator[Screened]:
    """Each factor that there are enough records to test against.

    missing: (N,). Only records whose level is known count; levels with too few records are pooled. Of a table that is
    too thin for the chi-square distribution, Fisher's exact test is taken where it is two by two. Effect: Bergsma 2013.
    """
    for factor in factors:
        counts, names = _rare_levels_pooled(*_table(missing, factor))
        p_value = _p_value(counts)
        if p_value is None:
            continue
        statistic = chi2_contingency(counts, correction=False).statistic
        shares = counts[:, 1] / counts.sum(axis=1)
        groups = [
            Group(name=names[i], n_records=int(counts[i].sum()), share_missing=round(float(shares[i]), _DECIMALS))
            for i in (shares.argmin(), shares.argmax())
        ]
        effect = _cramer(float(statistic), counts)
        weight = round(effect * float(np.sqrt(counts.sum() / missing.size)), _DECIMALS)
        yield Screened(factor.name, p_value, effect, weight, *groups)


def model_of(missing: Flags, factors: Sequence[Factor], *, seed: int = 0) -> Absence | None:
    """The model of `missing` (N,); none where there are too few records with or without a value.

    Of more than 10,000 records, as many are drawn; which, the seed decides.
    """
    n_missing = int(missing.sum())
    if not factors or min(n_missing, missing.size - n_missing) < _MIN_EACH:
        return None
    drawn = _drawn(missing.size, seed)
    design, absent = _design(factors, drawn), missing[drawn]
    if min(absent.sum(), (~absent).sum()) < _MIN_EACH:
        return None
    unseen, weights = np.empty(absent.size), []
    for seen, held_out in StratifiedKFold(_N_FOLDS, shuffle=True, random_state=seed).split(design, absent):
        regression = LogisticRegression(solver="newton-cholesky", tol=1e-6).fit(design[seen], absent[seen])
        unseen[held_out] = regression.decision_function(design[held_out])
        weights.append(regression.coef_[0])
    auroc, p_value = auroc_of(absent, unseen.round(_TIE_DECIMALS))
    return Absence(int(absent.size), int(absent.sum()), auroc, p_value, _spreads(np.mean(weights, axis=0), factors))


def auroc_of(truth: Flags, score: Floats) -> tuple[Interval, float]:
    """Area under the ROC curve with its interval (DeLong 1988), and the one-sided p of "no better than chance".

    truth, score: (N,), both classes present. The p-value is that of Mann and Whitney's test, ties allowed for.
    """
    positive, negative = score[truth], score[~truth]
    ranks = rankdata(np.concatenate([positive, negative]))
    wins = (ranks[: positive.size] - rankdata(positive)) / negative.size
    losses = 1 - (ranks[positive.size :] - rankdata(negative)) / positive.size
    area = float(wins.mean())
    half = float(norm.ppf(0.5 + _LEVEL / 2) * np.sqrt(wins.var(ddof=1) / wins.size + losses.var(ddof=1) / losses.size))
    p_value = float(mannwhitneyu(positive, negative, alternative="greater", method="asymptotic").pvalue)
    bounds = (round(max(area - half, 0.0), _DECIMALS), round(min(area + half, 1.0), _DECIMALS))
    interval = Interval(value=round(area, _DECIMALS), lower=bounds[0], upper=bounds[1], level=_LEVEL)
    return interval, p_value if np.isfinite(p_value) else 1.0  # nan where all scores are equal


def _table(missing: Flags, factor: Factor) -> tuple[Levels, tuple[str, ...]]:
    """(levels, 2): records with and without a value."""
    known = factor.levels >= 0
    counts = np.bincount(2 * factor.levels[known] + missing[known], minlength=2 * len(factor.names))
    return counts.reshape(-1, 2), factor.names


def _rare_levels_pooled(counts: Levels, names: Sequence[str]) -> tuple[Levels, list[str]]:
    """Levels with too few expected, as one; left out where that is too small itself, and two others are left."""
    shares = counts.sum(axis=0) / max(counts.sum(), 1)
    common = counts.sum(axis=1) * shares.min() >= _MIN_EXPECTED
    kept = [name for name, is_common in zip(names, common, strict=True) if is_common]
    pool, pooled = counts[~common].sum(axis=0, keepdims=True), [name for name in names if name not in kept]
    if not pooled or (pool.sum() * shares.min() < _MIN_EXPECTED and len(kept) > 1):
        return counts[common], kept
    return np.concatenate([counts[common], pool]), [*kept, pooled[0] if len(pooled) == 1 else "others"]


def _p_value(table: Levels) -> float | None:
    """p of "absence does not depend on the level"; none where there are too few records to say."""
    if len(table) < 2 or table.sum(axis=1).min() == 0:
        return None
    if table.sum(axis=1).min() * table.sum(axis=0).min() / table.sum() >= _MIN_EXPECTED:
        return float(chi2_contingency(table, correction=False).pvalue)
    if len(table) == 2 and min(table.sum(axis=0).min(), table.sum(axis=1).min()) >= _MIN_EACH:
        return float(fisher_exact(table).pvalue)
    return None


def _cramer(statistic: float, table: Levels) -> float:
    n, n_levels = int(table.sum()), len(table)
    beyond_chance = max(statistic / n - (n_levels - 1) / (n - 1), 0.0)
    levels = n_levels - (n_levels - 1) ** 2 / (n - 1)
    columns = 2 - 1 / (n - 1)
    return round(float(np.sqrt(beyond_chance / (min(levels, columns) - 1))), _DECIMALS)


def _drawn(n_records: int, seed: int) -> Levels:
    if n_records <= MAX_MODELLED:
        return np.arange(n_records)
    drawn = np.random.Generator(np.random.Philox(seed)).permutation(n_records)[:MAX_MODELLED]
    return np.sort(drawn)


def _design(factors: Sequence[Factor], drawn: Levels) -> Floats:
    """(N, D): 1 at the level of each factor; where it is unknown, the share of each level among the others.

    A factor of two levels has one column, of its second.
    """
    blocks = []
    for factor in factors:
        with_unknown = np.vstack([np.eye(len(factor.names)), _shares(factor)])  # the last row is that of -1
        blocks.append(with_unknown[factor.levels[drawn], _first_column(factor) :])
    return np.hstack(blocks)


def _first_column(factor: Factor) -> int:
    return int(len(factor.names) == 2)


def _shares(factor: Factor) -> Floats:
    shares: Floats = factor.counts / factor.counts.sum()
    return shares


def _spreads(weights: Floats, factors: Sequence[Factor]) -> dict[str, float]:
    """The standard deviation of each factor's part of the log-odds, over the records where it is known."""
    spreads, start = {}, 0
    for factor in factors:
        own, shares = np.zeros(len(factor.names)), _shares(factor)
        n_columns = own.size - _first_column(factor)
        own[-n_columns:] = weights[start : start + n_columns]
        start += n_columns
        spreads[factor.name] = round(float(np.sqrt(shares @ (own - shares @ own) ** 2)), _DECIMALS)
    return spreads
