"""Areas and intervals, against a published example, scikit-learn, the definition, and the bootstrap."""

import numpy as np
import pytest
from asah import NDKA, POOR_OUTCOME, S100B
from sklearn.metrics import roc_auc_score

from chiron.errors import BadParameters
from chiron.evaluation.ranking import aurocs, best_threshold


@pytest.fixture
def two_scores() -> tuple[np.ndarray, np.ndarray]:
    """150 records, a good and a fair score that agree in part."""
    rng = np.random.default_rng(3)
    truth = rng.random(150) < 0.3
    common = rng.standard_normal(150)
    good = 1.5 * truth + common + 0.3 * rng.standard_normal(150)
    fair = 0.8 * truth + common + 0.8 * rng.standard_normal(150)
    return truth, np.round(np.stack([good, fair]), 1)  # rounded: ties


def test_the_interval_equals_the_published_one_for_the_ratings_of_hanley_and_mcneil_1982():
    """109 CT images. Source: Stata reference manual, roctab, example 1 (DeLong): .8932, SE .0307, .83295 to .95339.

    Those bounds are value -+ 1.96 SE; ours are as far on the scale of the logit.
    """
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    score = np.concatenate([np.repeat(np.arange(5), normal), np.repeat(np.arange(5), abnormal)]).astype(float)
    found = aurocs(np.arange(109) >= 58, score[None])
    interval = found.interval(0)
    se = np.sqrt(found.covariance[0, 0])
    assert found.value[0] == pytest.approx(0.8932, abs=5e-5)
    assert se == pytest.approx(0.0307, abs=5e-5)
    assert found.value[0] + 1.959964 * se * np.array([-1, 1]) == pytest.approx((0.83295, 0.95339), abs=5e-6)
    width = 1.959964 * se / (0.8932 * 0.1068)
    expected = 1 / (1 + np.exp(-(np.log(0.8932 / 0.1068) + width * np.array([-1, 1]))))
    assert (interval.lower, interval.upper) == pytest.approx(expected, abs=1e-4)


def test_the_test_of_delong_equals_that_of_proc_on_its_own_example():
    """Robin et al. 2011; the expected numbers are those of pROC's tests of `roc.test` (test-roc.test.R)."""
    areas = aurocs(POOR_OUTCOME, np.stack([NDKA, S100B]))
    np.testing.assert_allclose(areas.value, [0.611957994579946, 0.731368563685637], atol=1e-14)
    difference, p_value = areas.difference(0, 1)
    assert p_value == pytest.approx(0.164295175223054, abs=1e-14)
    assert difference.lower == pytest.approx(-0.2876917446341914, abs=1e-14)
    assert difference.upper == pytest.approx(0.0488706064228094, abs=1e-14)


def test_the_areas_equal_those_of_scikit_learn(two_scores):
    truth, scores = two_scores
    np.testing.assert_allclose(aurocs(truth, scores).value, [roc_auc_score(truth, s) for s in scores])


def test_the_covariance_equals_the_double_sum_of_delong_1988(two_scores):
    truth, scores = two_scores
    wins = [(s[truth][:, None] > s[~truth]) + 0.5 * (s[truth][:, None] == s[~truth]) for s in scores]
    s10 = np.cov([w.mean(axis=1) for w in wins])
    s01 = np.cov([w.mean(axis=0) for w in wins])
    expected = s10 / truth.sum() + s01 / (~truth).sum()
    np.testing.assert_allclose(aurocs(truth, scores).covariance, expected, rtol=1e-9)


def test_the_paired_difference_has_the_spread_of_the_bootstrap(two_scores):
    truth, scores = two_scores
    difference, p_value = aurocs(truth, scores).difference(0, 1)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(600):
        i = rng.integers(0, truth.size, truth.size)
        drawn.append(roc_auc_score(truth[i], scores[0, i]) - roc_auc_score(truth[i], scores[1, i]))
    half = (difference.upper - difference.lower) / 2
    assert half == pytest.approx(1.96 * np.std(drawn), rel=0.15)
    assert 0 < p_value < 0.05


def test_a_score_against_itself_differs_by_nothing(two_scores):
    truth, scores = two_scores
    difference, p_value = aurocs(truth, scores[[0, 0]]).difference(0, 1)
    assert (difference.value, difference.lower, difference.upper, p_value) == (0, 0, 0, 1)


def test_copies_of_a_patients_record_do_not_narrow_the_interval(two_scores):
    """Obuchowski 1997: the cluster counts, not the record. Every record three times is no more information."""
    truth, scores = two_scores
    once = aurocs(truth, scores)
    patients = np.repeat(np.arange(truth.size), 3)
    thrice = aurocs(np.repeat(truth, 3), np.repeat(scores, 3, axis=1), patients)
    np.testing.assert_allclose(thrice.value, once.value)
    np.testing.assert_allclose(thrice.covariance, once.covariance, rtol=1e-9)


def test_one_class_alone_is_refused():
    with pytest.raises(BadParameters, match="expected both classes, found 0 with and 3 without"):
        aurocs(np.zeros(3, dtype=bool), np.ones((1, 3)))


def test_the_threshold_separates_what_can_be_separated():
    target = np.array([0, 0, 0, np.nan, 1, 1, 1], dtype=np.float32)
    score = np.array([0.1, 0.2, 0.3, 0.9, 0.6, 0.7, 0.8])
    assert best_threshold(target, score, at_least=3) == pytest.approx(0.6)
    assert best_threshold(target, score, at_least=4) is None
