"""Odds ratios over strata, against textbooks and another implementation."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import chi2
from statsmodels.stats.contingency_tables import StratifiedTable, mcnemar

from chiron.labels.stratified import mantel_haenszel, matched_pairs, tables_of

# Bickel and others 1975; `UCBAdmissions` of R: men admitted, rejected, women admitted, rejected, of six departments
BERKELEY = np.array(
    [
        [[512, 313], [89, 19]], [[353, 207], [17, 8]], [[120, 205], [202, 391]],
        [[138, 279], [131, 244]], [[53, 138], [94, 299]], [[22, 351], [24, 317]],
    ], dtype=float,
)  # fmt: skip

# Rothman, Epidemiology: An Introduction: Down syndrome by spermicide use, mothers below 35 years and older
DOWN_SYNDROME = np.array([[[3, 104], [9, 1059]], [[1, 5], [3, 86]]], dtype=float)


def test_the_common_odds_ratio_of_berkeley_equals_what_r_prints():
    # mantelhaen.test(UCBAdmissions, correct = FALSE): 0.9046968, 95 % 0.7719074 to 1.0603298, X2 1.5246, p 0.2169
    found = mantel_haenszel(BERKELEY[None])
    assert_allclose([found.ratio[0], found.lower[0], found.upper[0]], [0.9046968, 0.7719074, 1.0603298], atol=5e-8)
    assert_allclose(found.p_value[0], 0.2169, atol=5e-5)
    assert_allclose(chi2.isf(found.p_value[0], 1), 1.5246, atol=5e-5)


def test_the_odds_ratio_of_one_stratum_is_the_crude_one():
    # by hand: 1198 * 1278 / (1493 * 557) = 1.84
    assert_allclose(mantel_haenszel(BERKELEY.sum(axis=0)[None, None]).ratio[0], 1198 * 1278 / (1493 * 557))


def test_the_common_odds_ratio_of_rothmans_example_equals_the_hand_calculation():
    # by hand: (3 * 1059 / 1175 + 1 * 86 / 95) / (104 * 9 / 1175 + 5 * 3 / 95) = 3.78, in the book 3.8
    by_hand = (3 * 1059 / 1175 + 86 / 95) / (104 * 9 / 1175 + 5 * 3 / 95)
    assert by_hand == pytest.approx(3.8, abs=0.05)
    assert_allclose(mantel_haenszel(DOWN_SYNDROME[None]).ratio[0], by_hand)


def test_the_common_odds_ratio_equals_statsmodels_on_random_tables():
    tables = np.random.default_rng(1).integers(1, 40, size=(5, 7, 2, 2)).astype(float)
    found = mantel_haenszel(tables)
    for i in range(5):
        theirs = StratifiedTable(list(tables[i]))
        assert_allclose(found.ratio[i], theirs.oddsratio_pooled)
        assert_allclose([found.lower[i], found.upper[i]], theirs.oddsratio_pooled_confint())
        assert_allclose(found.p_value[i], theirs.test_null_odds(correction=False).pvalue)


def test_empty_strata_and_strata_of_one_kind_tell_nothing():
    none = np.array([[[0, 0], [0, 0]], [[5, 3], [0, 0]]], dtype=float)
    alone, with_none = mantel_haenszel(BERKELEY[None]), mantel_haenszel(np.concatenate([BERKELEY, none])[None])
    assert_allclose(with_none, alone)
    nothing = mantel_haenszel(none[None])
    assert np.isnan(nothing.ratio[0])
    assert nothing.p_value[0] == 1


def test_each_level_is_compared_with_all_others():
    level, stratum, found = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 0, 0, 0]), np.array([1, 0, 1, 0, 1], dtype=bool)
    tables = tables_of(level, stratum, found)
    assert tables[0].tolist() == [[[1, 0], [2, 1]], [[0, 1], [0, 0]]]  # counted by hand
    assert tables[2].tolist() == [[[1, 1], [2, 0]], [[0, 0], [0, 1]]]


def test_matched_pairs_equal_the_exact_test_of_statsmodels():
    found = matched_pairs(86, 150)  # Agresti, approval of a prime minister: 944 at both times yes or no
    assert found.p_value[0] == pytest.approx(mcnemar([[794, 86], [150, 570]], exact=True).pvalue)
    assert found.ratio[0] == pytest.approx(86 / 150)
    assert found.lower[0] < 86 / 150 < found.upper[0] < 1
    assert np.isnan(matched_pairs(3, 0).ratio[0])
    assert matched_pairs(0, 0).p_value[0] == 1
