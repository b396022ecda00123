"""Age bands and holes, counted by hand."""

import polars as pl
import pytest
from small_hospital import records_of

from chiron.quality.strata import age_band, find_holes, rate_band
from schemas.tables import LABELS, SPLITS

AF = ("SNOMED-CT", "164889003")


def labels_of(n, probability=1.0):
    rows = [(f"r{i:05}", *AF, probability, 1, None, 1.0, "single_reader") for i in range(n)]
    return pl.DataFrame(rows, schema=LABELS.polars, orient="row")


@pytest.mark.parametrize(
    ("age", "band"),
    [(0, "0-17"), (17.9, "0-17"), (18, "18-39"), (40, "40-64"), (65, "65-79"), (80, "80+"), (300, "80+"), (None, None)],
)
def test_an_age_falls_into_its_band(age, band):
    assert pl.DataFrame({"age_years": [age]}, schema={"age_years": pl.Float64}).select(age_band()).item() == band


def test_a_stratum_with_enough_records_is_no_hole():
    records = records_of(12, age_years=[50.0] * 12, sex=["F"] * 12)
    holes = find_holes(records, labels_of(12), n_wanted=10)
    assert len(holes) == 9  # 5 bands x 2 sexes, less the one that is filled
    assert ("40-64", "F") not in {(h.age_band, h.sex) for h in holes}
    assert {h.n_found for h in holes} == {0}


def test_records_of_unknown_age_fill_no_hole():
    records = records_of(12, age_years=[50.0] * 4 + [None] * 8, sex=["M"] * 12)
    found = {(h.age_band, h.sex): h.n_found for h in find_holes(records, labels_of(12), n_wanted=10)}
    assert found["40-64", "M"] == 4
    assert sum(found.values()) == 4


def test_a_source_without_ages_and_sexes_is_divided_by_label_only():
    records = records_of(12, age_years=[None] * 12, sex=[None] * 12)
    (hole,) = find_holes(records, labels_of(12), n_wanted=20)
    assert (hole.age_band, hole.sex, hole.n_found, hole.n_wanted) == ("any", "any", 12, 20)
    assert find_holes(records, labels_of(12), n_wanted=12) == []


def test_a_code_that_was_looked_for_and_never_found_is_a_hole():
    records = records_of(12, age_years=[None] * 12, sex=[None] * 12)
    (hole,) = find_holes(records, labels_of(12, probability=0.0), n_wanted=10)
    assert hole.n_found == 0


def banded(n_slow, n_fast):
    """Records with slow, then fast hearts; the first is of poor quality."""
    n = n_slow + n_fast
    ids = [f"r{i:05}" for i in range(n)]
    rates = pl.DataFrame({"record_id": ids, "heart_rate_per_min": [50.0] * n_slow + [120.0] * n_fast})
    quality = pl.DataFrame({"record_id": ids, "acceptable": [False] + [True] * (n - 1)})
    return records_of(n, age_years=[50.0] * n, sex=["F"] * n), rates, quality


@pytest.mark.parametrize(
    ("rate", "band"), [(59.9, "0-59"), (60, "60-99"), (99.9, "60-99"), (100, "100+"), (None, None)]
)
def test_a_heart_rate_falls_into_its_band(rate, band):
    frame = pl.DataFrame({"heart_rate_per_min": [rate]}, schema={"heart_rate_per_min": pl.Float64})
    assert frame.select(rate_band()).item() == band


def test_rates_and_qualities_that_are_known_divide_the_strata():
    records, rates, quality = banded(12, 3)
    holes = find_holes(records, labels_of(15), n_wanted=10, heart_rates=rates, signal_quality=quality)
    found = {(h.age_band, h.sex, h.rate_band, h.quality): h.n_found for h in holes}
    assert len(found) == 5 * 2 * 3 * 2 - 1  # all but the eleven slow hearts that can be read
    assert found["40-64", "F", "0-59", "unacceptable"] == 1
    assert found["40-64", "F", "100+", "acceptable"] == 3
    assert sum(found.values()) == 4


def test_the_most_lacking_comes_first_and_of_those_the_most_expected():
    records, rates, _ = banded(4, 8)
    holes = find_holes(records, labels_of(12), n_wanted=10, heart_rates=rates)
    assert [h.n_found for h in holes] == sorted(h.n_found for h in holes)
    assert (holes[-1].n_found, holes[-1].n_lacking, holes[-1].rate_band) == (8, 2, "100+")
    empty = [h.n_expected for h in holes if h.n_found == 0]
    assert empty == sorted(empty, reverse=True)


def test_what_is_expected_is_the_product_of_the_findings_own_shares():
    # by hand: 12 records, half of them aged 40 to 64, a third female; shares drawn to those of all, which are the same:
    # 13 * 1/2 * 1/3 = 2.17 women of 40 to 64, who are not there, and 13 * 1/2 * 2/3 = 4.33 men
    ages, sexes = [50.0] * 6 + [70.0] * 6, ["M"] * 6 + ["F"] * 4 + ["M"] * 2
    holes = find_holes(records_of(12, age_years=ages, sex=sexes), labels_of(12), n_wanted=10)
    expected = {(h.age_band, h.sex): (h.n_found, h.n_expected) for h in holes}
    assert expected["40-64", "F"] == (0, 2.17)
    assert expected["40-64", "M"] == (6, 4.33)
    assert (holes[0].age_band, holes[0].sex) == ("40-64", "F")


def test_records_of_the_test_split_fill_no_hole():
    records = records_of(12, age_years=[None] * 12, sex=[None] * 12)
    rows = [(f"p{i:05}", f"g{i}", split) for i, split in enumerate(["train"] * 5 + ["valid"] * 2 + ["test"] * 5)]
    splits = pl.DataFrame(rows, schema=SPLITS.polars, orient="row")
    (hole,) = find_holes(records, labels_of(12), n_wanted=10, splits=splits)
    assert hole.n_found == 7
    assert find_holes(records, labels_of(12), n_wanted=10) == []
