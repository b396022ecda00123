from math import exp, pi, sqrt

import numpy as np
import pytest
from scipy.stats import norm

from chiron.fidelity.shapes import distances, energy_apart, halves_apart, nearest_ratio


def singles(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(n), np.arange(n)


def test_two_points_that_never_meet_are_wholly_apart() -> None:
    d = distances(np.zeros((10, 1)), np.ones((10, 1)))
    assert energy_apart(d, singles(10)).value == pytest.approx(1.0)


def test_the_energy_distance_of_two_normal_distributions_is_that_of_the_closed_form() -> None:
    n, mu = 1500, 1.0
    rng = np.random.default_rng(5)
    d = distances(rng.normal(0, 1, (n, 1)), rng.normal(mu, 1, (n, 1)))
    # the difference of the two is N(mu, 2): E|X-Y| is the mean of a folded normal distribution; E|X-X'| = 2/sqrt(pi)
    between = 2 / sqrt(pi) * exp(-(mu**2) / 4) + mu * (1 - 2 * norm.cdf(-mu / sqrt(2)))
    expected = (2 * between - 4 / sqrt(pi)) / (2 * between)
    found = energy_apart(d, singles(n))
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower < expected < found.upper
    assert found.value == pytest.approx(expected, abs=0.03)


def test_halves_of_one_sample_are_not_apart() -> None:
    x = np.random.default_rng(6).normal(size=(200, 5))
    found = halves_apart(distances(x, x).real, np.arange(200), np.random.default_rng(7))
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower < 0 < found.upper
    assert found.upper < 0.02


def test_points_a_quarter_step_beside_a_regular_line_are_four_times_nearer_than_the_next_point() -> None:
    line = np.arange(40.0)[:, None]
    found = nearest_ratio(distances(line, line + 0.25), singles(40), np.random.default_rng(8))
    assert (found.value, found.lower, found.upper) == pytest.approx((0.25, 0.25, 0.25))


def test_the_next_real_point_is_of_another_patient() -> None:
    twins = np.repeat(np.arange(40.0), 2)[:, None]
    groups = np.repeat(np.arange(40), 2)
    found = nearest_ratio(distances(twins, twins + 0.5), (groups, groups), np.random.default_rng(9))
    assert found.value == pytest.approx(0.5)
