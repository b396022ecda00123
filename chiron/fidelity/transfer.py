"""Do models hold: trained on the cohort and tested on real records; and trained with it on the rarest real records.

A random forest per finding, a quick and honest reader of features. Every score of a real record comes from a forest
that saw no record of the same group. Shapes: N real records, M synthetic, F features.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import StratifiedGroupKFold

from chiron.evaluation.ranking import aurocs
from chiron.fidelity.statistics import of_folds
from schemas.base import Interval
from schemas.codes import Code, concept_name
from schemas.fidelity import RareStrata, Transfer

__all__ = ["Task", "Tested", "rarest", "scores_of", "transfer_of", "with_cohort_of"]

_N_TREES: Final = 150
_LEAF: Final = 3
_N_FOLDS: Final = 5
_RARE_SHARE: Final = 0.2  # of the records with, and of those without the finding
_MOST_SHARE: Final = 0.5
_FEWEST: Final = 10

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]


class Task(NamedTuple):
    """Records whose label of one code is decided. x: (n, F); truth: (n,); group: (n,)."""

    x: Floats
    truth: Flags
    group: npt.NDArray[Any]

    @property
    def is_possible(self) -> bool:
        """Whether there is enough of either class."""
        return bool(min(self.truth.sum(), (~self.truth).sum()) >= _FEWEST)


class Tested(NamedTuple):
    """Scores of the same real records, (N,) each: by forests of real records, of the cohort alone, and of both."""

    real: Floats
    synthetic: Floats
    both: Floats


def scores_of(real: Task, cohort: Task, *, seed: int) -> Tested:
    """Grow the forests. The cohort weighs as much as the real training records, and each class as much as the other."""
    folds = StratifiedGroupKFold(_N_FOLDS, shuffle=True, random_state=seed)
    alone, both = np.zeros(real.truth.size), np.zeros(real.truth.size)
    for trained, held_out in folds.split(real.x, real.truth, real.group):
        own = Task(real.x[trained], real.truth[trained], real.group[trained])
        alone[held_out] = _score((own,), real.x[held_out], seed)
        both[held_out] = _score((own, cohort), real.x[held_out], seed)
    return Tested(alone, _score((cohort,), real.x, seed), both)


def _score(tasks: Sequence[Task], x: Floats, seed: int) -> Floats:
    """The chance of the finding in each row of x, by a forest of all tasks."""
    weights = [np.where(t.truth, 0.5 / t.truth.sum(), 0.5 / (~t.truth).sum()) for t in tasks]
    model = ExtraTreesClassifier(_N_TREES, min_samples_leaf=_LEAF, random_state=seed, n_jobs=1)
    model.fit(
        np.concatenate([t.x for t in tasks]),
        np.concatenate([t.truth for t in tasks]),
        sample_weight=np.concatenate(weights),
    )
    return np.asarray(model.predict_proba(x)[:, 1])


def transfer_of(code: Code, real: Task, cohort: Task, scores: Tested) -> Transfer:
    """Trained on the cohort, beside trained on real records."""
    areas = of_folds(aurocs(real.truth, np.stack([scores.synthetic, scores.real]), real.group), _N_FOLDS)
    difference = areas.difference(0, 1)[0]
    return Transfer(
        code_system=code.system.value,
        code=code.code,
        name=concept_name(code),
        n_synthetic=cohort.truth.size,
        n_real=real.truth.size,
        n_positive=int(real.truth.sum()),
        synthetic_to_real=areas.interval(0),
        real_to_real=areas.interval(1),
        difference=difference,
        sentence=_said(difference, "Training on the cohort alone reads real records", "than training on real records"),
    )


def rarest(truth: Flags, stratum: npt.NDArray[Any]) -> Flags:
    """(N,) the records of the smallest strata: a fifth of those with the finding, and a fifth of those without.

    stratum: (N,) what kind of patient a record is of. Whole strata are taken, the smallest first, so it may be more;
    but never more than half, which would not be rare.
    """
    chosen = np.zeros(truth.size, dtype=bool)
    for own in (truth, ~truth):
        names, of_record, count = np.unique(stratum[own], return_inverse=True, return_counts=True)
        order = np.lexsort((names, count))
        after = np.cumsum(count[order])
        is_rare = (after - count[order] < max(_RARE_SHARE * own.sum(), _FEWEST)) & (after <= _MOST_SHARE * own.sum())
        taken = order[is_rare]
        chosen[own] = np.isin(of_record, taken)
    return chosen


def with_cohort_of(code: Code, real: Task, stratum: npt.NDArray[Any], scores: Tested) -> RareStrata | None:
    """With and without the cohort, on the rarest strata; none where these have too few of either class."""
    rare = rarest(real.truth, stratum)
    if not Task(real.x[rare], real.truth[rare], real.group[rare]).is_possible:
        return None
    both = np.stack([scores.both, scores.real])[:, rare]
    areas = of_folds(aurocs(real.truth[rare], both, real.group[rare]), _N_FOLDS)
    difference = areas.difference(0, 1)[0]
    return RareStrata(
        code_system=code.system.value,
        code=code.code,
        name=concept_name(code),
        n_records=int(rare.sum()),
        n_positive=int(real.truth[rare].sum()),
        real_only=areas.interval(1),
        with_cohort=areas.interval(0),
        difference=difference,
        sentence=_said(difference, "Training with the cohort as well reads the rarest kinds", "than without it"),
    )


def _said(difference: Interval, what: str, than: str) -> str:
    """Better, worse, or that it can't be told."""
    if difference.is_above_zero:
        return f"{what} better {than}."
    if difference.is_below_zero:
        return f"{what} worse {than}."
    width = f"an interval from {difference.lower or 0.0:+.3f} to {difference.upper or 0.0:+.3f}".replace("-", "−")
    return f"{what} neither better nor worse {than}, as far as {width} can tell."
