"""An evaluation that never was, for tests of what people see."""

from schemas.base import Interval
from schemas.codes import ATRIAL_FIBRILLATION, SINUS_RHYTHM, Code, SplitName
from schemas.evaluation import (
    Answered,
    ClassesResult,
    Difference,
    EvaluationReport,
    Measure,
    Measured,
    OutputResult,
    StratumResult,
)

__all__ = ["made_up_evaluation"]


def made_up_evaluation() -> EvaluationReport:
    """Two findings, as classes too, in groups, and beside another model."""
    return EvaluationReport(
        model_sha256="a" * 64,
        against_sha256="b" * 64,
        dataset="ward",
        content_sha256="c" * 64,
        split=SplitName.TEST,
        n_records=561,
        n_refused=3,
        unit="record",
        level="record-level; patient overlap can't be excluded",
        results=(
            _output(ATRIAL_FIBRILLATION, "atrial fibrillation", 0.971),
            _output(SINUS_RHYTHM, "normal sinus rhythm", 0.942),
        ),
        classes=ClassesResult(
            names=("normal sinus rhythm", "atrial fibrillation"),
            n_scored=1,
            n_records=561,
            confusion=((370, 28), (20, 143)),
            f1=(0.939, 0.856),
            measured=(Measured(measure=Measure.MEAN_F1, estimate=_around(0.898)),),
            answered=_answered(),
        ),
        differences=(
            Difference(measure=Measure.AUROC, name="atrial fibrillation", estimate=_around(0.012), p_value=0.21),
            Difference(measure=Measure.BRIER, name="atrial fibrillation", estimate=_around(-0.006)),
        ),
        n_looks=11,
        warning="This test split was looked at 11 times",
    )


def _output(code: Code, name: str, auroc: float) -> OutputResult:
    groups = (("age", "60-79", 210, 92, auroc - 0.01), ("age", "80+", 44, 12, None), ("sex", "F", 260, 71, auroc))
    return OutputResult(
        code_system=code.system,
        code=code.code,
        name=name,
        threshold=0.41,
        n_records=561,
        n_positive=163,
        auroc=_around(auroc),
        measured=(
            Measured(measure=Measure.BRIER, estimate=_around(0.052)),
            Measured(measure=Measure.CALIBRATION_ERROR, estimate=Interval(value=None)),
        ),
        answered=_answered(),
        strata=tuple(
            StratumResult(
                kind=kind, group=group, n_records=n, n_positive=positive, auroc=None if area is None else _around(area)
            )
            for kind, group, n, positive, area in groups
        ),
    )


def _answered() -> Answered:
    coverage = tuple(i / 50 for i in range(1, 51))
    return Answered(coverage=coverage, risk=tuple(0.09 * c * c for c in coverage), area=_around(0.03), excess=0.01)


def _around(value: float) -> Interval:
    return Interval(value=value, lower=value - 0.02, upper=value + 0.02)
