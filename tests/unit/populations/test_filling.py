"""Records counted in holes by hand, and against the code that finds holes."""

import numpy as np
import polars as pl
from small_hospital import readings_of, records_of

from chiron.populations.filling import fill_report, filled, found_in
from chiron.quality.strata import find_holes
from schemas.missingness import Hole
from schemas.populations import RefusedHole
from schemas.tables import LABELS

AF = ("SNOMED-CT", "164889003")


def hole(age="any", sex="any", rate="any", quality="any", found=0):
    bands = {"age_band": age, "sex": sex, "rate_band": rate, "quality": quality}
    return Hole(code_system=AF[0], code=AF[1], n_found=found, n_wanted=10, **bands)


def frames(ages, sexes, rates, acceptable, present):
    n = len(ages)
    ids = [f"r{i:05}" for i in range(n)]
    labels = [(i, *AF, p, 1, None, 1.0, "ground_truth") for i, p in zip(ids, present, strict=True)]
    return (
        records_of(n, age_years=ages, sex=sexes),
        pl.DataFrame(labels, schema=LABELS.polars, orient="row"),
        pl.DataFrame({"record_id": ids, "heart_rate_per_min": rates}, strict=False),
        pl.DataFrame({"record_id": ids, "acceptable": acceptable}),
    )


COHORT = frames(
    ages=[70.0, 70.0, 70.0, None, 30.0, 70.0],
    sexes=["F", "F", "M", "F", "F", "F"],
    rates=[120.0, 99.0, 120.0, 120.0, None, 120.0],
    acceptable=[True, True, True, True, False, True],
    present=[1.0, 1.0, 1.0, 1.0, 1.0, 0.0],
)


def test_only_records_with_the_finding_and_in_every_band_of_the_hole_count():
    holes = [
        hole("65-79", "F", "100+", "acceptable"),
        hole("65-79", "F"),
        hole("65-79"),
        hole(rate="100+"),
        hole("18-39", quality="unacceptable"),
        hole(),
        hole("80+"),
    ]
    assert found_in(holes, *COHORT) == [1, 2, 3, 3, 1, 5, 0]


def test_a_hole_of_another_code_is_not_filled():
    other = hole().model_copy(update={"code": "164890007"})
    assert found_in([other], *COHORT) == [0]


def test_counts_are_those_of_the_code_that_finds_holes():
    rng = np.random.default_rng(2)
    n = 300
    made = frames(
        ages=rng.uniform(1, 99, n).round().tolist(),
        sexes=rng.choice(["F", "M"], n).tolist(),
        rates=rng.uniform(40, 140, n).tolist(),
        acceptable=rng.choice([True, False], n).tolist(),
        present=rng.choice([0.0, 1.0], n).tolist(),
    )
    records, labels, rates, quality = made
    holes = find_holes(records, labels, n_wanted=1000, heart_rates=rates, signal_quality=quality)
    assert len(holes) == 5 * 2 * 3 * 2
    assert found_in(holes, *made) == [each.n_found for each in holes]


def test_a_report_says_what_is_still_lacking():
    holes = [hole("18-39", found=4), hole("40-64", found=9), hole("80+")]
    report = filled(holes, [5, 3, 0], [RefusedHole(hole=holes[2], reason="no model")])
    assert [each.n_still_lacking for each in report.holes] == [1, 0, 10]  # 10 - 4 - 5; 10 - 9 - 3 is none; 10
    assert [each.refused for each in report.holes] == [None, None, "no model"]
    assert (report.n_holes, report.n_closed, report.n_refused) == (3, 1, 1)
    assert (report.n_lacking, report.n_still_lacking) == (17, 11)


def test_a_validated_cohort_is_counted_as_its_recordings_are_measured(tmp_path, validated):
    """60 recordings of 72 beats per minute that can be read; both readers call every second one fibrillation."""
    cohort = validated(tmp_path, records_of(age_years=[50.0] * 60), readings_of())
    usual, fast, unreadable = (
        hole("40-64", rate="60-99", quality="acceptable"),
        hole("40-64", rate="100+"),
        hole(quality="unacceptable"),
    )
    report = fill_report([usual, fast, unreadable], cohort)
    assert [each.n_synthetic for each in report.holes] == [30, 0, 0]
    assert report.n_closed == 1
