"""All that is reported of one finding, or of exclusive classes, each with its interval over patients.

Shapes: records N, classes C.
"""

from typing import Final

import numpy as np

from chiron.evaluation import metrics
from chiron.evaluation.abstention import class_confidence, confidence, coverage_risk
from chiron.evaluation.bootstrap import bootstrapped, calibration_error_interval, with_a_width
from chiron.evaluation.calibration import calibration_line
from chiron.evaluation.checked import Bools, Floats, Ints
from chiron.evaluation.exclusive import class_accuracy, class_brier, class_f1, confusion, mean_f1
from chiron.evaluation.ranking import aurocs
from schemas.evaluation import Answered, ClassesResult, Measure, Measured

__all__ = ["answered_finding", "area_of", "measured_classes", "measured_finding"]

_COVERAGES: Final = tuple(round(0.05 * i, 2) for i in range(1, 21))
_OF_SCORES: Final = (
    Measure.AUPRC,
    Measure.SENSITIVITY_AT,
    Measure.BRIER,
    Measure.CALIBRATION_SLOPE,
    Measure.CALIBRATION_INTERCEPT,
)
_OF_CALLS: Final = (Measure.F1, Measure.ACCURACY, Measure.SENSITIVITY, Measure.SPECIFICITY)
_OF_CLASSES: Final = (Measure.MEAN_F1, Measure.ACCURACY, Measure.BRIER)


def area_of(truth_N: Bools, probability_N: Floats, groups_N: np.ndarray) -> Measured | None:
    """The area under the ROC curve with DeLong's interval; none where all records are of one kind."""
    if not 0 < truth_N.sum() < truth_N.size:
        return None
    return Measured(measure=Measure.AUROC, estimate=aurocs(truth_N, probability_N[None], groups_N).interval(0))


def measured_finding(
    truth_N: Bools, probability_N: Floats, groups_N: np.ndarray, threshold: float | None
) -> tuple[Measured, ...]:
    """Everything about one finding but its AUROC; decisions where there is a threshold. No records: nothing."""
    if not truth_N.size:
        return ()
    order = np.argsort(-probability_N, kind="stable")  # sorted once: resamples then sort quickly
    truth, probability = truth_N[order], probability_N[order]
    called = None if threshold is None else probability >= threshold

    def statistics(weight: Floats) -> Floats:
        line = calibration_line(truth, probability, weight)
        of_scores = [
            metrics.average_precision(truth, probability, weight),
            metrics.sensitivity_at_specificity(truth, probability, weight),
            metrics.brier(truth, probability, weight),
            line.slope,
            line.intercept,
        ]
        each = (metrics.f1, metrics.accuracy, metrics.sensitivity, metrics.specificity)
        return np.array(of_scores + ([] if called is None else [one(truth, called, weight) for one in each]))

    names = _OF_SCORES + (() if called is None else _OF_CALLS)
    groups = groups_N[order]
    of = {Measure.ACCURACY: groups, Measure.SENSITIVITY: groups[truth], Measure.SPECIFICITY: groups[~truth]}
    drawn = dict(zip(names, bootstrapped(statistics, groups), strict=True))
    found = {name: with_a_width(each, of[name]) if name in of else each for name, each in drawn.items()}
    error = Measured(measure=Measure.CALIBRATION_ERROR, estimate=calibration_error_interval(truth, probability, groups))
    return (*(Measured(measure=name, estimate=estimate) for name, estimate in found.items()), error)


def answered_finding(
    truth_N: Bools, probability_N: Floats, groups_N: np.ndarray, threshold: float | None
) -> Answered | None:
    """Errors where only the surest records are answered; one half is the threshold where none was chosen."""
    if not truth_N.size:
        return None
    cut = 0.5 if threshold is None else threshold
    return _answered((probability_N >= cut) != truth_N, confidence(probability_N, cut), groups_N)


def measured_classes(
    truth_N: Ints, probability_NC: Floats, groups_N: np.ndarray, names: tuple[str, ...], n_scored: int
) -> ClassesResult:
    """Classes of which every record has exactly one; the likeliest is decided for."""
    n_classes, decided = len(names), probability_NC.argmax(axis=1)

    def statistics(weight: Floats) -> Floats:
        f1 = mean_f1(truth_N, decided, weight, n_classes=n_classes, n_scored=n_scored)
        right = class_accuracy(truth_N, decided, weight, n_classes=n_classes)
        return np.array([f1, right, class_brier(truth_N, probability_NC, weight)])

    found = zip(_OF_CLASSES, bootstrapped(statistics, groups_N), strict=True)
    table = confusion(truth_N, decided, n_classes=n_classes).astype(int)
    return ClassesResult(
        names=names,
        n_scored=n_scored,
        n_records=truth_N.size,
        confusion=tuple(tuple(row) for row in table.tolist()),
        f1=tuple(class_f1(truth_N, decided, n_classes=n_classes).tolist()),
        measured=tuple(Measured(measure=name, estimate=estimate) for name, estimate in found),
        answered=_answered(decided != truth_N, class_confidence(probability_NC), groups_N),
    )


def _answered(wrong_N: Bools, sure_N: Floats, groups_N: np.ndarray) -> Answered:
    curve = coverage_risk(wrong_N, sure_N)

    def area(weight: Floats) -> Floats:
        return np.array([coverage_risk(wrong_N, sure_N, weight).area])

    return Answered(
        coverage=_COVERAGES,
        risk=tuple(curve.risk_at(share) for share in _COVERAGES),
        area=bootstrapped(area, groups_N)[0],
        excess=curve.excess,
    )
