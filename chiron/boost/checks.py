"""What is refused before anything is trained: data that can't teach the target, a plan that asks for too much."""

from collections.abc import Collection as Some
from collections.abc import Sequence
from typing import Final

import numpy as np

from chiron.datasets.dataset import Dataset
from chiron.errors import BadParameters
from chiron.labels.positive import positive
from chiron.learning.examples import Collection
from schemas.boost import WITHOUT_SYNTHETIC, Arm, BoostPlan
from schemas.codes import Code

__all__ = ["require_arms", "require_classes", "require_enough", "require_one_class_each", "require_related"]

_MIN_OF_EACH: Final = 5  # records with, and without, the target: fewer can't be told from chance
_NEEDS_RELATED: Final = frozenset({Arm.RELATED_FIRST, Arm.BOTH_FIRST})


def require_related(plan: BoostPlan, related: Sequence[Dataset]) -> None:
    """Raise BadParameters where an arm needs related data and there is none."""
    waiting = [arm.value for arm in plan.arms if arm in _NEEDS_RELATED]
    if waiting and not related:
        raise BadParameters(
            f"arms {', '.join(waiting)}: expected related datasets, found none; name them with --related, or leave "
            "these arms out of the plan"
        )


def require_arms(plan: BoostPlan) -> None:
    """Raise BadParameters where there is nothing to compare."""
    if Arm.SYNTHETIC_FIRST not in plan.arms or not set(plan.arms) & set(WITHOUT_SYNTHETIC):
        raise BadParameters(
            f"arms: expected `{Arm.SYNTHETIC_FIRST.value}` and at least one without synthetic data, found "
            f"{', '.join(arm.value for arm in plan.arms) or 'none'}; add them to the plan"
        )


def require_classes(classes: Sequence[Code], taught: Some[Code], name: str) -> None:
    """Raise BadParameters where a cohort lacks one of the classes."""
    if missing := [str(code) for code in classes if code not in taught]:
        raise BadParameters(
            f"cohort {name}: expected records with and without each class, found none to learn "
            f"{', '.join(missing)} from; add conditions to the cohort, or take these classes out of the plan"
        )


def require_one_class_each(real: Collection, codes: Sequence[Code]) -> None:
    """Raise BadParameters where classes should exclude each other, and do not."""
    sums = np.nansum(real.examples.target_NC, axis=1)
    n_wrong = int((np.abs(sums - 1) > 0.01).sum())
    if n_wrong:
        raise BadParameters(
            f"classes {', '.join(map(str, codes))}: expected exactly one for each training record, found "
            f"{n_wrong:,} of {sums.size:,} with none or several; leave `classes` out of the plan's target"
        )


def require_enough(plan: BoostPlan, train: Collection, valid: Collection) -> None:
    """Raise BadParameters with one class only, or with fewer records or patients than the plan's draws need."""
    for split, found, n_min in (("training", train, _MIN_OF_EACH), ("valid", valid, 1)):
        present = positive(found.examples.target_NC[:, 0])
        if not n_min <= int(present.sum()) <= present.size - n_min:
            raise BadParameters(
                f"target {plan.target.key}: expected at least {n_min} {split} records with it and as many without, "
                f"found {int(present.sum())} of {present.size}; choose another target or add recordings"
            )
    n_patients = len(set(train.patient_ids))
    if n_patients < 2 * _MIN_OF_EACH:
        raise BadParameters(
            f"training split: expected at least {2 * _MIN_OF_EACH} patients, found {n_patients}; add recordings"
        )
    if len(train.record_ids) < plan.primary_size:
        raise BadParameters(
            f"primary_size: expected at most the {len(train.record_ids):,} training records, found "
            f"{plan.primary_size:,}; choose a smaller one in the plan"
        )
