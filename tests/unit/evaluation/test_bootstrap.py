"""Intervals of any metric, against scipy's bootstrap and against what is known of the mean."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import bootstrap

from chiron.evaluation.bootstrap import bootstrapped, calibration_error_interval
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


@pytest.mark.parametrize(("fault", "truth"), [(1.0, 0.0), (1.6, 0.0719)])
def test_the_interval_of_the_calibration_error_holds_the_truth(fault, truth):
    """The true error of logits that are 1.6 times too large, by numerical integration; of right ones it is 0."""
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = rng.normal(-1, 1.5, 300)
        happened = rng.random(300) < expit(x)
        found = calibration_error_interval(happened, expit(fault * x), np.arange(300), n_resamples=100, seed=seed)
        held += found.lower <= truth <= found.upper
    assert held >= 34  # of 40 at 95 %: fewer once in a hundred


def test_the_error_of_one_kind_alone_is_that_of_the_mean():
    """All true, .9 said: off by .1, and no chance in it."""
    found = calibration_error_interval(np.ones(50, dtype=bool), np.full(50, 0.9), np.arange(50), n_resamples=50)
    assert (found.lower, found.value, found.upper) == pytest.approx((0.1, 0.1, 0.1))
