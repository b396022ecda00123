"""Label efficiency on curves that can be followed with a pencil; the isotonic curve against scikit-learn."""

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from chiron.errors import BadParameters
from chiron.evaluation.efficiency import isotonic, label_efficiency, records_needed

SIZES = [30, 60, 120, 240]


def efficiency(n_real, value, curve, sizes=SIZES):
    return label_efficiency(n_real, [value], sizes, [curve])


@pytest.mark.parametrize("seed", range(5))
def test_the_isotonic_curve_equals_that_of_scikit_learn(seed):
    curves = np.random.default_rng(seed).random((3, 7)) + 0.1 * np.arange(7)
    expected = [IsotonicRegression().fit_transform(np.arange(7), curve) for curve in curves]
    np.testing.assert_allclose(isotonic(curves), expected)


def test_a_value_between_two_sizes_is_interpolated_in_the_logarithm():
    """0.75 is half-way from .7 at 60 to .8 at 120: at 60 x sqrt(2) records."""
    found = efficiency(30, 0.75, [0.6, 0.7, 0.8, 0.9])
    assert found.ratio.value == pytest.approx(2 * np.sqrt(2))
    assert not found.censored
    assert not found.at_smallest


def test_a_value_at_a_size_needs_that_size():
    assert efficiency(60, 0.9, [0.6, 0.7, 0.8, 0.9]).ratio.value == pytest.approx(4)


def test_a_fall_by_chance_is_levelled_before_it_is_read():
    """.8 and .7 become .75 twice, reached first at 60."""
    assert efficiency(30, 0.75, [0.6, 0.8, 0.7, 0.9]).ratio.value == pytest.approx(2)


def test_beyond_the_largest_size_it_is_censored():
    found = efficiency(60, 0.95, [0.6, 0.7, 0.8, 0.9])
    assert (found.ratio.value, found.censored) == (4.0, True)


def test_where_the_smallest_size_is_enough_it_says_so():
    found = efficiency(60, 0.5, [0.6, 0.7, 0.8, 0.9])
    assert (found.ratio.value, found.censored, found.at_smallest) == (0.5, False, True)


def test_a_size_of_nothing_is_left_out_and_sizes_need_no_order():
    assert efficiency(30, 0.75, [0.8, 0.9, 0.5, 0.7], [120, 240, 0, 60]).ratio.value == pytest.approx(2 * np.sqrt(2))


def test_the_interval_is_the_middle_of_the_resamples_and_open_where_they_are_censored():
    """39 resamples, evenly spread: the middle 95 % of their order statistics reach from the first to the last."""
    curve = [0.0, 1.0]
    sizes = [1, np.e]  # log n is 0 and 1: the value is the share of the way
    values = np.linspace(0, 1, 41)[1:-1]
    found = label_efficiency(1, [0.5, *values], sizes, [curve] * 40)
    assert found.ratio.value == pytest.approx(np.exp(0.5))
    assert found.ratio.lower == pytest.approx(np.exp(values[0]))
    assert found.ratio.upper == pytest.approx(np.exp(values[-1]))
    half_beyond = label_efficiency(1, [0.5, *(values + 0.5)], sizes, [curve] * 40)
    assert half_beyond.ratio.lower == pytest.approx(np.exp(values[0] + 0.5))
    assert half_beyond.ratio.upper is None


def test_resamples_without_a_value_do_not_count():
    needed = records_needed(np.array([np.nan, 0.5]), np.array([1.0, 2.0]), np.array([[0.0, 1.0], [0.5, 1.0]]))
    np.testing.assert_array_equal(needed, [np.nan, 1.0])


def test_no_ratio_exists_without_real_records_or_sizes():
    with pytest.raises(BadParameters, match="above 0, found 0"):
        efficiency(0, 0.9, [0.6, 0.7, 0.8, 0.9])
    with pytest.raises(BadParameters, match="a size above 0"):
        efficiency(30, 0.9, [0.6], [0])
    with pytest.raises(BadParameters, match="a value at each size"):
        efficiency(30, 0.9, [0.6, 0.7])
