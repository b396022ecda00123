"""Label drift with a planted cause."""

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from chiron.labels.consensus import consensus_labels
from chiron.labels.drift import drift_of
from schemas.tables import ANNOTATIONS, RECORDS

AF = "164889003"


def records_of(columns):
    """Records with these columns, each of a patient of its own, and nothing else known."""
    n = len(columns["record_id"])
    made = {"patient_id": columns["record_id"], "patient_known": [False] * n, **columns}
    missing = {name: pl.Series([None] * n, dtype=of) for name, of in RECORDS.columns.items() if name not in made}
    return pl.DataFrame({**made, **missing}).select(*RECORDS.columns).cast(RECORDS.polars)


def ids(n):
    return [f"r{i:05}" for i in range(n)]


def readings(by_annotator):
    """Annotations of one code: for each annotator, which record was found to have it."""
    rows = [
        (record, name, "person", 1, "SNOMED-CT", AF, bool(present), None)
        for name, seen in by_annotator.items()
        for record, present in seen.items()
    ]
    return pl.DataFrame(rows, schema=ANNOTATIONS.polars, orient="row")


def drift(records, annotations):
    return drift_of(records, annotations, consensus_labels(annotations))


def findings(report, by):
    return {finding.level: finding for finding in report.findings if finding.by == by}


def population(seed, n=6000):
    """Patients at two sites, one of them with older patients; the finding depends on age alone."""
    random = np.random.default_rng(seed)
    is_old_site = random.random(n) < 0.5
    age = np.clip(random.normal(np.where(is_old_site, 72, 50), 12), 20, 95)
    has_it = random.random(n) < 1 / (1 + np.exp(-(age - 80) / 8))
    columns = {
        "record_id": ids(n), "age_years": age, "sex": random.choice(["F", "M"], n),
        "site": np.where(is_old_site, "old", "young"),
    }  # fmt: skip
    return records_of(columns), has_it, is_old_site, random


def test_a_site_with_older_patients_is_explained_by_case_mix():
    records, has_it, _, _ = population(1)
    report = drift(records, readings({"a": dict(zip(ids(6000), has_it, strict=True))}))
    found = findings(report, "site")["old"]
    assert found.verdict == "explained by case mix"
    assert found.crude.estimate.lower > 2
    assert found.adjusted.estimate.lower < 1.1
    assert found.prevalence > found.prevalence_rest
    assert "the patients explain it" in found.sentence
    assert "like age and sex" in found.sentence


def test_a_site_whose_reader_over_calls_is_explained_by_who_read():
    random = np.random.default_rng(2)
    n = 4000
    is_first = random.random(n) < 0.5
    by_a = random.random(n) < np.where(is_first, 0.9, 0.2)  # "a" reads mostly at the first site, and over-calls
    said = random.random(n) < np.where(by_a, 0.3, 0.1)
    records = records_of(
        {
            "record_id": ids(n), "age_years": random.uniform(20, 90, n), "sex": random.choice(["F", "M"], n),
            "site": np.where(is_first, "first", "second"),
        }
    )  # fmt: skip
    of_each = {name: {ids(n)[i]: said[i] for i in np.flatnonzero(by_a == (name == "a"))} for name in "ab"}
    report = drift(records, readings(of_each))
    assert findings(report, "site")["first"].verdict == "explained by who read"
    assert findings(report, "annotator")["a"].verdict == "cannot tell"  # nobody else read the records


def test_a_site_that_differs_for_no_known_reason_is_left_unexplained():
    random = np.random.default_rng(3)
    n = 4000
    is_first = random.random(n) < 0.5
    said = random.random(n) < np.where(is_first, 0.3, 0.15)
    columns = {
        "record_id": ids(n),
        "age_years": random.uniform(20, 90, n),
        "site": np.where(is_first, "first", "second"),
    }
    report = drift(records_of(columns), readings({"a": dict(zip(ids(n), said, strict=True))}))
    assert findings(report, "site")["first"].verdict == "explained neither by case mix nor by who read"


def test_an_annotator_who_over_calls_is_told_by_the_records_that_others_read():
    random = np.random.default_rng(4)
    n = 2000
    truth = random.random(n) < 0.15
    slips = np.where(truth, 0.06, 0.06 * 0.15 / 0.85)  # as many found in error as missed
    seen = {name: truth ^ (random.random(n) < slips) for name in ("a", "b", "c")}
    seen["eager"] = truth | (random.random(n) < 0.15)
    annotations = readings({name: dict(zip(ids(n), said, strict=True)) for name, said in seen.items()})
    found = findings(drift(records_of({"record_id": ids(n)}), annotations), "annotator")
    assert found["eager"].verdict == "annotator behaviour"
    assert found["eager"].same_records.estimate.lower > 2
    assert found["eager"].same_records.n_records == n
    assert "annotator behaviour" not in {found[name].verdict for name in found if name != "eager"}


def test_an_annotator_who_is_given_other_patients_is_explained_by_case_mix():
    records, has_it, is_old_site, random = population(5, n=3000)
    slips = {name: has_it ^ (random.random(3000) < 0.01) for name in "abc"}
    seen = {name: dict(zip(ids(3000), said, strict=True)) for name, said in slips.items()}
    seen["c"] = {ids(3000)[i]: slips["c"][i] for i in np.flatnonzero(is_old_site)}  # old patients only
    found = findings(drift(records, readings(seen)), "annotator")["c"]
    assert found.verdict == "explained by case mix"
    assert found.prevalence > found.prevalence_rest


def test_without_a_difference_nothing_is_found_more_often_than_the_rate_allows():
    n_reports_with_findings = 0
    for seed in range(20):
        random = np.random.default_rng(100 + seed)
        n = 1000
        columns = {
            "record_id": ids(n), "age_years": random.uniform(20, 90, n), "site": random.choice([*"abcde"], n),
            "device": random.choice([*"xyz"], n), "recorded_year": random.integers(2010, 2020, n),
        }  # fmt: skip
        said = dict(zip(ids(n), random.random(n) < 0.2, strict=True))
        report = drift(records_of(columns), readings({"a": said}))
        assert report.n_tests == 5 + 3 + 10
        n_reports_with_findings += bool(report.findings)
    assert n_reports_with_findings <= 4  # 5 % of 20 is 1; more than 4 has a chance of 0.003


def test_of_each_known_patient_one_record_is_counted():
    n = 400
    columns = {
        "record_id": ids(n), "patient_id": [f"p{i // 4}" for i in range(n)], "patient_known": [True] * n,
        "site": ["a" if i < n / 2 else "b" for i in range(n)],
    }  # fmt: skip
    report = drift(records_of(columns), readings({"a": {record: i < n / 2 for i, record in enumerate(ids(n))}}))
    assert report.n_records == 100
    assert findings(report, "site")["a"].n_records == 50


def test_nothing_read_is_no_drift():
    assert drift(records_of({"record_id": ids(3)}), ANNOTATIONS.empty()).findings == ()
    assert drift(RECORDS.empty(), ANNOTATIONS.empty()).n_tests == 0


@pytest.mark.real
def test_on_code_test_the_readers_who_differ_from_the_others_are_those_whom_mcnemars_test_finds(real_data):
    folder = real_data / "code_test" / "annotations"
    names = ["cardiologist1", "cardiologist2", "cardiology_residents", "emergency_residents", "medical_students"]
    seen = {name: pl.read_csv(folder / f"{name}.csv")["SB"].cast(pl.Int8).to_numpy() for name in names}
    annotations = readings({name: dict(zip(ids(827), said, strict=True)) for name, said in seen.items()})
    found = findings(drift(records_of({"record_id": ids(827)}), annotations), "annotator")
    for name in names:
        others = sum(said for other, said in seen.items() if other != name) / 4
        own = seen[name][others != 0.5]
        table = np.histogram2d(own, others[others != 0.5] > 0.5, bins=2)[0]
        p_value = mcnemar(table, exact=True).pvalue
        if name in found:
            assert found[name].same_records.p_value == pytest.approx(p_value, rel=1e-5)
            assert found[name].verdict == "annotator behaviour"
        else:
            assert p_value > 0.005
