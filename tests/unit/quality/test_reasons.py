"""Columns that have no reason to be missing are not given one; q-values are computed by hand."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from chiron.quality.factors import Factor
from chiron.quality.reasons import columns_with_reasons, q_values_of

N = 1000


def test_a_column_without_a_reason_is_not_given_one_by_columns_that_have_many():
    # 200 data sets of ten columns that depend on everything and ten that depend on nothing, with twelve tests each
    rng = np.random.Generator(np.random.Philox(1))
    alarms, alarms_of_one_family = 0, 0
    for _ in range(200):
        p = rng.random((20, 12)) * np.repeat([1e-9, 1.0], 10)[:, None]
        alarms += sum(min(q) < 0.05 for q in q_values_of(p.tolist())[10:])
        alarms_of_one_family += (false_discovery_control(p.ravel()).reshape(p.shape)[10:] < 0.05).any(axis=1).sum()
    # every column at 5 %, or less: 100 of 2,000, standard error 10
    assert alarms < 130
    assert alarms_of_one_family > 300


def test_q_values_are_those_of_benjamini_and_bogomolov():
    # by hand, three columns. Within: [0.01, 0.04] -> [0.02, 0.04]; [0.3] -> [0.3]; [0.001, 0.5, 0.9] -> [0.003, ...]
    # Simes: 0.02, 0.3, 0.003; Benjamini and Hochberg over those: 0.03, 0.3, 0.009: two of three are found
    first, second, none, third = q_values_of([[0.01, 0.04], [0.3], [], [0.001, 0.5, 0.9]])
    assert first == pytest.approx([0.03, 0.06])
    assert (second, none) == (pytest.approx([0.45]), [])
    assert third == pytest.approx([0.0045, 1.0, 1.0])


def test_a_reason_that_no_single_column_shows_is_told_by_the_model_of_all():
    # sixty coins, each of which moves the chance by three per cent: each alone is lost among sixty tests
    rng = np.random.Generator(np.random.Philox(3))
    coins = [rng.integers(0, 2, N) for _ in range(60)]
    missing = rng.random(N) < 0.5 + 0.03 * (np.sum(coins, axis=0) - 30)
    factors = [Factor(f"coin-{i}", coin, ("heads", "tails")) for i, coin in enumerate(coins)]
    (column,) = columns_with_reasons({"x": missing}, {}, factors, np.ones(N, dtype=bool))
    assert column.depends_on == ()
    assert column.for_a_reason
    assert column.verdict == "missing for a reason, which no single column shows: AUROC 0.59"


def test_a_column_with_no_reason_says_how_many_tests_found_none():
    rng = np.random.Generator(np.random.Philox(4))
    site = Factor("site", rng.integers(0, 3, N), ("a", "b", "c"))
    (column,) = columns_with_reasons({"x": rng.random(N) < 0.3}, {}, [site], np.ones(N, dtype=bool))
    assert (column.for_a_reason, column.verdict) == (False, "no dependence found in 2 tests")
