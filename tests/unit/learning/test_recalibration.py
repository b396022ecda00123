"""Logits fitted to other records, against scikit-learn's regression and what a maximum of likelihood must be."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from chiron.learning.recalibration import fit_recalibration, log_of

RNG = np.random.default_rng(4)
N = 4000


def test_two_classes_get_the_slope_and_intercept_of_a_logistic_regression():
    x = RNG.normal(size=N)
    truth = RNG.random(N) < 1 / (1 + np.exp(-(0.9 * x - 0.5)))
    regression = LogisticRegression(C=np.inf).fit(x[:, None], truth)
    logits = torch.from_numpy(np.stack([x, np.zeros(N)], axis=1))
    target = np.stack([truth, ~truth], axis=1).astype(np.float32)
    fitted = fit_recalibration(logits, target, np.ones_like(target), exclusive=True)
    assert fitted.scale == pytest.approx(regression.coef_[0, 0], rel=0.01)  # pulled a little towards none
    assert fitted.shift_C[0] - fitted.shift_C[1] == pytest.approx(regression.intercept_[0], rel=0.01)


def test_classes_become_as_frequent_as_they_are_among_the_records():
    probability = RNG.dirichlet([1, 1, 1, 1], N)
    target = np.eye(4, dtype=np.float32)[RNG.choice(4, N, p=[0.6, 0.1, 0.25, 0.05])]
    fitted = fit_recalibration(log_of(probability), target, np.ones_like(target), exclusive=True)
    moved = fitted.of_classes(probability)
    np.testing.assert_allclose(moved.sum(axis=1), 1)
    np.testing.assert_allclose(moved.mean(axis=0), target.mean(axis=0), atol=0.005)


def test_what_fits_already_stays_and_a_zero_is_no_infinity():
    probability = RNG.dirichlet([1, 1, 1], 20_000)
    target = np.array([RNG.multinomial(1, each) for each in probability], dtype=np.float32)
    fitted = fit_recalibration(log_of(probability), target, np.ones_like(target), exclusive=True)
    np.testing.assert_allclose(fitted.of_classes(probability), probability, atol=0.02)
    assert np.isfinite(fitted.of_classes(np.array([[1.0, 0.0, 0.0]]))).all()


def test_a_code_that_nobody_read_keeps_its_logit():
    logits = torch.from_numpy(RNG.normal(size=(N, 2)))
    target = np.stack([RNG.random(N) < 0.2, np.full(N, np.nan)], axis=1).astype(np.float32)
    fitted = fit_recalibration(logits, target, np.ones_like(target), exclusive=False)
    assert fitted.shift_C[0] < -1
    assert fitted.shift_C[1] == 0
