"""Boost experiments that never were, for tests of what people see: a full one, and one of the default plan."""

from collections.abc import Mapping, Sequence
from math import exp
from typing import Final

from schemas.base import Interval
from schemas.boost import (
    WITHOUT_SYNTHETIC,
    Arm,
    BoostPlan,
    BoostReport,
    Contrast,
    Control,
    ControlResult,
    CurvePoint,
    Efficiency,
    LossCurve,
    MetricName,
    MetricTable,
    Mix,
    Target,
)
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, OTHER_RHYTHM, SINUS_RHYTHM
from schemas.splits import RECORD_LEVEL

__all__ = ["made_up_boost", "small_boost"]

Curves = Mapping[Arm, Mapping[int, float]]

_SIZES: Final = (0, 30, 60, 120, 250, 600, 664)
_AUROC: Final[dict[Arm, tuple[float | None, ...]]] = {
    Arm.SCRATCH: (None, 0.662, 0.703, 0.761, 0.832, 0.911, 0.915),
    Arm.SCRATCH_EQUAL: (None, 0.704, 0.742, 0.803, 0.861, 0.924, 0.929),
    Arm.FOREST: (None, 0.873, 0.926, 0.938, 0.949, 0.974, 0.976),
    Arm.LOGISTIC: (None, 0.861, 0.905, 0.921, 0.930, 0.936, 0.937),
    Arm.SELF_SUPERVISED: (None, 0.752, 0.804, 0.862, 0.901, 0.941, 0.943),
    Arm.RELATED_FIRST: (0.891, 0.906, 0.919, 0.936, 0.950, 0.958, 0.959),
    Arm.SYNTHETIC_FIRST: (0.968, 0.971, 0.975, 0.976, 0.977, 0.978, 0.979),
    Arm.BOTH_FIRST: (0.967, 0.973, 0.977, 0.978, 0.979, 0.981, 0.982),
}
_SPREAD: Final = (-1.3, -0.9, -0.5, -0.2, 0.0, 0.1, 0.3, 0.6, 0.8, 1.1)  # of the runs, in half intervals
_EXPECTED: Final[dict[Control, tuple[float, str, bool]]] = {
    Control.SHUFFLED_LABELS: (0.21, "as good as from scratch, or worse", True),
    Control.RANDOM_PHASE: (0.14, "as good as from scratch, or a little better", True),
    Control.NO_F_WAVES: (0.004, "a little worse", False),
    Control.REGULAR_RR: (0.051, "clearly worse: the beat is what tells", True),
    Control.UNRELATED_TASK: (0.093, "better than from scratch, worse than the task itself", True),
    Control.CONTRADICTING_LABELS: (0.61, "worse than guessing; the gate refuses it", True),
}


def made_up_boost() -> BoostReport:
    """All sizes, arms and controls; three tables; atrial fibrillation in the classes of CinC 2017."""
    auroc = {
        arm: {n: value for n, value in zip(_SIZES, values, strict=True) if value is not None}
        for arm, values in _AUROC.items()
    }
    mean_f1 = {arm: {n: 0.35 + 0.48 * (2 * (v - 0.5)) ** 2 for n, v in values.items()} for arm, values in auroc.items()}
    natural = {arm: {n: v + 0.02 for n, v in values.items()} for arm, values in mean_f1.items()}
    plan = BoostPlan(
        target=_target(),
        sizes=_SIZES[:-1],
        arms=tuple(_AUROC),
        controls=tuple(_EXPECTED),
        n_draws=5,
        n_initialisations=2,
    )
    return BoostReport(
        **_about(plan),
        tables=(
            _table(MetricName.AUROC, Mix.SAMPLED, auroc, efficiencies=_efficiencies()),
            _table(MetricName.MEAN_F1, Mix.SAMPLED, mean_f1),
            _table(MetricName.MEAN_F1, Mix.NATURAL, natural),
        ),
        controls=tuple(_control(control) for control in _EXPECTED),
        smallest_detectable=0.019,
        interaction=Interval(value=-0.214, lower=-0.27, upper=-0.161),
        losses=_losses(),
        n_related=21_730,
    )


def small_boost() -> BoostReport:
    """What the default plan gives: two sizes and all records, four arms, one run of each."""
    auroc = {arm: {n: _at(arm, n) for n in (0, 60, 664)} for arm in BoostPlan().arms if arm is Arm.SYNTHETIC_FIRST}
    auroc |= {arm: {n: _at(arm, n) for n in (60, 664)} for arm in BoostPlan().arms if arm is not Arm.SYNTHETIC_FIRST}
    in_order = {arm: auroc[arm] for arm in BoostPlan().arms}
    tables = (_table(MetricName.AUROC, Mix.SAMPLED, in_order, n_runs=1, efficiencies=_efficiencies()[1:2]),)
    return BoostReport(**_about(BoostPlan()), tables=tables, losses=_losses()[:1])


def _at(arm: Arm, n_real: int) -> float:
    value = _AUROC[arm][_SIZES.index(n_real)]
    assert value is not None
    return value


def _target() -> Target:
    classes = (SINUS_RHYTHM, ATRIAL_FIBRILLATION, OTHER_RHYTHM, NOISE)
    return Target(
        classes=tuple((code.system, code.code) for code in classes),
        n_scored=3,
        natural_shares=(0.595, 0.089, 0.283, 0.033),
    )


def _about(plan: BoostPlan) -> dict[str, object]:
    return {
        "plan": plan,
        "target_name": "atrial fibrillation",
        "unit": "record",
        "level": RECORD_LEVEL,
        "device": "cpu",
        "n_train": 664,
        "n_train_positive": 192,
        "n_valid": 132,
        "n_test": 561,
        "n_test_positive": 163,
        "n_cohort": 19_873,
        "best_without": Arm.FOREST,
        "is_boosted": True,
        "verdict": (
            "With 60 real records, learning from synthetic records first lifts the AUROC for atrial fibrillation by "
            "0.049 [0.025, 0.073] over the best way without them, the forest."
        ),
    }


def _table(
    metric: MetricName, mix: Mix, curves: Curves, *, n_runs: int = 10, efficiencies: tuple[Efficiency, ...] = ()
) -> MetricTable:
    primary = efficiencies != ()
    return MetricTable(
        metric=metric,
        mix=mix,
        points=tuple(_point(arm, n, v, n_runs) for arm, values in curves.items() for n, v in values.items()),
        contrasts=tuple(_contrasts(curves, primary=primary)),
        efficiencies=efficiencies,
    )


def _half_width(n_real: int, value: float) -> float:
    return 0.4 * min(1.002 - value, 0.08) * (1 + 20 / (n_real + 10))


def _point(arm: Arm, n_real: int, value: float, n_runs: int) -> CurvePoint:
    half = _half_width(n_real, value)
    return CurvePoint(
        arm=arm,
        n_real=n_real,
        n_positive=n_real * 192 / 664,
        n_runs=n_runs,
        value=Interval(value=value, lower=value - 1.2 * half, upper=min(value + half, 1.0)),
        runs=tuple(min(value + half * step, 1.0) for step in _SPREAD[:n_runs]) if n_runs > 1 else (value,),
    )


def _contrasts(curves: Curves, *, primary: bool) -> list[Contrast]:
    pairs = [(Arm.SYNTHETIC_FIRST, reference) for reference in WITHOUT_SYNTHETIC]
    pairs += [(Arm.BOTH_FIRST, Arm.RELATED_FIRST), (Arm.BOTH_FIRST, Arm.SYNTHETIC_FIRST)]
    return [
        _contrast(arm, reference, n, value - curves[reference][n], primary=primary)
        for arm, reference in pairs
        if arm in curves and reference in curves
        for n, value in curves[arm].items()
        if n in curves[reference]
    ]


def _contrast(arm: Arm, reference: Arm, n_real: int, difference: float, *, primary: bool) -> Contrast:
    is_primary = primary and (arm, reference, n_real) == (Arm.SYNTHETIC_FIRST, Arm.FOREST, 60)
    half = 0.012 + 0.24 * abs(difference)
    p_value = exp(-4 * difference / half) if difference > 0 else 0.62
    return Contrast(
        arm=arm,
        reference=reference,
        n_real=n_real,
        difference=Interval(value=difference, lower=difference - half, upper=difference + half),
        p_value=p_value,
        p_holm=None if is_primary else min(1.0, 40 * p_value),
        primary=is_primary,
    )


def _efficiencies() -> tuple[Efficiency, ...]:
    return (
        _efficiency(30, Arm.FOREST, 17.4, 9.2, 21.5),
        _efficiency(60, Arm.FOREST, 10.5, 6.1, 11.1),
        _efficiency(120, Arm.FOREST, 5.5, 4.2, 5.5),
        _efficiency(250, Arm.FOREST, 664 / 250, None, None, censored=True),
        *(_efficiency(n, Arm.SCRATCH, 664 / n, None, None, censored=True) for n in (30, 60, 120, 250)),
    )


def _efficiency(
    n_real: int, reference: Arm, ratio: float, lower: float | None, upper: float | None, *, censored: bool = False
) -> Efficiency:
    return Efficiency(
        n_real=n_real,
        reference=reference,
        ratio=Interval(value=ratio, lower=lower, upper=upper),
        censored=censored,
    )


def _control(control: Control) -> ControlResult:
    loss, expected, held = _EXPECTED[control]
    return ControlResult(
        control=control,
        value=Interval(value=0.97 - loss, lower=0.95 - loss, upper=0.985 - loss),
        difference=Interval(value=loss, lower=loss - 0.012 - 0.1 * loss, upper=loss + 0.012 + 0.1 * loss),
        expected=expected,
        held=held,
    )


def _losses() -> tuple[LossCurve, ...]:
    return (
        LossCurve(label="pre-training on the cohort", step=tuple(range(10, 910, 10)), loss=_decay(90, 0.62, 0.21)),
        LossCurve(label="synthetic first, 60 real records", step=tuple(range(10, 310, 10)), loss=_decay(30, 0.3, 0.11)),
        LossCurve(label="scratch, 664 real records", step=tuple(range(10, 610, 10)), loss=_decay(60, 0.69, 0.12)),
    )


def _decay(n: int, start: float, end: float) -> Sequence[float]:
    return tuple(end + (start - end) * exp(-4 * i / n) for i in range(n))
