"""The curve of data whose growth is known: what was planted is found, and chance is not taken for a trend."""

import numpy as np
import polars as pl
import pytest
from small_hospital import readings_of, records_of
from statsmodels.stats.inter_rater import fleiss_kappa

from chiron.labels.consensus import consensus_labels
from chiron.quality.myth import myth_of
from schemas.myth import Growth, Measure
from schemas.tables import ANNOTATIONS, LABELS

N = 400


def myth(records, annotations):
    return myth_of(records, annotations, consensus_labels(annotations))


def change(report, measure):
    (found,) = (c for c in report.changes if c.measure is measure)
    return found


def random_readings(n, *, wrong, n_readers=4, seed=1):
    """One code that half of n records have; each reader is wrong in a share of them, `wrong` of each record."""
    generator = np.random.default_rng(seed)
    wrong_nr = generator.random((n, n_readers)) < np.asarray(wrong)[:, None]
    present_nr = (generator.random(n) < 0.5)[:, None] ^ wrong_nr
    rows = [
        (f"r{i:05}", f"reader-{j}", "person", 1, "CINC2017", "A", bool(present_nr[i, j]), None)
        for i in range(n)
        for j in range(n_readers)
    ]
    return present_nr, pl.DataFrame(rows, schema=ANNOTATIONS.polars, orient="row")


def test_agreement_of_one_code_is_the_kappa_of_statsmodels():
    present, readings = random_readings(N, wrong=np.full(N, 0.15))
    n_yes = present.sum(axis=1)
    last = myth(records_of(N), readings).points[-1]
    assert last.agreement.value == pytest.approx(fleiss_kappa(np.stack([n_yes, 4 - n_yes], axis=1)), abs=1e-6)
    assert last.agreement.lower < last.agreement.value < last.agreement.upper


def test_the_interval_of_a_share_is_as_wide_as_the_binomial_says():
    # 100 of 400 without a label: standard error sqrt(0.25 * 0.75 / 400) = 0.02165
    labelled = readings_of(N).filter(pl.col("record_id") < "r00300", pl.col("annotator_id") == "a")
    share = myth(records_of(N), labelled).points[-1].unlabelled
    assert share.value == 0.25
    assert (share.upper - share.lower) / 2 == pytest.approx(1.96 * 0.02165, rel=0.1)


def test_records_of_one_patient_are_resampled_together():
    # 40 patients with ten records each, labelled or not as a whole: the interval is that of 40, not of 400
    patients = [f"p{i // 10:05}" for i in range(N)]
    labelled = readings_of(N).filter(pl.col("record_id") < "r00300", pl.col("annotator_id") == "a")
    share = myth(records_of(N, patient_id=patients), labelled).points[-1].unlabelled
    assert (share.upper - share.lower) / 2 == pytest.approx(1.96 * 0.02165 * np.sqrt(10), rel=0.15)


def test_sizes_double_and_years_go_up():
    report = myth(records_of(N, recorded_year=[2000 + i // 20 for i in range(N)]), readings_of(N))
    assert [p.n_records for p in report.points] == [25, 50, 100, 200, 400]
    assert [p.until_year for p in report.points] == [2001, 2002, 2004, 2009, 2019]
    assert (report.growth, report.n_left_out) == (Growth.BY_YEAR, 0)


def test_labels_that_get_worse_and_values_that_vanish_with_the_years_are_found():
    older = np.arange(N) < N // 2
    _, readings = random_readings(N, wrong=np.where(older, 0.05, 0.25))
    years = np.where(older, 2000, 2010).tolist()
    ages = [50.0 if old or i % 2 else None for i, old in enumerate(older)]
    report = myth(records_of(N, recorded_year=years, age_years=ages), readings)
    assert change(report, Measure.AGREEMENT).difference.upper < 0
    # by hand: half of the newer ages are missing, one column of seven
    assert change(report, Measure.MISSING).newer == pytest.approx(0.5 / 7, abs=1e-6)
    assert change(report, Measure.MISSING).older == 0
    assert "agreement between annotators fell from" in report.verdict
    assert "missing values rose from 0.000 to 0.071" in report.verdict


def test_growth_by_chance_is_said_to_be_that_and_shows_no_trend():
    _, readings = random_readings(N, wrong=np.full(N, 0.15))
    report = myth(records_of(N, recorded_year=[None] * N), readings)
    assert (report.growth, {p.until_year for p in report.points}) == (Growth.BY_CHANCE, {None})
    assert report.verdict.startswith("No year is known")


def test_the_order_does_not_depend_on_the_order_of_the_rows():
    records, readings = records_of(N, recorded_year=[None] * N), readings_of(N)
    assert myth(records.reverse(), readings.reverse()) == myth(records, readings)


def test_records_of_unknown_year_are_left_out_and_counted():
    years = [None if i % 4 == 0 else 2000 + i // 40 for i in range(N)]
    report = myth(records_of(N, recorded_year=years), readings_of(N))
    assert (report.growth, report.n_left_out, report.points[-1].n_records) == (Growth.BY_YEAR, 100, 300)


def test_what_can_not_be_measured_has_no_figure():
    alone = readings_of(N).filter(pl.col("annotator_id") == "a")
    nothing = dict.fromkeys(
        ("age_years", "sex", "site", "device", "recorded_year", "height_cm", "weight_kg"), [None] * N
    )
    last = myth(records_of(N, **nothing), alone).points[-1]
    assert (last.agreement.value, last.missing.value, last.unlabelled.value) == (None, None, 0)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_the_smallest_datasets_have_a_curve(n):
    report = myth_of(records_of(n), readings_of(n), LABELS.empty())
    assert [p.n_records for p in report.points] == ([n] if n else [])
