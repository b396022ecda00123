"""Coefficients of agreement against published tables and other implementations."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss_kappa

from chiron.labels.coefficients import COEFFICIENTS, Tally, contributions
from schemas.agreement import AgreementStatistic

PERCENT, COHEN, FLEISS, ALPHA, AC1, POSITIVE = (
    AgreementStatistic.PERCENT_AGREEMENT, AgreementStatistic.COHEN_KAPPA, AgreementStatistic.FLEISS_KAPPA,
    AgreementStatistic.KRIPPENDORFF_ALPHA, AgreementStatistic.GWET_AC1, AgreementStatistic.POSITIVE_AGREEMENT,
)  # fmt: skip

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

# Krippendorff 2011, example C: 4 observers, 12 units, values 1 to 5, 0 where missing; `cac.raw4raters` of irrCAC
FOUR_OBSERVERS = [
    [1, 1, 0, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [0, 5, 5, 5], [0, 0, 1, 1], [0, 0, 3, 0],
]  # fmt: skip

# Krippendorff, Content Analysis, 3 observers and 15 units, 0 where missing: the example of the encyclopedias
THREE_OBSERVERS = np.transpose(
    [
        [0, 0, 0, 0, 0, 3, 4, 1, 2, 1, 1, 3, 3, 0, 3],
        [1, 0, 2, 1, 3, 3, 4, 3, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 2, 1, 3, 4, 4, 0, 2, 1, 1, 3, 3, 0, 4],
    ]
)

# Krippendorff 2011, example A: binary data of two observers
TWO_OBSERVERS = np.transpose([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]])

# irrCAC's documentation, `cont3x3abstractors`: 100 pregnancies by 2 abstractors
ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]

# SAS/STAT, PROC FREQ: two dermatologists, 88 patients
DERMATOLOGISTS = [[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]]


def counted(readings, categories):
    """How many readings of each record chose each category; others are missing."""
    return (np.asarray(readings)[:, :, None] == np.asarray(categories)).sum(axis=1)


def pairs_of(table):
    """The readings (N, 2) that a contingency table counts."""
    return np.repeat(np.argwhere(np.array(table) >= 0), np.ravel(table), axis=0)


def figure(statistic, counts, *, first=None, present=None):
    """Of the data as it is."""
    sparse = [None if rows is None else csr_array(np.asarray(rows, float)) for rows in (counts, first, present)]
    added = contributions(sparse[0], first_uk=sparse[1], present_kc=sparse[2])
    return COEFFICIENTS[statistic](Tally.of(added.sum(axis=0)[None])).item()


def figure_of_two(statistic, pairs):
    categories = np.unique(pairs)
    return figure(statistic, counted(pairs, categories), first=counted(np.asarray(pairs)[:, :1], categories))


def test_fleiss_kappa_equals_the_published_table_of_fleiss_1971():
    # kappam.fleiss(diagnoses) of R's package irr gives 0.4302445, as in the tests of statsmodels
    assert_allclose(figure(FLEISS, FLEISS_1971), 0.4302445, atol=5e-8)


def test_percent_agreement_equals_the_published_table_of_fleiss_1971():
    assert_allclose(figure(PERCENT, FLEISS_1971), 0.5556, atol=5e-5)  # Fleiss 1971, page 381


def test_fleiss_kappa_equals_statsmodels_on_random_readings():
    readings = np.random.default_rng(1).multinomial(5, [0.2, 0.5, 0.3], size=200)
    assert_allclose(figure(FLEISS, readings), statsmodels_fleiss_kappa(readings), rtol=1e-12)


def test_fleiss_kappa_of_unequal_numbers_of_readings_counts_each_record_once():
    # by hand: agreement (1 + 1 + 1/3) / 3 = 7/9; shares (1 + 0 + 1/3) / 3 = 4/9 and 5/9; chance 41/81
    counts = [[2, 0], [0, 4], [1, 2]]
    assert_allclose(figure(FLEISS, counts), (7 / 9 - 41 / 81) / (1 - 41 / 81))


@pytest.mark.parametrize(
    ("table", "kappa"),
    [([[0, 4, 1], [0, 8, 0], [0, 1, 5]], 0.4842), (DERMATOLOGISTS, 0.3449)],
    ids=["the SAS printout in statsmodels' tests", "the example of the SAS manual"],
)
def test_cohen_kappa_equals_what_sas_prints(table, kappa):
    assert_allclose(figure_of_two(COHEN, pairs_of(table)), kappa, atol=5e-5)


def test_cohen_kappa_equals_scikit_learn_on_random_readings():
    pairs = np.random.default_rng(2).integers(0, 4, size=(300, 2))
    pairs[:150, 1] = pairs[:150, 0]
    assert_allclose(figure_of_two(COHEN, pairs), cohen_kappa_score(pairs[:, 0], pairs[:, 1]), rtol=1e-12)


@pytest.mark.parametrize(
    ("counts", "alpha"),
    [
        (counted(TWO_OBSERVERS, [0, 1]), 0.095),
        (counted(FOUR_OBSERVERS, [1, 2, 3, 4, 5]), 0.743),
        (counted(THREE_OBSERVERS, [1, 2, 3, 4]), 0.691),
    ],
    ids=["binary, two observers", "nominal, missing readings", "three observers, missing readings"],
)
def test_krippendorff_alpha_equals_his_published_examples(counts, alpha):
    assert_allclose(figure(ALPHA, counts), alpha, atol=5e-4)


@pytest.mark.parametrize(
    ("statistic", "value"),
    [(PERCENT, 0.8181818), (AC1, 0.77544), (FLEISS, 0.76117), (ALPHA, 0.74342)],
)
def test_coefficients_with_missing_readings_equal_the_documentation_of_irrcac(statistic, value):
    # README of R's package irrCAC (Gwet 2014), `cac.raw4raters`
    assert_allclose(figure(statistic, counted(FOUR_OBSERVERS, [1, 2, 3, 4, 5])), value, atol=5e-6)


@pytest.mark.parametrize(
    ("statistic", "value"), [(COHEN, 0.7964094), (AC1, 0.8493305), (ALPHA, 0.7972585), (PERCENT, 0.89)]
)
def test_coefficients_of_two_readers_equal_the_documentation_of_irrcac(statistic, value):
    assert_allclose(figure_of_two(statistic, pairs_of(ABSTRACTORS)), value, atol=5e-8)


@pytest.mark.parametrize(("statistic", "value"), [(AC1, 0.4448007), (FLEISS, 0.4139265), (ALPHA, 0.4204384)])
def test_coefficients_of_six_readers_equal_the_documentation_of_irrcac(statistic, value):
    # `distrib.6raters` is the first half of the table of Fleiss 1971
    assert_allclose(figure(statistic, FLEISS_1971[:15]), value, atol=5e-8)


def test_positive_agreement_equals_the_example_of_de_vet_2017():
    # R's package Agree: pairs of surgeons on symmetry; "satisfied" 0.7564103, "not satisfied" 0.7361111
    pairs = pairs_of([[106, 42], [34, 118]])
    counts = counted(pairs, [0, 1])
    assert_allclose(figure(POSITIVE, counts, present=[[0], [1]]), 0.7564103, atol=5e-8)
    assert_allclose(figure(POSITIVE, counts, present=[[1], [0]]), 0.7361111, atol=5e-8)


def test_positive_agreement_of_many_readers_and_codes_counts_pairs():
    # by hand: categories {}, {A}, {A, B}. A: 3 of 3, 1 of 2 found it: 6 + 0 of 6 + 1 pairs; B: 2 of 3: 2 of 4 pairs
    counts, present = [[0, 1, 2], [1, 1, 0]], [[0, 0], [1, 0], [1, 1]]
    assert_allclose(figure(POSITIVE, counts, present=present), (6 + 2) / (7 + 4))


@pytest.mark.parametrize("statistic", [COHEN, FLEISS, ALPHA])
def test_kappa_and_alpha_are_undefined_where_all_readings_fall_in_one_category(statistic):
    pairs = np.zeros((10, 2), dtype=np.int64)
    assert np.isnan(figure(statistic, counted(pairs, [0, 1]), first=counted(pairs[:, :1], [0, 1])))


def test_ac1_is_full_agreement_where_all_readings_fall_in_one_of_two_categories():
    assert figure(AC1, counted(np.zeros((10, 2)), [0, 1])) == 1  # Gwet 2008: chance is 2 * 1 * 0


def test_readings_of_records_read_once_are_no_agreement():
    assert np.isnan(figure(PERCENT, [[1, 0], [0, 1]]))
    assert np.isnan(figure(ALPHA, [[1, 0], [0, 1]]))
