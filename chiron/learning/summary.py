"""From test scores to the report: intervals, paired differences, curves, and the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from chiron.labels.positive import positive
from chiron.learning.arms import Arm, NetworkArm
from chiron.learning.evaluation import Aurocs, aurocs, thinned_roc
from chiron.learning.examples import Collection
from schemas.codes import Code, concept_name
from schemas.results import ArmName, ArmResult, Comparison, LossCurve, RocCurve, TrainReport

__all__ = ["Scored", "summarize"]

_WITHOUT_SYNTHETIC: Final = (ArmName.SCRATCH, ArmName.FOREST)


@dataclass(frozen=True)
class Scored:
    """An arm and its probability of the target, (N,), of every test record."""

    arm: Arm
    score: np.ndarray


def summarize(
    target: Code, test: Collection, scored: tuple[Scored, ...], counts: Mapping[str, int], *, device: str
) -> TrainReport:
    """The report. `counts` holds n_train, n_valid and n_cohort; the last arm in `scored` is the one to register."""
    truth = positive(test.examples.target_NC[:, 0])
    patients = np.array(test.patient_ids) if test.patients_known else None
    areas = aurocs(truth, np.stack([s.score for s in scored]), patients)
    rivals = _rivals(scored, scored[-1].arm)
    best_rival = max(rivals, key=lambda i: areas.value[i])
    comparison = _comparison(scored, areas, len(scored) - 1, best_rival)
    return TrainReport(
        target_system=target.system.value,
        target_code=target.code,
        target_name=concept_name(target),
        device=device,
        unit="patient" if test.patients_known else "record",
        n_test=truth.size,
        n_test_positive=int(truth.sum()),
        **counts,
        arms=tuple(_arm_result(s.arm, areas, i) for i, s in enumerate(scored)),
        comparisons=tuple(_comparisons(scored, areas)),
        roc=tuple(_roc(s, truth) for s in scored),
        losses=tuple(_loss_curve(s.arm) for s in scored if isinstance(s.arm, NetworkArm)),
        fit_for_registration=_above(comparison),
        verdict=_verdict(comparison),
    )


def _rivals(scored: tuple[Scored, ...], arm: Arm) -> list[int]:
    """The arms without synthetic data that saw the same real records."""
    return [i for i, s in enumerate(scored) if s.arm.name in _WITHOUT_SYNTHETIC and s.arm.n_real == arm.n_real]


def _comparisons(scored: tuple[Scored, ...], areas: Aurocs) -> list[Comparison]:
    """Synthetic first against every arm with as many real records, and against its own starting point."""
    return [
        _comparison(scored, areas, i, reference)
        for i, s in enumerate(scored)
        if s.arm.name is ArmName.SYNTHETIC_FIRST
        for reference in (*_rivals(scored, s.arm), _start(scored))
    ]


def _start(scored: tuple[Scored, ...]) -> int:
    return next(i for i, s in enumerate(scored) if s.arm.name is ArmName.SYNTHETIC_ONLY)


def _comparison(scored: tuple[Scored, ...], areas: Aurocs, i: int, reference: int) -> Comparison:
    difference, p_value = areas.difference(i, reference)
    return Comparison(
        arm=scored[i].arm.name,
        reference=scored[reference].arm.name,
        n_real=scored[i].arm.n_real,
        difference=difference,
        p_value=p_value,
    )


def _arm_result(arm: Arm, areas: Aurocs, i: int) -> ArmResult:
    return ArmResult(arm=arm.name, n_real=arm.n_real, n_real_positive=arm.n_real_positive, auroc=areas.interval(i))


def _roc(scored: Scored, truth: np.ndarray) -> RocCurve:
    fpr, tpr = thinned_roc(truth, scored.score)
    return RocCurve(
        arm=scored.arm.name,
        n_real=scored.arm.n_real,
        false_positive_rate=tuple(fpr.tolist()),
        true_positive_rate=tuple(tpr.tolist()),
    )


def _loss_curve(arm: NetworkArm) -> LossCurve:
    return LossCurve(label=_title(arm), step=arm.trace.step, loss=arm.trace.loss)


def _title(arm: Arm) -> str:
    return f"{arm.name.value}, {arm.n_real} real records"


def _above(comparison: Comparison) -> bool:
    return comparison.difference.value is not None and comparison.difference.value > 0


def _verdict(comparison: Comparison) -> str:
    d = comparison.difference
    found = (
        f"{comparison.arm} minus {comparison.reference} at {comparison.n_real} real records: "
        f"{d.value:+.4f} (95 % interval {d.lower:+.4f} to {d.upper:+.4f}, p = {comparison.p_value:.2g})"
    )
    if not _above(comparison):
        return f"not registered: synthetic data did not help here. {found}"
    if d.lower is not None and d.lower > 0:
        return f"fit for registration: synthetic data helped. {found}"
    return f"fit for registration as the better one, not proven: the interval includes 0. {found}"
