"""The card of the model that came out of a boost experiment. What is chosen here is chosen on valid records.

Shapes: records N, codes C.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from chiron.boost.experiment import Boost
from chiron.datasets.dataset import Dataset
from chiron.evaluation.abstention import AT_LEAST, class_confidence, confidence, rule_for_coverage
from chiron.evaluation.calibration import AS_IS, Calibration, fit_calibration, fit_temperature, tempered
from chiron.evaluation.ranking import best_threshold
from chiron.labels.positive import positive
from chiron.learning.examples import labelled_records
from chiron.models.new_card import Reading, card_of, measured_limits, source_of, unsure_around
from schemas import card
from schemas.boost import Arm, BoostReport, MetricName
from schemas.codes import SplitName, concept_name
from schemas.params import TrainParams
from schemas.training import ModelCard, ModelOutput

__all__ = ["card_of_boost"]

_MIN_OF_EACH: Final = 5  # valid records with, and without, a finding: fewer can't choose a threshold
_CHOSEN: Final = "Youden's index on the valid split"
_ANSWERED: Final = 0.9  # of the valid records: it can't tell what it is less sure of than of all of these
_LEAST_SURE: Final = "the tenth of the valid split that it is least sure of is left to a person"


class _Calibrated(NamedTuple):
    """Probabilities of the valid records that can be believed, and what made them so."""

    probability_NC: np.ndarray
    temperature: float
    corrections: tuple[Calibration, ...]


def card_of_boost(boost: Boost, real: Dataset, cohort: Dataset, params: TrainParams) -> ModelCard:
    """The card of synthetic first at all real records."""
    train = labelled_records(real, boost.view.codes[0], (SplitName.TRAIN,))
    calibrated = _calibrated(boost)
    outputs, sure = tuple(_outputs(boost, calibrated)), _surest_class(boost, calibrated)
    can_tell = sure is not None or any(output.unsure for output in outputs)
    return card_of(
        boost.network,
        leads=boost.view.leads,
        window=boost.view.window,
        outputs=outputs,
        arm=Arm.SYNTHETIC_FIRST,
        sources=(source_of(real, card.SourceRole.TARGET), source_of(cohort, card.SourceRole.COHORT)),
        parameters=params.model_dump(mode="json"),
        limits=measured_limits(real, train, boost.view.leads, boost.view.window),
        metrics=tuple(_metrics(boost.report, real.manifest.name)),
        boost=card.BoostVerdict.of(boost.report),
        reading=Reading(
            exclusive=boost.exclusive,
            temperature=calibrated.temperature,
            thresholds_chosen=_CHOSEN,
            min_confidence=sure,
            abstention_chosen=_LEAST_SURE if can_tell else Reading().abstention_chosen,
        ),
    )


def _calibrated(boost: Boost) -> _Calibrated:
    """One temperature where a record has exactly one code, else a slope and intercept for each."""
    target_NC, said_NC = boost.valid.examples.target_NC, boost.valid_probability_NC
    if boost.exclusive:
        temperature = fit_temperature(target_NC.argmax(axis=1), said_NC)
        return _Calibrated(tempered(said_NC, temperature), temperature, (AS_IS,) * said_NC.shape[1])
    corrections = []
    for target, said in zip(target_NC.T, said_NC.T, strict=True):
        read = np.isfinite(target)
        corrections.append(fit_calibration(positive(target[read]), said[read]) if read.any() else AS_IS)
    calibrated = [correct(said) for correct, said in zip(corrections, said_NC.T, strict=True)]
    return _Calibrated(np.stack(calibrated, axis=1), 1.0, tuple(corrections))


def _outputs(boost: Boost, calibrated: _Calibrated) -> Iterator[ModelOutput]:
    for k, code in enumerate(boost.view.codes):
        target, correction = boost.valid.examples.target_NC[:, k], calibrated.corrections[k]
        said = calibrated.probability_NC[:, k]
        threshold = best_threshold(target, said, at_least=_MIN_OF_EACH)
        yield ModelOutput(
            code_system=code.system,
            code=code.code,
            name=concept_name(code),
            threshold=threshold,
            calibration=card.Calibration(slope=correction.slope, intercept=correction.intercept),
            unsure=None if boost.exclusive or threshold is None else _unsure(target, said, threshold),
        )


def _unsure(target_N: np.ndarray, said_N: np.ndarray, threshold: float) -> card.Range | None:
    """Probabilities too close to the threshold; None where too few valid records can say which."""
    read = np.isfinite(target_N)
    if read.sum() < AT_LEAST:
        return None
    wrong = positive(target_N[read]) != (said_N[read] >= threshold)
    rule = rule_for_coverage(wrong, confidence(said_N[read], threshold), _ANSWERED)
    return unsure_around(threshold, rule.min_confidence)


def _surest_class(boost: Boost, calibrated: _Calibrated) -> float | None:
    """The probability that the likeliest of exclusive classes must have; None where too few valid records can say."""
    target_NC, said_NC = boost.valid.examples.target_NC, calibrated.probability_NC
    if not boost.exclusive or len(target_NC) < AT_LEAST:
        return None
    wrong = target_NC.argmax(axis=1) != said_NC.argmax(axis=1)
    return rule_for_coverage(wrong, class_confidence(said_NC), _ANSWERED).min_confidence


def _metrics(report: BoostReport, dataset: str) -> Iterator[card.CardMetric]:
    """Of the arm at all training records, the mean over its runs, of which the model is one."""
    for table in report.tables:
        point = [point for point in table.points if point.arm is Arm.SYNTHETIC_FIRST][-1]
        yield card.CardMetric(
            name=table.metric,
            of=report.target_name if table.metric is MetricName.AUROC else "scored classes",
            value=point.value,
            dataset=dataset,
            split=SplitName.TEST,
            mix=table.mix,
            n_records=report.n_test,
            n_positive=report.n_test_positive,
            unit=report.unit,
        )
