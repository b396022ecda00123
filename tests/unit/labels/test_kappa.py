"""Statistics of agreement against published tables and other implementations."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss_kappa

from chiron.labels.kappa import cohen, equal_share, fleiss, with_interval

# Fleiss 1971, table 1: 30 patients, 6 psychiatrists each, 5 diagnoses
FLEISS_1971 = np.array(
    [
        [0, 0, 0, 6, 0], [0, 3, 0, 0, 3], [0, 1, 4, 0, 1], [0, 0, 0, 0, 6], [0, 3, 0, 3, 0], [2, 0, 4, 0, 0],
        [0, 0, 4, 0, 2], [2, 0, 3, 1, 0], [2, 0, 0, 4, 0], [0, 0, 0, 0, 6], [1, 0, 0, 5, 0], [1, 1, 0, 4, 0],
        [0, 3, 3, 0, 0], [1, 0, 0, 5, 0], [0, 2, 0, 3, 1], [0, 0, 5, 0, 1], [3, 0, 0, 1, 2], [5, 1, 0, 0, 0],
        [0, 2, 0, 4, 0], [1, 0, 2, 0, 3], [0, 0, 0, 0, 6], [0, 1, 0, 5, 0], [0, 2, 0, 1, 3], [2, 0, 0, 4, 0],
        [1, 0, 0, 4, 1], [0, 5, 0, 1, 0], [4, 0, 0, 0, 2], [0, 2, 0, 4, 0], [1, 0, 5, 0, 0], [0, 0, 0, 0, 6],
    ]
)  # fmt: skip


def of_data(statistic, rows):
    """The figure of the data as it is."""
    return statistic(rows, np.ones((1, len(rows)))).item()


def test_fleiss_kappa_equals_the_published_table_of_fleiss_1971():
    # kappam.fleiss(diagnoses) of R's package irr gives 0.4302445, as in the tests of statsmodels
    assert_allclose(of_data(fleiss, FLEISS_1971), 0.4302445, atol=5e-8)


def test_percent_agreement_equals_the_published_table_of_fleiss_1971():
    assert_allclose(of_data(equal_share, FLEISS_1971), 0.5556, atol=5e-5)  # Fleiss 1971, page 381


def test_fleiss_kappa_equals_statsmodels_on_random_readings():
    readings = np.random.default_rng(1).multinomial(5, [0.2, 0.5, 0.3], size=200)
    assert_allclose(of_data(fleiss, readings), statsmodels_fleiss_kappa(readings), rtol=1e-12)


def test_fleiss_kappa_of_unequal_numbers_of_readings_counts_each_record_once():
    # by hand: agreement (1 + 1 + 1/3) / 3 = 7/9; shares (1 + 0 + 1/3) / 3 = 4/9 and 5/9; chance 41/81
    counts = np.array([[2, 0], [0, 4], [1, 2]])
    assert_allclose(of_data(fleiss, counts), (7 / 9 - 41 / 81) / (1 - 41 / 81))


def pairs_of(table):
    """The readings (N, 2) that a contingency table counts."""
    return np.repeat(np.argwhere(np.array(table) >= 0), np.ravel(table), axis=0)


# SAS/STAT, PROC FREQ: two dermatologists, 88 patients; kappa 0.3449, 95 % limits 0.2030 and 0.4868
DERMATOLOGISTS = [[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]]


@pytest.mark.parametrize(
    ("table", "kappa"),
    [([[0, 4, 1], [0, 8, 0], [0, 1, 5]], 0.4842), (DERMATOLOGISTS, 0.3449)],
    ids=["the SAS printout in statsmodels' tests", "the example of the SAS manual"],
)
def test_cohen_kappa_equals_what_sas_prints(table, kappa):
    assert_allclose(of_data(cohen, pairs_of(table)), kappa, atol=5e-5)


def test_cohen_kappa_equals_scikit_learn_on_random_readings():
    pairs = np.random.default_rng(2).integers(0, 4, size=(300, 2))
    pairs[:150, 1] = pairs[:150, 0]
    assert_allclose(of_data(cohen, pairs), cohen_kappa_score(pairs[:, 0], pairs[:, 1]), rtol=1e-12)


@pytest.mark.parametrize("statistic", [cohen, fleiss])
def test_kappa_is_undefined_where_all_readings_fall_in_one_category(statistic):
    rows = np.zeros((10, 2), dtype=np.int64) if statistic is cohen else np.tile([3, 0], (10, 1))
    interval = with_interval(statistic, rows)
    assert interval.value is None
    assert interval.lower is None


def test_the_bootstrap_interval_agrees_with_the_asymptotic_one_of_sas():
    interval = with_interval(cohen, pairs_of(DERMATOLOGISTS))
    assert interval.lower == pytest.approx(0.2030, abs=0.02)
    assert interval.upper == pytest.approx(0.4868, abs=0.02)


def test_the_interval_is_the_same_for_the_same_seed_and_any_order_of_records():
    shuffled = np.random.default_rng(3).permutation(FLEISS_1971)
    assert with_interval(fleiss, shuffled) == with_interval(fleiss, FLEISS_1971)
    assert with_interval(fleiss, FLEISS_1971, seed=1) != with_interval(fleiss, FLEISS_1971)
