"""Which readings are compared with which, under which name."""

import csv

import polars as pl
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from chiron.labels.agreement import agreement_of
from schemas.agreement import AgreementKind, AgreementStatistic
from schemas.tables import ANNOTATIONS

AF, SINUS = "164889003", "426783006"  # SNOMED CT


def reading(record, annotator, *, present, kind="person", number=1, code=AF):
    return (record, annotator, kind, number, "SNOMED-CT", code, present, None)


def results_of(rows):
    return agreement_of(pl.DataFrame(rows, schema=ANNOTATIONS.polars, orient="row"))


def figures(results, subject="overall"):
    return {(r.kind, r.statistic, r.compared): r.estimate.value for r in results if r.subject == subject}


# three readers, ten records: does each see atrial fibrillation?
THREE_READERS = [
    [1, 1, 1], [1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [0, 0, 0], [1, 0, 1], [0, 0, 0],
]  # fmt: skip


def test_three_annotators_are_compared_by_fleiss_kappa():
    rows = [
        reading(f"r{i}", f"reader-{j}", present=bool(seen))
        for i, record in enumerate(THREE_READERS)
        for j, seen in enumerate(record)
    ]
    kinds = figures(results_of(rows))
    expected = fleiss_kappa(aggregate_raters(THREE_READERS)[0])
    assert kinds["between annotators", "Fleiss' kappa", "3 annotators"] == pytest.approx(expected, abs=1e-6)
    # by hand: 6 records with 3 equal pairs of 3, 4 with 1 of 3
    assert kinds["between annotators", "percent agreement", "3 annotators"] == pytest.approx((6 + 4 / 3) / 10, abs=1e-6)


def test_two_annotators_are_compared_by_cohen_kappa_on_the_records_that_both_read():
    first, second = [r[0] for r in THREE_READERS], [r[1] for r in THREE_READERS]
    rows = [reading(f"r{i}", "a", present=bool(seen)) for i, seen in enumerate(first)]
    rows += [reading(f"r{i}", "b", present=bool(seen)) for i, seen in enumerate(second)]
    results = results_of([*rows, reading("only-a", "a", present=True)])
    expected = cohen_kappa_score(first, second)
    assert figures(results)["between annotators", "Cohen's kappa", "2 annotators"] == pytest.approx(expected, abs=1e-6)
    assert {r.n_records for r in results} == {10}


def test_annotators_are_compared_by_their_last_round():
    rows = [reading(f"r{i}", "a", present=False, number=1) for i in range(4)]
    rows += [reading(f"r{i}", "a", present=i % 2 == 0, number=2) for i in range(4)]
    rows += [reading(f"r{i}", "b", present=i % 2 == 0) for i in range(4)]
    assert figures(results_of(rows))["between annotators", "percent agreement", "2 annotators"] == 1


def test_overall_a_category_is_the_set_of_codes_called_present():
    both = [("r1", True, False), ("r2", False, True), ("r3", False, False)]
    rows = []
    for record, af, sinus in both:
        rows += [reading(record, "a", present=af), reading(record, "a", present=sinus, code=SINUS)]
        rows += [reading(record, "b", present=af), reading(record, "b", present=False, code=SINUS)]
    results = results_of(rows)
    agreement = ("between annotators", "percent agreement", "2 annotators")
    assert figures(results)[agreement] == pytest.approx(2 / 3, abs=1e-6)  # they differ on r2 only
    assert figures(results, "atrial fibrillation")[agreement] == 1
    assert figures(results, "normal sinus rhythm")[agreement] == pytest.approx(2 / 3, abs=1e-6)


def test_rounds_of_one_panel_are_revision_stability_and_never_agreement_between_annotators():
    rows = [
        reading(f"r{i}", "panel", present=i < last, kind="group", number=number)
        for i in range(10)
        for number, last in ((1, 5), (2, 6), (3, 8))
    ]
    results = results_of(rows)
    figures_there = [r for r in results if not r.refused]
    assert {r.kind for r in figures_there} == {AgreementKind.REVISION_STABILITY}
    assert all("copied" in r.note and "not inter-annotator" in r.note for r in figures_there)
    unchanged = {
        r.compared: r.estimate.value
        for r in results
        if r.subject == "overall" and r.statistic == AgreementStatistic.PERCENT_UNCHANGED
    }
    assert unchanged == {"round 1 to 2": 0.9, "round 2 to 3": 0.8, "round 1 to 3": 0.7}


def refusals(results):
    return {(r.kind, r.compared): r.refused for r in results if r.refused}


def two_rounds(n_records, *, changed, again=None, kind="person"):
    """Of one annotator: `changed` of the records `again` (all, where not given) are read otherwise."""
    rows = [reading(f"r{i}", "a", present=i % 3 == 0, kind=kind) for i in range(n_records)]
    later = range(n_records if again is None else again)
    return rows + [reading(f"r{i}", "a", present=(i % 3 == 0) ^ (i < changed), kind=kind, number=2) for i in later]


def test_rounds_of_one_person_are_agreement_within_the_annotator():
    results = results_of(two_rounds(20, changed=4))
    assert {(r.kind, r.compared) for r in results} == {("within annotator", "round 1 to 2")}
    unchanged = figures(results)["within annotator", "percent unchanged", "round 1 to 2"]
    assert unchanged == pytest.approx(16 / 20)


def test_agreement_within_a_group_is_refused_with_the_reason():
    results = results_of(two_rounds(20, changed=4, kind="group"))
    assert "no one to agree with" in refusals(results)["within annotator", "round 1 to 2"]
    assert {r.kind for r in results if not r.refused} == {AgreementKind.REVISION_STABILITY}


@pytest.mark.parametrize(
    ("rounds", "reason"),
    [
        (two_rounds(200, changed=1), "copied revision"),  # nearly all equal
        (two_rounds(200, changed=8), "copied revision"),  # all read again, few changes
        (two_rounds(200, changed=5, again=5), "corrections"),
    ],
    ids=["a copy", "a revision", "corrections"],
)
def test_a_round_that_revises_is_no_repeat_reading(rounds, reason):
    results = results_of(rounds)
    assert reason in refusals(results)["within annotator", "round 1 to 2"]
    assert {r.kind for r in results if not r.refused} == {AgreementKind.REVISION_STABILITY}
    assert [r.estimate.value for r in results if r.refused] == [None]


def test_some_records_read_again_with_few_changes_are_repeat_readings():
    assert refusals(results_of(two_rounds(200, changed=2, again=60))) == {}


def test_each_pair_of_three_annotators_is_compared_on_the_records_that_both_read():
    rows = [
        reading(f"r{i}", f"reader-{j}", present=bool(seen))
        for i, record in enumerate(THREE_READERS)
        for j, seen in enumerate(record)
        if not (j == 2 and i < 4)
    ]
    found = figures(results_of(rows))
    columns = list(zip(*THREE_READERS, strict=True))
    expected = {
        ("reader-0 and reader-1", cohen_kappa_score(columns[0], columns[1])),
        ("reader-0 and reader-2", cohen_kappa_score(columns[0][4:], columns[2][4:])),
        ("reader-1 and reader-2", cohen_kappa_score(columns[1][4:], columns[2][4:])),
    }
    for compared, kappa in expected:
        assert found["between two annotators", "Cohen's kappa", compared] == pytest.approx(kappa, abs=1e-6)


def test_all_coefficients_are_reported_with_an_interval():
    rows = [
        reading(f"r{10 * copy + i}", f"reader-{j}", present=bool(seen))
        for copy in range(10)
        for i, record in enumerate(THREE_READERS)
        for j, seen in enumerate(record)
    ]
    of_all = [r for r in results_of(rows) if r.kind is AgreementKind.BETWEEN_ANNOTATORS and r.subject == "overall"]
    assert [r.statistic for r in of_all] == [
        "percent agreement", "Fleiss' kappa", "Krippendorff's alpha", "Gwet's AC1", "positive agreement",
    ]  # fmt: skip
    assert all(r.estimate.lower < r.estimate.value < r.estimate.upper for r in of_all)


def test_the_interval_of_cohen_kappa_agrees_with_the_asymptotic_one_of_sas():
    # SAS/STAT, PROC FREQ: two dermatologists, 88 patients; kappa 0.3449, 95 % limits 0.2030 and 0.4868
    table = [[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]]
    pairs = [(i, j) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]
    rows = [
        reading(f"r{i}", name, present=chosen == code, code=str(code))
        for i, pair in enumerate(pairs)
        for name, chosen in zip("ab", pair, strict=True)
        for code in range(4)
    ]
    (found,) = [r.estimate for r in results_of(rows) if r.subject == "overall" and r.statistic == "Cohen's kappa"]
    assert found.value == pytest.approx(0.3449, abs=5e-5)
    assert (found.lower, found.upper) == pytest.approx((0.2030, 0.4868), abs=0.02)


def test_the_interval_is_wider_where_records_are_of_few_patients():
    seen = [(i // 10 % 2 == 0, i // 10 % 3 == 0) for i in range(200)]  # twenty patients, ten equal records each
    rows = [
        reading(f"r{i}", name, present=p) for i, pair in enumerate(seen) for name, p in zip("ab", pair, strict=True)
    ]
    annotations = pl.DataFrame(rows, schema=ANNOTATIONS.polars, orient="row")
    records = pl.DataFrame(
        {"record_id": [f"r{i}" for i in range(200)], "patient_id": [f"p{i // 10}" for i in range(200)]}
    )
    known, unknown = (
        agreement_of(annotations, records.with_columns(patient_known=pl.lit(is_known)))[0].estimate
        for is_known in (True, False)
    )
    assert known.value == unknown.value
    assert known.upper - known.lower > 2 * (unknown.upper - unknown.lower)


def test_algorithms_and_adjudicated_readings_are_not_compared():
    rows = [reading("r1", "a", present=True)]
    rows += [reading("r1", kind, present=True, kind=kind) for kind in ("algorithm", "adjudicated", "simulator")]
    assert results_of(rows) == []


def test_no_annotations_have_no_agreement():
    assert agreement_of(ANNOTATIONS.empty()) == []


@pytest.mark.real
def test_the_three_rounds_of_cinc_2017_change_the_285_records_that_were_relabelled(real_data):
    # the data set's README: 285 of 1,391 records were relabelled at least once
    rows = []
    for number, name in enumerate(("original", "2017-05", "v3"), start=1):
        with (real_data / "cinc2017" / f"REFERENCE-{name}.csv").open() as file:
            rows += [
                (record, "panel", "group", number, "CINC2017", code, code == found, None)
                for record, found in csv.reader(file)
                for code in "NAO~"
            ]
    results = results_of(rows)
    unchanged = {
        compared: value for (_, statistic, compared), value in figures(results).items() if statistic[:7] == "percent"
    }
    assert {r.n_records for r in results if not r.refused} == {1391}
    assert unchanged["round 1 to 3"] >= 1 - 285 / 1391 - 1e-6
    assert unchanged["round 1 to 2"] + unchanged["round 2 to 3"] <= 2 - 285 / 1391 + 1e-6


@pytest.mark.real
def test_agreement_of_the_cardiologists_of_code_test_equals_scikit_learn(real_data):
    folder = real_data / "code_test" / "annotations"
    seen = {
        name: pl.read_csv(folder / f"{name}.csv")["AF"].cast(pl.Boolean).to_list()
        for name in ("cardiologist1", "cardiologist2")
    }
    rows = [
        reading(f"r{i:03}", name, present=present) for name, column in seen.items() for i, present in enumerate(column)
    ]
    found = figures(results_of(rows), "atrial fibrillation")["between annotators", "Cohen's kappa", "2 annotators"]
    assert found == pytest.approx(cohen_kappa_score(*seen.values()), abs=1e-6)
