"""Intervals of any metric, against scipy's bootstrap and against what is known of the mean."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from chiron.evaluation.bootstrap import bootstrapped
from chiron.evaluation.metrics import auroc


def skewed(seed: int = 0, n: int = 80) -> np.ndarray:
    return np.random.default_rng(seed).exponential(1.0, n)


def test_bounds_equal_those_of_scipys_bca():
    x = skewed()
    found = bootstrapped(lambda w: np.array([np.average(x, weights=w)]), np.arange(x.size), n_resamples=9999, seed=1)[0]
    expected = bootstrap((x,), np.mean, method="BCa", n_resamples=9999, rng=np.random.default_rng(2))
    interval = expected.confidence_interval
    assert found.value == pytest.approx(x.mean())
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high), abs=0.02)


def test_patients_are_drawn_with_all_their_records():
    """Every record three times is no more information: the same interval, not one of a width of 1 / sqrt(3)."""
    x = skewed()
    once, thrice = (
        bootstrapped(lambda w, v=values: np.array([np.average(v, weights=w)]), groups, seed=1)[0]
        for values, groups in ((x, np.arange(x.size)), (np.repeat(x, 3), np.repeat(np.arange(x.size), 3)))
    )
    assert thrice.lower == pytest.approx(once.lower)
    assert thrice.upper == pytest.approx(once.upper)


def test_a_number_that_does_not_exist_has_no_interval_and_a_shaky_one_no_bounds():
    score = np.linspace(0, 1, 30)
    one_kind, shaky = (
        bootstrapped(lambda w, y=truth: np.array([auroc(y, score, w)]), np.arange(30), n_resamples=100)[0]
        for truth in (np.zeros(30), np.arange(30) == 3)
    )
    assert one_kind.value is None
    assert (shaky.value, shaky.lower) == (pytest.approx(3 / 29), None)


def test_what_never_varies_has_an_interval_of_no_width():
    found = bootstrapped(lambda _: np.array([0.25]), np.arange(10), n_resamples=50)[0]
    assert (found.lower, found.value, found.upper) == (0.25, 0.25, 0.25)
