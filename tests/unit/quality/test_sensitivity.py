"""Bounds of a prevalence: a published example, and arithmetic by hand."""

import polars as pl
import pytest
from small_hospital import records_of

from chiron.quality.sensitivity import bounds_of, prevalence_bounds
from schemas.tables import LABELS

AF = ("SNOMED-CT", "164889003")


def bounds(n_positive, n_negative, n_records):
    return prevalence_bounds(AF, n_positive=n_positive, n_negative=n_negative, n_records=n_records)


@pytest.mark.parametrize(
    ("n_positive", "n_located", "n_interviewed", "published"), [(21, 64, 106, (0.20, 0.59)), (3, 14, 31, (0.10, 0.65))]
)
def test_the_worst_case_equals_manskis_example(n_positive, n_located, n_interviewed, published):
    """Manski 1995, Identification Problems in the Social Sciences, 2.3: exit from homelessness, men and women."""
    found = bounds(n_positive, n_located - n_positive, n_interviewed)
    assert (round(found.lowest, 2), round(found.highest, 2)) == published
    assert found.prevalence.value == pytest.approx(n_positive / n_located, abs=1e-6)


def test_a_shift_moves_the_odds_of_the_unlabelled_records_only():
    # by hand: odds 1 to 3 among 80; with shift 1, 0.90609 to 1: 0.475367 of the 20 others; (20 + 9.50734) / 100
    found = {s.shift_log_odds: s.prevalence for s in bounds(20, 60, 100).shifted}
    assert found[0.0] == 0.25
    assert found[1.0] == pytest.approx(0.295073, abs=1e-6)
    assert found[-1.0] == pytest.approx((20 + 20 * 0.122629 / 1.122629) / 100, abs=1e-6)


def test_the_prevalence_of_all_records_leaves_its_interval_at_the_tipping_point():
    # Wilson's interval of 20 of 80 by hand: (20 + 1.92073) / 83.84146 = 0.261455 -+ 0.093392
    found = bounds(20, 60, 200)
    assert found.prevalence.lower == pytest.approx(0.168062, abs=2e-6)
    assert found.prevalence.upper == pytest.approx(0.354847, abs=2e-6)
    # upper: (0.354847 * 200 - 20) / 120 = 0.424745 of the others; log-odds -0.303328 less log(1 / 3): 0.795
    # lower: (0.168062 * 200 - 20) / 120 = 0.113437; log-odds -2.056005 plus 1.098612: -0.957
    assert found.tips_at == (pytest.approx(-0.957, abs=2e-3), pytest.approx(0.795, abs=2e-3))
    assert "from 10.0 % to 70.0 %" in found.verdict
    assert "0.38 or 2.2 times" in found.verdict


def test_a_few_missing_labels_can_not_tip_anything():
    found = bounds(50, 50, 101)
    assert found.tips_at == (None, None)
    assert "stays within its interval whatever the missing labels say" in found.verdict


def test_where_every_record_is_labelled_there_is_nothing_to_guess():
    found = bounds(1, 9, 10)
    assert (found.lowest, found.highest, found.shifted) == (0.1, 0.1, ())
    assert found.verdict == "every record has a label: nothing is left to guess"


@pytest.mark.parametrize(("n_positive", "n_negative"), [(0, 10), (10, 0)])
def test_a_finding_that_none_or_all_labelled_records_have_still_has_shifts(n_positive, n_negative):
    shifted = [s.prevalence for s in bounds(n_positive, n_negative, 20).shifted]
    assert shifted == sorted(set(shifted))


def test_without_any_label_the_prevalence_may_be_anything():
    found = bounds(0, 0, 10)
    assert (found.prevalence.value, found.lowest, found.highest) == (None, 0.0, 1.0)


def test_undecided_and_unread_labels_are_missing_ones():
    probabilities = [1.0, 0.0, 0.5, None]  # and six records without a row
    rows = [(f"r{i:05}", *AF, p, 1, None, 1.0, "single_reader") for i, p in enumerate(probabilities)]
    (found,) = bounds_of(records_of(10), pl.DataFrame(rows, schema=LABELS.polars, orient="row"))
    assert (found.n_positive, found.n_negative, found.n_unlabelled) == (1, 1, 8)
    assert (found.lowest, found.highest) == (0.1, 0.9)
