"""Missingness that was planted for a reason is found, and missingness at random is not taken for one."""

import numpy as np
import polars as pl
import pytest
from small_hospital import readings_of, records_of

from chiron.labels.consensus import consensus_labels
from chiron.quality.missingness import passport_of
from schemas.missingness import Group
from schemas.tables import LABELS

N = 2000


def blanked(values, where):
    return [None if gone else value for value, gone in zip(values, where, strict=True)]


def verdicts(records, labels=None):
    passport = passport_of(records, LABELS.empty() if labels is None else labels, n_wanted=1)
    return {column.column: column for column in passport.columns}


def test_weights_that_one_site_seldom_measures_are_missing_for_a_reason():
    records = records_of(N)
    rng = np.random.default_rng(1)
    share = np.where(records["site"] == "site-0", 0.6, 0.2)
    records = records.with_columns(weight_kg=pl.Series(blanked(records["weight_kg"], rng.random(N) < share)))
    weight = verdicts(records)["weight_kg"]
    assert weight.verdict.startswith("missing for a reason: depends on site (from ")
    assert weight.verdict.endswith(" % where site-0)")
    assert [d.on for d in weight.depends_on] == ["site"]
    assert weight.share == weight.n_missing / N


def test_ages_that_are_missing_where_there_is_a_finding_depend_on_its_label():
    labels = consensus_labels(readings_of(N, every_nth_differs=N + 1))
    ill = np.arange(N) % 2 == 1
    gone = np.random.default_rng(2).random(N) < np.where(ill, 0.4, 0.1)
    records = records_of(N, age_years=blanked(records_of(N)["age_years"], gone))
    depends_on = {d.on for d in verdicts(records, labels)["age_years"].depends_on}
    assert "label atrial fibrillation" in depends_on


def test_values_missing_completely_at_random_are_not_said_to_be_missing_for_a_reason():
    # with a false discovery rate of 5 %, 40 data sets without any dependence may give a few false alarms, not many
    alarms = 0
    for seed in range(40):
        gone = np.random.default_rng(seed).random((2, 500)) < 0.3
        full = records_of(500)
        records = records_of(500, height_cm=blanked(full["height_cm"], gone[0]), sex=blanked(full["sex"], gone[1]))
        alarms += any(column.depends_on for column in verdicts(records).values())
    assert alarms <= 6  # P(Binomial(40, 0.05) > 6) = 0.3 %


def test_complete_and_never_recorded_columns_say_so():
    found = verdicts(records_of(50, device=[None] * 50))
    assert found["site"].verdict == "complete"
    assert (found["device"].verdict, found["device"].share) == ("never recorded", 1.0)


def test_with_few_records_nothing_is_claimed():
    records = records_of(8, sex=["F", None] * 4)
    assert verdicts(records)["sex"].verdict == "too few records to test"


def test_records_of_one_patient_are_tested_once():
    # 20 patients with 100 records each: as 2,000 independent records the dependence would be beyond doubt
    patient = np.arange(N) // 100
    site = [f"site-{p % 2}" for p in patient]
    gone = np.isin(patient, [0, 2, 4, 6, 8, 10, 1, 3, 5])
    changes = {"patient_id": [f"p{p}" for p in patient], "site": site}
    found = verdicts(records_of(N, **changes, weight_kg=blanked([70.0] * N, gone)))
    assert found["weight_kg"].depends_on == ()


def test_p_value_equals_the_textbook_chi_square():
    # Pearson's statistic by hand: 30 of 100 missing against 50 of 100: chi2 = 2 * 10^2 / 40 + 2 * 10^2 / 60 = 8.3333,
    # p = 0.003892 with one degree of freedom
    site = ["a"] * 100 + ["b"] * 100
    gone = [True] * 30 + [False] * 70 + [True] * 50 + [False] * 50
    nothing = {name: [None] * 200 for name in ("sex", "device", "recorded_year", "height_cm", "age_years")}
    found = verdicts(records_of(200, site=site, weight_kg=blanked([70.0] * 200, gone), **nothing))
    (dependence,) = found["weight_kg"].depends_on
    assert dependence.p_value == pytest.approx(0.003892, abs=1e-6)
    # the model of absence is the only other test, and its p is the larger: Benjamini and Hochberg's q is twice p
    assert dependence.q_value == pytest.approx(2 * dependence.p_value, rel=1e-3)
    # Bergsma 2013: sqrt((8.3333 / 200 - 1 / 199) / (1 - 1 / 199)) = sqrt(0.036642 / 0.994975) = 0.1919
    assert dependence.effect == pytest.approx(0.1919, abs=1e-4)
    assert dependence.fullest == Group(name="a", n_records=100, share_missing=0.3)
    assert dependence.emptiest == Group(name="b", n_records=100, share_missing=0.5)


def test_an_empty_dataset_has_a_passport():
    passport = passport_of(records_of(0), LABELS.empty(), n_wanted=10)
    assert (passport.n_records, passport.holes) == (0, ())


def test_a_finding_that_one_reader_never_looks_for_is_unread_for_a_reason():
    readings = readings_of(400, every_nth_differs=401).filter(pl.col("annotator_id") == "a")
    reader = np.where(np.arange(800) // 2 % 4 == 0, "c", "a")
    readings = readings.with_columns(annotator_id=pl.Series(reader)).filter(
        (pl.col("annotator_id") == "a") | (pl.col("code") == "N")
    )
    labels = consensus_labels(readings)
    passport = passport_of(records_of(400), labels, n_wanted=10, annotations=readings)
    (unread,) = [c for c in passport.columns if c.column == "unread atrial fibrillation"]
    assert unread.n_missing == 100
    assert unread.depends_on[0].on == "reader"
    assert (unread.depends_on[0].emptiest.name, unread.depends_on[0].emptiest.share_missing) == ("c", 1.0)
    assert unread.model.auroc.value == 1.0
    (bounds,) = [b for b in passport.bounds if b.n_unlabelled]
    assert (bounds.n_unlabelled, bounds.n_positive + bounds.n_negative) == (100, 300)


def test_findings_that_are_unread_in_the_same_records_are_told_of_once():
    labels = consensus_labels(readings_of(100, every_nth_differs=101).filter(pl.col("record_id") < "r00060"))
    unread = [c for c in passport_of(records_of(100), labels, n_wanted=1).columns if c.column.startswith("unread ")]
    # forty have no reading, and of the first record the two readers make a tie
    assert [(c.column, c.n_missing, c.same_as) for c in unread] == [
        ("unread atrial fibrillation", 41, ("unread normal sinus rhythm",))
    ]


def test_columns_that_go_missing_together_are_said_to():
    gone = np.random.Generator(np.random.Philox(1)).random(300) < 0.4
    full = records_of(300)
    both = {name: blanked(full[name], gone) for name in ("height_cm", "weight_kg")}
    found = verdicts(records_of(300, **both, sex=blanked(full["sex"], ~gone)))
    assert found["height_cm"].together_with == ("weight_kg",)
    assert found["sex"].together_with == ()


def test_a_passport_says_whose_records_it_looked_at():
    records = records_of(40, patient_id=[f"p{i // 2}" for i in range(40)])
    assert (
        "tests look at one record of each patient: 20 of 40" in passport_of(records, LABELS.empty(), n_wanted=1).notes
    )


def test_only_the_thousand_most_lacking_holes_are_listed_and_all_are_counted():
    rows = [("r00000", "SNOMED-CT", str(code), 1.0, 1, None, 1.0, "single_reader") for code in range(1000, 1150)]
    passport = passport_of(records_of(1), pl.DataFrame(rows, schema=LABELS.polars, orient="row"), n_wanted=10)
    assert (len(passport.holes), passport.n_holes) == (1000, 150 * 5 * 2)
    assert {hole.n_found for hole in passport.holes} == {0}  # the 150 with one record come last
