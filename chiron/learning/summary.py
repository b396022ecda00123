"""From test scores to the report: intervals, paired differences, curves, and the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from chiron.evaluation.ranking import Aurocs, aurocs, thinned_roc
from chiron.labels.positive import positive
from chiron.learning.arms import Arm, NetworkArm
from chiron.learning.examples import Collection
from schemas.base import Interval
from schemas.codes import Code, concept_name
from schemas.trained import ArmName, ArmResult, Comparison, LossCurve, RocCurve, TrainReport

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
    scratch = next(i for i in rivals if scored[i].arm.name is ArmName.SCRATCH)
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
        verdict=_verdict(_comparison(scored, areas, len(scored) - 1, scratch), comparison),
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


def _verdict(scratch: Comparison, best: Comparison) -> str:
    """Did the cohort help this network; and is the result good enough to register, against the best arm without it."""
    helped = _claim(scratch.difference, "helped", "did not show a difference for", "harmed")
    model = _claim(best.difference, "is better than", "is not shown to differ from", "is worse than")
    kept = "It is the best by its estimate: registered." if _above(best) else "Not registered."
    return (
        f"Synthetic data {helped} the network: {_numbers(scratch)} over training from scratch on "
        f"{scratch.n_real} real records. The model {model} the best arm without synthetic data, {best.reference}: "
        f"{_numbers(best)}. {kept}"
    )


def _claim(difference: Interval, above: str, unclear: str, below: str) -> str:
    """What a difference says with its interval."""
    if difference.lower is not None and difference.lower > 0:
        return above
    return below if difference.upper is not None and difference.upper < 0 else unclear


def _numbers(comparison: Comparison) -> str:
    d = comparison.difference
    if d.value is None or d.lower is None or d.upper is None:
        return "no difference could be computed"
    return f"{d.value:+.3f} [{d.lower:+.3f}, {d.upper:+.3f}]".replace("-", "\N{MINUS SIGN}")
