"""What is reported of one finding and of classes, against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sk

from chiron.evaluation.reporting import answered_finding, area_of, measured_classes, measured_finding
from schemas.evaluation import Measure

N = 60


@pytest.fixture
def finding() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    truth = rng.random(N) < 0.4
    return truth, 1 / (1 + np.exp(-(2 * truth - 1 + rng.standard_normal(N))))


def test_every_number_of_a_finding_equals_scikit_learns_and_lies_in_its_interval(finding):
    truth, probability = finding
    called = probability >= 0.6
    found = {each.measure: each.estimate for each in measured_finding(truth, probability, np.arange(N), 0.6)}
    expected = {
        Measure.AUPRC: sk.average_precision_score(truth, probability),
        Measure.BRIER: sk.brier_score_loss(truth, probability),
        Measure.F1: sk.f1_score(truth, called),
        Measure.ACCURACY: sk.accuracy_score(truth, called),
        Measure.SENSITIVITY: sk.recall_score(truth, called),
        Measure.SPECIFICITY: sk.recall_score(~truth, ~called),
    }
    assert {measure: found[measure].value for measure in expected} == pytest.approx(expected)
    assert all(estimate.lower <= estimate.value <= estimate.upper for estimate in found.values())
    assert area_of(truth, probability, np.arange(N)).estimate.value == pytest.approx(
        sk.roc_auc_score(truth, probability)
    )


def test_without_a_threshold_nothing_is_called_and_without_records_nothing_is_said(finding):
    truth, probability = finding
    found = {each.measure for each in measured_finding(truth, probability, np.arange(N), None)}
    assert Measure.BRIER in found
    assert not found & {Measure.F1, Measure.ACCURACY, Measure.SENSITIVITY, Measure.SPECIFICITY}
    nothing = truth[:0], probability[:0], np.arange(0)
    assert measured_finding(*nothing, None) == ()
    assert answered_finding(*nothing, None) is None
    assert area_of(*nothing) is None


def test_errors_fall_where_only_the_surest_are_answered(finding):
    truth, probability = finding
    answered = answered_finding(truth, probability, np.arange(N), 0.5)
    assert answered.coverage[-1] == 1
    assert answered.risk[-1] == pytest.approx(((probability >= 0.5) != truth).mean())
    surest = np.argsort(-np.abs(probability - 0.5))[: N // 2]
    assert answered.risk[answered.coverage.index(0.5)] == pytest.approx(((probability >= 0.5) != truth)[surest].mean())


def test_classes_are_those_of_scikit_learn():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, N)
    said = rng.dirichlet(np.ones(3), N) + np.eye(3)[truth] * 0.4
    said /= said.sum(axis=1, keepdims=True)
    found = measured_classes(truth, said, np.arange(N), ("a", "b", "noisy"), 2)
    decided = said.argmax(axis=1)
    np.testing.assert_array_equal(found.confusion, sk.confusion_matrix(truth, decided))
    f1 = sk.f1_score(truth, decided, average=None)
    np.testing.assert_allclose(found.f1, f1)
    assert found.measured[0].estimate.value == pytest.approx(f1[:2].mean())
    assert found.answered.risk[-1] == pytest.approx((decided != truth).mean())


def test_a_share_of_which_all_are_right_is_not_certain():
    truth = np.repeat([True, False], 20)
    patients = np.concatenate([np.arange(20), 20 + np.arange(20) // 2])  # 20 patients with it, 10 without
    found = {each.measure: each.estimate for each in measured_finding(truth, np.where(truth, 0.9, 0.1), patients, 0.5)}
    lower = {n: 0.025 ** (1 / n) for n in (10, 20, 30)}  # 0.6915, 0.8316, 0.8843: Clopper and Pearson, n of n
    for measure, n in ((Measure.SENSITIVITY, 20), (Measure.SPECIFICITY, 10), (Measure.ACCURACY, 30)):
        estimate = found[measure]
        assert (estimate.value, estimate.upper) == (1, 1)
        assert estimate.lower == pytest.approx(lower[n])
    wrong = {each.measure: each.estimate for each in measured_finding(truth, np.where(truth, 0.1, 0.9), patients, 0.5)}
    assert wrong[Measure.SENSITIVITY].lower == 0
    assert wrong[Measure.SENSITIVITY].upper == pytest.approx(1 - lower[20])
