"""Calibration against scikit-learn, statsmodels, torchmetrics, and probabilities whose fault is known."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
import torch
from scipy.special import expit, logit, softmax
from torchmetrics.functional.classification import binary_calibration_error

from chiron.evaluation.calibration import (
    AS_IS,
    Bins,
    Calibration,
    calibration_line,
    expected_calibration_error,
    fit_calibration,
    fit_temperature,
    root_mean_square_calibration_error,
    tempered,
)
from chiron.evaluation.metrics import auroc, brier


def too_sure(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Truth, and probabilities with twice the true logit plus one."""
    rng = np.random.default_rng(seed)
    x = rng.normal(-0.5, 1.5, n)
    return rng.random(n) < expit(x), expit(2 * x + 1)


@pytest.mark.parametrize("seed", range(3))
def test_the_error_of_equal_bins_equals_that_of_torchmetrics(seed):
    truth, probability = too_sure(seed)
    preds, target = torch.tensor(probability), torch.tensor(truth.astype(int))
    expected = float(binary_calibration_error(preds, target, n_bins=15, norm="l1"))
    found = expected_calibration_error(truth, probability, n_bins=15, bins=Bins.EQUAL_WIDTH)
    assert found == pytest.approx(expected, abs=1e-6)


def test_the_error_of_bins_of_equal_mass_by_hand():
    """Two bins of two: said .1 and .15 on average, 0 and 1/2 true; said .8, 1 true."""
    found = expected_calibration_error([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], n_bins=2)
    assert found == pytest.approx((0.15 + 0.2) / 2)


def test_the_error_that_chance_makes_is_taken_off():
    """Kumar et al. 2019. Perfect probabilities: the plain error is far from zero, the corrected one near it."""
    plain, corrected = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        p = rng.random(200)
        truth = rng.random(200) < p
        plain.append(expected_calibration_error(truth, p, n_bins=20))
        corrected.append(root_mean_square_calibration_error(truth, p, n_bins=20) ** 2)
    assert np.mean(plain) > 0.07
    assert np.mean(corrected) < 0.003


def test_the_corrected_error_by_hand():
    """One bin of four, said .6 on average, 3/4 true: .15 squared, less .75 x .25 / 3."""
    found = root_mean_square_calibration_error([1, 1, 1, 0], [0.6] * 4, n_bins=1)
    assert found == 0.0  # .0225 - .0625 < 0
    found = root_mean_square_calibration_error([1, 1, 1, 0], [0.1] * 4, n_bins=1)
    assert found == pytest.approx(np.sqrt(0.65**2 - 0.0625))


@pytest.mark.parametrize("weighted", [False, True])
def test_slope_and_intercept_equal_those_of_statsmodels(weighted):
    truth, probability = too_sure(1)
    weight = np.random.default_rng(2).integers(1, 4, truth.size) if weighted else np.ones(truth.size)
    x = logit(probability)
    family = sm.families.Binomial()
    slope = sm.GLM(truth, sm.add_constant(x), family=family, freq_weights=weight).fit().params[1]
    intercept = sm.GLM(truth, np.ones(truth.size), family=family, offset=x, freq_weights=weight).fit().params[0]
    assert calibration_line(truth, probability, weight) == pytest.approx((slope, intercept), abs=1e-6)


def test_slope_and_intercept_find_the_fault_that_was_made():
    slope, intercept = calibration_line(*too_sure(3, 20_000))
    assert slope == pytest.approx(0.5, abs=0.02)
    assert intercept < -0.5


@pytest.mark.parametrize(
    ("truth", "probability"),
    [([1, 1, 1], [0.2, 0.5, 0.9]), ([0, 1, 0], [0.5, 0.5, 0.5]), ([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9])],
    ids=["one-class", "constant", "separated"],
)
def test_where_no_line_is_the_most_likely_there_is_none(truth, probability):
    assert all(math.isnan(number) for number in calibration_line(truth, probability))


def test_platts_correction_brings_the_probabilities_back_and_keeps_the_order():
    truth, probability = too_sure(4, 2000)
    calibration = fit_calibration(truth, probability)
    assert calibration.slope == pytest.approx(0.5, abs=0.06)
    assert calibration.intercept == pytest.approx(-0.5, abs=0.15)
    new_truth, new = too_sure(5, 2000)
    assert brier(new_truth, calibration(new)) < brier(new_truth, new) - 0.01
    assert auroc(new_truth, calibration(new)) == pytest.approx(auroc(new_truth, new))
    assert expected_calibration_error(new_truth, calibration(new)) < 0.04


def test_platts_targets_are_those_of_his_paper():
    """Platt 1999: (n+ + 1) / (n+ + 2) and 1 / (n- + 2), so records that can be separated give a finite slope."""
    truth = np.arange(60) >= 30
    probability = np.where(truth, 0.9, 0.1)
    slope, intercept = fit_calibration(truth, probability)
    target = 31 / 32  # two groups, two parameters: the fit meets both targets
    assert expit(slope * logit(0.9) + intercept) == pytest.approx(target)
    assert expit(slope * logit(0.1) + intercept) == pytest.approx(1 / 32)


def test_few_records_of_a_kind_change_nothing():
    truth, probability = np.arange(100) >= 81, np.linspace(0.1, 0.9, 100)
    assert fit_calibration(truth, probability) is AS_IS
    np.testing.assert_allclose(AS_IS(probability), probability)


def test_an_output_that_is_wrong_more_often_than_right_is_not_turned_around():
    truth, probability = too_sure(6)
    assert fit_calibration(truth, 1 - probability) == AS_IS


def test_probabilities_of_zero_and_one_are_taken():
    assert np.isfinite(fit_calibration([0, 1] * 30, [0.0, 1.0] * 29 + [1.0, 0.0])).all()
    np.testing.assert_allclose(Calibration()(np.array([0.0, 1.0])), [0, 1], atol=1e-6)


def test_the_temperature_finds_how_much_too_sure_the_classes_were():
    rng = np.random.default_rng(7)
    logits = rng.normal(0, 1.5, (4000, 3))
    truth = (softmax(logits, axis=1).cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    said = softmax(2.5 * logits, axis=1)
    assert fit_temperature(truth, said) == pytest.approx(2.5, abs=0.15)
    np.testing.assert_allclose(
        tempered(said, 2.5), softmax(logits, axis=1), atol=2e-3
    )  # no probability is surer than 1e-7
    assert fit_temperature(truth[:30], said[:30]) == 1.0
