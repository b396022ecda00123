"""What a model that has not seen a record's labels says about them: out-of-fold predictions of every code.

Shapes: N records, F features, C codes.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score

__all__ = ["Opinion", "at_even_shares", "likeness_of", "out_of_fold", "second_opinion"]

_FEWEST: Final = 20  # groups with a code, and without it, for it to be learned
_LEAST_AUROC: Final = 0.7  # of a model whose word counts
_N_FOLDS: Final = 5
_N_ROUNDS: Final = 5  # with other folds, so that little hangs on how they were drawn; of many records, one will do
_N_TREES: Final = 60  # of each fold's forest
_LEAST_LEAF: Final = 2
_LEAST_TRUST: Final = 0.02  # so that no label is without any weight
_MOST_RECORDS: Final = 5000  # that one tree learns from, and
_MOST_CODES: Final = 16  # that one forest learns at once: they bound its memory to some 100 MB

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Features = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Opinion:
    """even_chance, likeness: (N, C), nan where nothing was stated or the code was skipped.

    even_chance: that the code is present, had half of all records it; likeness: chance of what was stated.
    auroc: of the chance that the code is present against what was stated, None where it could not be learned;
    skipped: why a code was; empty where it was not.
    """

    even_chance: Floats
    likeness: Floats
    auroc: tuple[float | None, ...]
    skipped: tuple[str, ...]


def second_opinion(features: Callable[[], Features], stated: Floats, groups: Sequence[str]) -> Opinion:
    """What others with the same labels look like, and how far each record looks like them.

    features: gives (N, F), and is called only where there is a code to learn. stated: (N, C) 1 present, 0 absent, nan
    not stated. groups: (N,), of records that must not be on both sides.
    """
    why_not = [_too_few(column, np.array(groups)) for column in stated.T]
    enough = np.array([not reason for reason in why_not], dtype=bool)
    chance = np.full(stated.shape, np.nan)
    if enough.any():
        chance[:, enough] = _less_misled(features(), stated[:, enough], groups)
    auroc = [_auroc(*columns) for columns in zip(stated.T, chance.T, strict=True)]
    skipped = tuple(reason or _too_weak(value) for reason, value in zip(why_not, auroc, strict=True))
    chance[:, np.array([bool(reason) for reason in skipped], dtype=bool)] = np.nan
    return Opinion(at_even_shares(chance, stated), likeness_of(stated, chance), tuple(auroc), skipped)


def _too_few(stated: Floats, groups: npt.NDArray[np.str_]) -> str:
    n_with, n_without = (np.unique(groups[stated == value]).size for value in (1, 0))
    if min(n_with, n_without) >= _FEWEST:
        return ""
    return f"expected {_FEWEST} patients or more with and without it, found {n_with} and {n_without}"


def _auroc(stated: Floats, chance: Floats) -> float | None:
    known = ~np.isnan(chance)
    return round(float(roc_auc_score(stated[known], chance[known])), 6) if known.any() else None


def _too_weak(auroc: float | None) -> str:
    if auroc is None or auroc >= _LEAST_AUROC:
        return ""
    return f"expected a model with an AUROC of {_LEAST_AUROC} or more, found {auroc:.2f}"


def _less_misled(features: Features, stated: Floats, groups: Sequence[str]) -> Floats:
    """As `out_of_fold`, learned twice: the second time less from the records whose labels the first time doubts."""
    first = out_of_fold(features, stated, groups)
    least = np.min(likeness_of(stated, first), axis=1, where=~np.isnan(first), initial=1.0)
    return out_of_fold(features, stated, groups, np.maximum(least, _LEAST_TRUST))


def out_of_fold(features: Features, stated: Floats, groups: Sequence[str], trust: Floats | None = None) -> Floats:
    """The chance that each code is present, (N, C), by a forest of the other folds' records; nan where not stated.

    trust: (N,), how much is learned from each record; the same from all where none is given.
    Codes that were stated of the same records share a forest. For codes that exclude each other, its splits are those
    of a forest of classes.
    """
    n_rounds = _N_ROUNDS if len(groups) <= _MOST_RECORDS else 1
    rounds = np.array([_folds(groups, k) for k in range(n_rounds)])
    trust = np.ones(len(groups)) if trust is None else trust
    chance = np.full(stated.shape, np.nan)
    known = ~np.isnan(stated)
    for pattern in np.unique(known, axis=1).T:
        records, codes = np.flatnonzero(pattern), np.flatnonzero((known == pattern[:, None]).all(axis=0))
        for some in np.array_split(codes, -(-codes.size // _MOST_CODES)):
            cells = np.ix_(records, some)
            by_round = [
                _predictions(features[records], stated[cells], fold[records], trust[records]) for fold in rounds
            ]
            chance[cells] = np.mean(by_round, axis=0)
    return chance


def _folds(groups: Sequence[str], salt: int) -> Ints:
    """By a hash of the group: the same whatever other records there are."""
    digests = [hashlib.sha256(f"{salt} {group}".encode()).digest() for group in groups]
    return np.array([int.from_bytes(digest[:4], "big") % _N_FOLDS for digest in digests])


def _predictions(features: Features, stated: Floats, fold: Ints, trust: Floats) -> Floats:
    chance = np.zeros(stated.shape)
    for k in range(_N_FOLDS):
        asked = fold == k
        if asked.any():
            chance[asked] = _by_forest(features[~asked], stated[~asked], trust[~asked], features[asked])
    return chance


def _by_forest(features: Features, stated: Floats, trust: Floats, asked: Features) -> Floats:
    """The chance of each code for the records `asked`. (N, F), (N, C), (N,), (M, F) -> (M, C)."""
    many = len(features) > _MOST_RECORDS
    trees = ExtraTreesClassifier(
        _N_TREES,
        min_samples_leaf=_LEAST_LEAF,
        bootstrap=many,
        max_samples=_MOST_RECORDS if many else None,
        random_state=1,
        n_jobs=1,
    )
    one = stated.shape[1] == 1  # scikit-learn leaves the axis of codes out
    trees.fit(features, stated[:, 0] if one else stated, sample_weight=trust)
    found, values = trees.predict_proba(asked), trees.classes_
    if one:
        found, values = [found], [values]
    return np.stack([f[:, v == 1].sum(axis=1) for f, v in zip(found, values, strict=True)], axis=1)


def at_even_shares(chance: Floats, stated: Floats) -> Floats:
    """The chance that each code is present, had half of all records it (Bayes' rule); nan where `chance` is. (N, C)."""
    n_stated = np.maximum((~np.isnan(stated)).sum(axis=0), 1)
    share = (stated == 1).sum(axis=0) / n_stated
    for_it, against = chance * (1 - share), (1 - chance) * share
    return np.asarray(for_it / np.maximum(for_it + against, 1e-12))


def likeness_of(stated: Floats, chance: Floats) -> Floats:
    """How likely each stated label is, (N, C) in [0, 1]; nan where nothing was stated or `chance` is nan.

    A code that was stated to be present is judged at even shares: readers who err do not state a rare code as often as
    a frequent one, so that its rareness is no argument against it.
    """
    present = at_even_shares(chance, stated)
    return np.where(stated == 1, present, np.where(stated == 0, 1 - chance, np.nan))
