"""Little's statistic equals that of R's naniar, and of a maximum likelihood that is found without EM."""

import numpy as np
import pytest
from airquality import COLUMNS, airquality
from scipy.optimize import minimize
from scipy.stats import chi2

from chiron.quality.little import little_test


def test_airquality_gives_the_statistic_that_naniar_publishes():
    """mcar_test(airquality) of R's naniar (tests/testthat/test-mcar-test.R): 35.1061288689702, 14, 0.00141778113856683.

    Its EM stops when no parameter changes by more than 0.0001, ours much later.
    """
    found = little_test(airquality(), COLUMNS)
    assert found.statistic == pytest.approx(35.1061288689702, abs=2e-4)
    assert (found.df, found.n_patterns, found.n_records) == (14, 4, 153)
    assert found.p_value == pytest.approx(0.00141778113856683, rel=1e-3)
    assert (found.columns, found.note) == (COLUMNS, "")


def test_a_record_without_any_value_is_one_more_pattern_and_changes_nothing_else():
    """naniar's second test: 35.1061229683641 and five patterns."""
    found = little_test(np.vstack([airquality(), np.full((1, 6), np.nan)]), COLUMNS)
    assert found.n_patterns == 5
    assert found.statistic == pytest.approx(35.1061229683641, abs=2e-4)


def gaussian(n, *, seed):
    """Three correlated columns, with a fifth of the last two missing."""
    rng = np.random.Generator(np.random.Philox(seed))
    values = rng.normal(size=(n, 3)) @ np.array([[1.0, 0.6, 0.2], [0.0, 0.8, 0.5], [0.0, 0.0, 1.0]])
    values[:, 1:][rng.random((n, 2)) < 0.2] = np.nan
    return values


def statistic_of_direct_maximum(values):
    """Little's statistic where the likelihood of the known values is maximised by BFGS over a Cholesky factor."""
    n_columns = values.shape[1]
    below = np.tril_indices(n_columns)
    patterns, place = np.unique(~np.isnan(values), axis=0, return_inverse=True)

    def unpacked(parameters):
        factor = np.zeros((n_columns, n_columns))
        factor[below] = parameters[n_columns:]
        return parameters[:n_columns], factor @ factor.T

    def deviance(parameters):
        mean, covariance = unpacked(parameters)
        total = 0.0
        for i, known in enumerate(patterns):
            off = values[place.ravel() == i][:, known] - mean[known]
            own = covariance[np.ix_(known, known)]
            total += len(off) * np.linalg.slogdet(own)[1] + np.sum(off @ np.linalg.inv(own) * off)
        return total / len(values)

    start = np.concatenate([np.zeros(n_columns), np.eye(n_columns)[below]])
    mean, covariance = unpacked(minimize(deviance, start, method="BFGS", options={"gtol": 1e-7}).x)
    statistic = 0.0
    for i, known in enumerate(patterns):
        rows = values[place.ravel() == i][:, known]
        off = rows.mean(axis=0) - mean[known]
        statistic += len(rows) * off @ np.linalg.inv(covariance[np.ix_(known, known)]) @ off
    return statistic, int(patterns.sum()) - n_columns


def test_the_fit_is_the_maximum_of_the_likelihood():
    values = gaussian(400, seed=3)
    statistic, df = statistic_of_direct_maximum(values)
    found = little_test(values, ("a", "b", "c"))
    assert found.df == df
    assert found.statistic == pytest.approx(statistic, abs=2e-3)
    assert found.p_value == pytest.approx(chi2.sf(statistic, df), rel=1e-3)


def test_units_do_not_matter():
    values = gaussian(400, seed=4)
    scaled = values * np.array([1e-6, 1.0, 1e6]) + np.array([0.0, -40.0, 1e9])
    assert little_test(scaled, "abc").statistic == pytest.approx(little_test(values, "abc").statistic, abs=1e-3)


def test_p_values_are_uniform_where_nothing_but_chance_removes_values():
    # of 200 data sets, 10 are expected below 0.05 and 100 below 0.5; three standard errors are 9 and 21
    p = np.array([little_test(gaussian(300, seed=seed), "abc").p_value for seed in range(200)])
    assert (p < 0.05).sum() <= 19
    assert 79 <= (p < 0.5).sum() <= 121


def test_values_that_are_missing_where_another_is_high_are_found():
    values = gaussian(400, seed=5)
    values[:, 1][values[:, 0] > 0.5] = np.nan
    assert little_test(values, "abc").p_value < 1e-6


def test_constant_copied_summed_and_nearly_empty_columns_are_left_out_and_named():
    air = airquality()
    nearly_empty = np.full(len(air), np.nan)
    nearly_empty[:20] = np.arange(20)
    values = np.column_stack([air, 2 * air[:, 0] + 1, np.ones(len(air)), air[:, 2] + air[:, 3], nearly_empty])
    found = little_test(values, (*COLUMNS, "copy", "constant", "sum", "nearly empty"))
    assert "constant, nearly empty" in found.note
    assert "copy" in found.note
    assert len(found.columns) == 6
    assert (found.statistic, found.df) == (pytest.approx(35.1061288689702, abs=1e-3), 14)


@pytest.mark.parametrize("values", [np.empty((0, 2)), np.empty((100, 0)), np.ones((100, 2)), airquality()[:, 2:]])
def test_without_a_column_that_varies_or_a_value_that_is_missing_there_is_nothing_to_test(values):
    found = little_test(values, [str(i) for i in range(values.shape[1])])
    assert (found.statistic, found.p_value) == (None, None)


def test_thousands_of_patterns_take_little_time_and_the_note_says_which_were_looked_at():
    rng = np.random.Generator(np.random.Philox(6))
    values = rng.normal(size=(5000, 12))
    values[rng.random(values.shape) < 0.4] = np.nan
    found = little_test(values, [str(i) for i in range(12)])
    assert found.n_patterns > 500
    assert "500 most frequent patterns" in found.note
    assert found.n_records < 5000
