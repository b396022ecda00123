"""Distributions by their quantiles."""

import numpy as np
import pytest

from chiron.populations.quantiles import clipped, median_of, weighted_quantiles


def test_quantiles_of_many_values_are_those_of_numpy():
    values = np.random.default_rng(1).normal(70, 12, 4001)
    probabilities = [0.01, *np.arange(0.05, 0.96, 0.05), 0.99]
    expected = np.quantile(values, probabilities, method="hazen")
    assert weighted_quantiles(values, np.ones(4001)) == pytest.approx(expected, abs=0.01)


def test_a_weight_of_two_counts_like_two_records():
    values, weights = np.array([10.0, 20.0, 40.0]), np.array([1.0, 2.0, 1.0])
    twice = weighted_quantiles(np.array([10.0, 20.0, 20.0, 40.0]), np.ones(4))
    once = weighted_quantiles(values, weights)
    assert median_of(once) == median_of(twice) == 20
    assert (once[0], once[-1]) == (twice[0], twice[-1]) == (10, 40)


def test_unknown_values_do_not_count_and_without_any_there_is_no_distribution():
    assert weighted_quantiles(np.array([np.nan, 5.0, np.nan]), np.ones(3)) == (5.0,) * 21
    assert weighted_quantiles(np.full(3, np.nan), np.ones(3)) is None
    assert weighted_quantiles(np.empty(0), np.empty(0)) is None


def test_what_lies_beyond_the_limits_is_at_them():
    assert clipped((40.0, 60.0, 110.0), 50, 100) == (50, 60, 100)


@pytest.mark.parametrize(
    ("quantiles", "median"), [((1.0, 2.0, 9.0), 2.0), ((1.0, 2.0), 1.5), ((0.0, 1.0, 3.0, 9.0), 2.0)]
)
def test_the_median_lies_at_one_half(quantiles, median):
    assert median_of(quantiles) == median
