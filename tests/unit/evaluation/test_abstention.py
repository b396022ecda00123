"""Coverage against risk: by hand, by its definition, and on records where it is known who should be left out."""

import numpy as np
import pytest

from chiron.errors import BadParameters
from chiron.evaluation.abstention import (
    class_confidence,
    confidence,
    coverage_risk,
    rule_for_coverage,
    rule_for_error,
)


def test_the_curve_by_hand():
    """Five records, the surest first: right, right, wrong, right, wrong. Shares of errors 0, 0, 1/3, 1/4, 2/5."""
    curve = coverage_risk([1, 0, 0, 1, 0], [0.1, 0.9, 0.4, 0.6, 0.8])
    np.testing.assert_allclose(curve.coverage, [0.2, 0.4, 0.6, 0.8, 1.0])
    np.testing.assert_allclose(curve.risk, [0, 0, 1 / 3, 1 / 4, 2 / 5])
    assert curve.area == pytest.approx((1 / 3 + 1 / 4 + 2 / 5) / 5)
    assert curve.excess == pytest.approx(curve.area - (1 / 4 + 2 / 5) / 5)  # the best order: both errors last
    assert curve.risk_at(0.5) == pytest.approx(1 / 3)


def test_the_area_is_the_mean_over_coverages_of_the_share_of_errors():
    """Geifman & El-Yaniv 2017, by its definition: a loop over how many are answered."""
    rng = np.random.default_rng(1)
    wrong, sure = rng.random(50) < 0.3, rng.random(50)
    ordered = wrong[np.argsort(-sure)]
    assert coverage_risk(wrong, sure).area == pytest.approx(np.mean([ordered[:k].mean() for k in range(1, 51)]))


def test_records_of_equal_confidence_are_answered_together():
    """Whatever their order: a constant confidence has one point, and its area is the share of errors."""
    for wrong in ([1, 0, 0, 0], [0, 0, 0, 1]):
        curve = coverage_risk(wrong, [0.7] * 4)
        assert (curve.coverage.tolist(), curve.risk.tolist(), curve.area) == ([1.0], [0.25], 0.25)


def test_a_weight_of_two_is_the_record_twice():
    rng = np.random.default_rng(2)
    wrong, sure, times = rng.random(30) < 0.4, np.round(rng.random(30), 1), rng.integers(0, 3, 30)
    once = coverage_risk(wrong, sure, times.astype(float))
    twice = coverage_risk(np.repeat(wrong, times), np.repeat(sure, times))
    np.testing.assert_allclose(once.risk, twice.risk)
    assert once.area == pytest.approx(twice.area)


def test_confidence_is_the_distance_from_where_a_finding_is_called():
    found = confidence([0.2, 0.5, 0.8, 0.0, 1.0], 0.5)
    assert found[0] == pytest.approx(np.log(4))
    assert found[1] == 0
    assert found[2] == pytest.approx(np.log(4))
    assert np.isfinite(found).all()
    assert confidence([0.2], 0.2)[0] == pytest.approx(0)
    np.testing.assert_array_equal(class_confidence([[0.2, 0.5, 0.3], [1, 0, 0]]), [0.5, 1.0])


def test_a_rule_for_a_coverage_answers_at_least_so_many():
    wrong, sure = [1, 0, 0, 1, 0], [0.1, 0.9, 0.4, 0.6, 0.8]
    assert rule_for_coverage(wrong, sure, 0.5) == pytest.approx((0.6, 0.6, 1 / 3))
    assert rule_for_coverage(wrong, sure, 1.0) == pytest.approx((0.1, 1.0, 0.4))


def test_a_rule_for_an_error_answers_as_many_as_it_may():
    """100 records; the 60 surest are right, half of the others wrong: 75 answers with 10 % errors, as 8 of 80 are."""
    sure = np.linspace(1, 0, 100)
    wrong = (np.arange(100) >= 60) & (np.arange(100) % 2 == 0)
    rule = rule_for_error(wrong, sure, 0.1)
    answered = sure >= rule.min_confidence
    assert wrong[answered].mean() <= 0.1
    assert wrong[: answered.sum() + 1].mean() > 0.1
    assert rule.coverage == pytest.approx(answered.mean())
    assert rule_for_error(np.ones(100), sure, 0.1) is None
    assert rule_for_error(wrong[:19], sure[:19], 0.1) is None  # too few answers to say so


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadParameters, match="finite scores"):
        coverage_risk([0, 1], [0.5, np.nan])
    with pytest.raises(BadParameters, match="between 0 and 1"):
        rule_for_error([0, 1], [0.5, 0.1], 5)
