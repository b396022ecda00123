"""Classifier two-sample tests: can a classifier tell one set of recordings from another? (Lopez-Paz & Oquab 2017)

Gradient boosting learns from four fifths of the groups and scores the fifth; the AUROC of all scores, one half where
the sets can't be told apart, has DeLong's interval, clustered by group and corrected for folds.
Shapes: N and M records of two sides, F features.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedGroupKFold

from chiron.evaluation.ranking import Aurocs, aurocs
from chiron.fidelity.statistics import of_folds
from schemas.base import Interval

__all__ = ["N_FOLDS", "Told", "balanced", "halves", "out_of_fold", "tell_apart"]

N_FOLDS: Final = 5
_LEAF: Final = 6  # so that thirty records of either side can be halved and still be split

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]
Groups = npt.NDArray[Any]


class Fold(NamedTuple):
    """A classifier, and the records that it has not seen."""

    model: HistGradientBoostingClassifier
    held_out: Indices


class Told(NamedTuple):
    """A finished test. truth: (N + M,) whether of the second side; score: (N + M,) out of fold; groups: (N + M,)."""

    x: Floats
    truth: Flags
    groups: Groups
    score: npt.NDArray[np.float64]
    folds: tuple[Fold, ...]

    @property
    def areas(self) -> Aurocs:
        """The AUROC of the score, with the variance of a cross-validated one."""
        return of_folds(aurocs(self.truth, self.score[None], self.groups), N_FOLDS)

    @property
    def auroc(self) -> Interval:
        """With its interval."""
        return self.areas.interval(0)


def _classifier(seed: int) -> HistGradientBoostingClassifier:
    """Small trees that see a fifth of the features each: as sharp as forests on samples of a waveform, and quick."""
    return HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.15,
        max_leaf_nodes=8,
        min_samples_leaf=_LEAF,
        max_bins=64,
        max_features=0.2,
        random_state=seed,
    )


def tell_apart(first: Floats, second: Floats, groups: tuple[Groups, Groups], *, seed: int) -> Told:
    """first: (N, F), second: (M, F), nan where not measured; groups: (N,) and (M,), no group being of both sides."""
    x = np.concatenate([first, second])
    truth = np.arange(len(x)) >= len(first)
    group = np.concatenate([_named("a", groups[0]), _named("b", groups[1])])
    score, folds = out_of_fold(x, truth, group, seed=seed)
    return Told(x, truth, group, score, folds)


def _named(side: str, group: Groups) -> Groups:
    return np.char.add(f"{side} ", np.asarray(group, dtype=str))


def out_of_fold(
    x: Floats, truth: Flags, groups: Groups, *, seed: int
) -> tuple[npt.NDArray[np.float64], tuple[Fold, ...]]:
    """(N,) the chance of `truth` by classifiers that saw no record of the same group, and they themselves."""
    splitter = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    score, folds = np.zeros(len(x)), []
    for trained, held_out in splitter.split(x, truth, groups):
        model = _classifier(seed).fit(x[trained], truth[trained])
        score[held_out] = model.predict_proba(x[held_out])[:, 1]
        folds.append(Fold(model, held_out))
    return score, tuple(folds)


def balanced(first: npt.NDArray[Any], second: npt.NDArray[Any], rng: np.random.Generator) -> tuple[Indices, Indices]:
    """Indices into two sides, as many of each stratum on either, drawn at random. first, second: (N,), (M,) strata."""
    chosen: list[tuple[Indices, Indices]] = []
    for stratum in np.intersect1d(first, second):
        own = [rng.permutation(np.flatnonzero(side == stratum)) for side in (first, second)]
        n = min(map(len, own))
        chosen.append((own[0][:n], own[1][:n]))
    if not chosen:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    a, b = zip(*chosen, strict=True)
    return np.sort(np.concatenate(a)), np.sort(np.concatenate(b))


def halves(groups: Groups, rng: np.random.Generator) -> Flags:
    """(N,) which records are of a random half of the groups."""
    names, of_record = np.unique(groups, return_inverse=True)
    return np.asarray((rng.permutation(names.size) < names.size // 2)[of_record])
