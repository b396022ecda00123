"""Metrics equal those of scikit-learn and torchmetrics, on random and on degenerate records."""

import math

import numpy as np
import pytest
import torch
from sklearn import metrics as sk
from torchmetrics.functional import classification as tm

from chiron.errors import BadParameters
from chiron.evaluation import metrics

N = 60
SEEDS = range(8)


def made_up(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, probabilities (every other seed: with many ties) and weights, some of them 0."""
    rng = np.random.default_rng(seed)
    truth = rng.random(N) < 0.3
    truth[:2] = True, False
    score = np.clip(0.25 * truth + 0.75 * rng.random(N), 0, 1)
    return truth, np.round(score, 1) if seed % 2 else score, rng.integers(0, 4, N).astype(float)


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_of_scores_equal_those_of_scikit_learn_with_and_without_weights(seed):
    truth, score, weight = made_up(seed)
    for w in (None, weight):
        assert metrics.auroc(truth, score, w) == pytest.approx(sk.roc_auc_score(truth, score, sample_weight=w))
        expected = sk.average_precision_score(truth, score, sample_weight=w)
        assert metrics.average_precision(truth, score, w) == pytest.approx(expected)
        assert metrics.brier(truth, score, w) == pytest.approx(sk.brier_score_loss(truth, score, sample_weight=w))


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_of_decisions_equal_those_of_scikit_learn_with_and_without_weights(seed):
    truth, score, weight = made_up(seed)
    called = score > 0.5
    for w in (None, weight):
        assert metrics.f1(truth, called, w) == pytest.approx(sk.f1_score(truth, called, sample_weight=w))
        assert metrics.accuracy(truth, called, w) == pytest.approx(sk.accuracy_score(truth, called, sample_weight=w))
        assert metrics.sensitivity(truth, called, w) == pytest.approx(sk.recall_score(truth, called, sample_weight=w))
        expected = sk.recall_score(~truth, ~called, sample_weight=w)
        assert metrics.specificity(truth, called, w) == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_equal_those_of_torchmetrics(seed):
    truth, score, _ = made_up(seed)
    target, preds = torch.tensor(truth.astype(int)), torch.tensor(score)
    assert metrics.auroc(truth, score) == pytest.approx(float(tm.binary_auroc(preds, target)), abs=1e-6)
    expected = float(tm.binary_average_precision(preds, target))
    assert metrics.average_precision(truth, score) == pytest.approx(expected, abs=1e-6)
    expected = float(tm.binary_sensitivity_at_specificity(preds, target, min_specificity=0.8)[0])
    assert metrics.sensitivity_at_specificity(truth, score, at_least=0.8) == pytest.approx(expected, abs=1e-6)
    assert metrics.f1(truth, score > 0.5) == pytest.approx(float(tm.binary_f1_score(preds, target)), abs=1e-6)


def test_a_weight_of_two_is_the_record_twice():
    truth, score, weight = made_up(1)
    times = weight.astype(int)
    twice = np.repeat(truth, times), np.repeat(score, times)
    for metric in (metrics.auroc, metrics.average_precision, metrics.brier, metrics.sensitivity_at_specificity):
        assert metric(truth, score, weight) == pytest.approx(metric(*twice))


def test_a_constant_score_tells_nothing():
    """Ties count half: AUROC one half; precision is the prevalence (as in scikit-learn); nothing below "always"."""
    truth = np.array([1, 0, 0, 0])
    assert metrics.auroc(truth, np.full(4, 0.7)) == 0.5
    assert metrics.average_precision(truth, np.full(4, 0.7)) == 0.25
    assert metrics.sensitivity_at_specificity(truth, np.full(4, 0.7)) == 0.0


def test_what_does_not_exist_with_one_class_is_nan():
    score = np.array([0.1, 0.6])
    for truth in (np.zeros(2), np.ones(2)):
        assert math.isnan(metrics.auroc(truth, score))
        assert math.isnan(metrics.sensitivity_at_specificity(truth, score))
    assert math.isnan(metrics.average_precision(np.zeros(2), score))
    assert math.isnan(metrics.f1(np.zeros(2), np.zeros(2)))
    assert math.isnan(metrics.sensitivity(np.zeros(2), score > 0.5))
    assert metrics.average_precision(np.ones(2), score) == 1.0
    assert metrics.accuracy(np.zeros(2), np.zeros(2)) == 1.0


def test_a_class_whose_records_all_weigh_nothing_is_missing():
    assert math.isnan(metrics.auroc([0, 1], [0.1, 0.2], [1.0, 0.0]))


@pytest.mark.parametrize(
    ("truth", "score", "weight", "message"),
    [
        ([], [], None, "one or more records"),
        ([0, 1], [0.5], None, "one or more records"),
        ([[0], [1]], [[0.5], [0.2]], None, "one or more records"),
        ([0, 1], [0.5, np.nan], None, "finite scores"),
        ([0, 1], [0.5, np.inf], None, "finite scores"),
        ([0, np.nan], [0.5, 0.1], None, "truth of 0 or 1"),
        ([0, 0.5], [0.5, 0.1], None, "truth of 0 or 1"),
        ([0, 1], [0.5, 0.1], [1.0], "2 finite ones"),
        ([0, 1], [0.5, 0.1], [1.0, -1.0], "2 finite ones"),
        ([0, 1], [0.5, 0.1], [0.0, 0.0], "not all 0"),
        ([0, 1], [0.5, 0.1], [1.0, np.nan], "2 finite ones"),
    ],
)
def test_what_is_no_measurement_is_refused(truth, score, weight, message):
    for metric in (metrics.auroc, metrics.average_precision, metrics.brier, metrics.f1, metrics.accuracy):
        with pytest.raises(BadParameters, match=message):
            metric(truth, score, weight)
