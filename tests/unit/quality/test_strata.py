"""Age bands and holes, counted by hand."""

import polars as pl
import pytest
from small_hospital import records_of

from chiron.quality.strata import age_band, find_holes
from schemas.tables import LABELS

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
