"""From readings to labels. Expected values are votes counted by hand, as the rules of authority say."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score

from chiron.labels.consensus import consensus_labels, consensus_of
from schemas.codes import Code, CodeSystem, canonical
from schemas.tables import ANNOTATIONS, LABELS

AF = "164889003"


def reading(annotator, *, present, kind="person", number=1):
    return ("r1", annotator, kind, number, "SNOMED-CT", AF, present, None)


def label_of(*rows):
    return consensus_labels(pl.DataFrame(rows, schema=ANNOTATIONS.polars, orient="row")).row(0, named=True)


def belief(label):
    return {k: label[k] for k in ("probability", "n_readings", "agreement", "weight", "method")}


def test_a_single_reader_is_believed_and_has_no_agreement():
    assert belief(label_of(reading("a", present=True))) == {
        "probability": 1.0,
        "n_readings": 1,
        "agreement": None,
        "weight": 1.0,
        "method": "single_reader",
    }


def test_a_majority_of_three_to_one_has_its_share_as_probability_and_its_margin_as_weight():
    votes = [reading(name, present=name != "d") for name in "abcd"]
    assert belief(label_of(*votes)) == {
        "probability": 0.75,
        "n_readings": 4,
        "agreement": 0.75,
        "weight": 0.5,
        "method": "majority",
    }


def test_agreement_with_an_absent_finding_counts_those_who_said_absent():
    assert label_of(*[reading(name, present=name == "d") for name in "abcd"])["agreement"] == 0.75


def test_a_tie_is_undecided_and_has_no_weight():
    assert belief(label_of(reading("a", present=True), reading("b", present=False))) == {
        "probability": None,
        "n_readings": 2,
        "agreement": None,
        "weight": 0.0,
        "method": "majority",
    }


def test_each_annotator_votes_once_with_the_last_round():
    label = label_of(
        reading("a", present=True, number=1), reading("a", present=False, number=2), reading("b", present=False)
    )
    assert (label["probability"], label["n_readings"]) == (0.0, 2)


def test_three_rounds_of_one_panel_are_one_reading_and_the_last_is_the_label():
    rounds = [reading("panel", kind="group", present=number < 3, number=number) for number in (1, 2, 3)]
    label = label_of(*rounds)
    assert (label["probability"], label["n_readings"], label["method"]) == (0.0, 1, "single_reader")


def test_an_adjudicated_reading_is_the_label_and_never_a_vote():
    label = label_of(
        reading("a", present=False), reading("b", present=False), reading("gold", kind="adjudicated", present=True)
    )
    assert belief(label) == {
        "probability": 1.0,
        "n_readings": 3,
        "agreement": 0.0,
        "weight": 1.0,
        "method": "adjudicated",
    }


def test_what_a_simulator_put_in_is_ground_truth_whatever_was_read():
    label = label_of(reading("a", present=False), reading("made", kind="simulator", present=True))
    assert (label["probability"], label["method"]) == (1.0, "ground_truth")


def test_feedback_to_a_suggestion_is_no_vote():
    label = label_of(reading("a", present=False), reading("ward", kind="clinician_feedback", present=True))
    assert (label["probability"], label["n_readings"]) == (0.0, 1)


def test_a_reading_that_says_neither_present_nor_absent_is_undecided():
    label = label_of(reading("a", present=None))
    assert (label["probability"], label["n_readings"], label["weight"]) == (None, 0, 0.0)


def test_a_code_that_nobody_looked_for_has_no_label():
    assert consensus_labels(ANNOTATIONS.empty()).equals(LABELS.empty())


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(st.booleans(), min_size=1, max_size=9))
def test_weights_and_agreement_are_shares_and_the_label_is_the_majority(votes):
    label = label_of(*[reading(f"a{i}", present=vote) for i, vote in enumerate(votes)])
    yes = sum(votes)
    assert 0 <= label["weight"] <= 1
    if 2 * yes == len(votes):
        assert label["probability"] is None
    else:
        assert (label["probability"] > 0.5) == (2 * yes > len(votes))
        assert label["agreement"] is None or label["agreement"] > 0.5
        assert label["agreement"] is None or label["agreement"] == pytest.approx(
            max(yes, len(votes) - yes) / len(votes)
        )


# --- weighed votes -------------------------------------------------------------------------------------------------


def planted(*, n_records=600, adjudicated=0):
    """Readings by three good and two poor annotators, with an adjudicated reading of some records; and the truth."""
    random = np.random.default_rng(7)
    truth = random.random(n_records) < 0.4
    chance = np.where(truth[:, None], [0.95, 0.95, 0.9, 0.55, 0.55], [0.03, 0.05, 0.1, 0.4, 0.4])
    says = random.random(chance.shape) < chance
    rows = [
        (f"r{i:03}", f"reader-{j}", "person", 1, "SNOMED-CT", AF, bool(says[i, j]), None)
        for i, j in np.ndindex(says.shape)
    ]
    rows += [(f"r{i:03}", "gold", "adjudicated", 1, "SNOMED-CT", AF, bool(truth[i]), None) for i in range(adjudicated)]
    return pl.DataFrame(rows, schema=ANNOTATIONS.polars, orient="row"), truth


def test_from_three_annotators_on_votes_are_weighed_by_the_errors_of_each():
    annotations, truth = planted()
    labels, report = consensus_of(annotations)
    (code,) = report.codes
    assert (code.method, code.reason, code.n_annotators) == ("dawid_skene", None, 5)
    assert set(labels["method"]) == {"dawid_skene"}
    majority = annotations.group_by("record_id").agg(pl.col("present").mean() > 0.5).sort("record_id")["present"]
    right, right_if_counted = ((said.to_numpy() == truth).mean() for said in (labels["probability"] > 0.5, majority))
    assert right > right_if_counted
    assert code.n_against_majority == (majority != (labels["probability"] > 0.5)).sum()
    poor = [each for each in report.annotators if each.annotator in ("reader-3", "reader-4")]
    assert all(each.sensitivity.lower < 0.55 < each.sensitivity.upper for each in poor)


def test_the_weight_of_a_weighed_label_is_how_far_its_chance_is_from_one_half():
    labels, _ = consensus_of(planted()[0])
    assert labels["weight"].to_list() == pytest.approx((2 * labels["probability"] - 1).abs().to_list())
    assert labels.filter((pl.col("agreement") == 1) & (pl.col("weight") < 0.9)).is_empty()


def test_where_votes_are_counted_the_report_says_why():
    _, report = consensus_of(planted(n_records=20)[0])
    (code,) = report.codes
    assert (code.method, code.n_records) == ("majority", 20)
    assert "20 records read by 3: expected 30" in code.reason
    assert report.annotators == ()


def test_adjudicated_readings_are_the_label_and_judge_the_annotators():
    annotations, truth = planted(n_records=20, adjudicated=10)
    labels, report = consensus_of(annotations)
    assert labels["method"].to_list() == ["adjudicated"] * 10 + ["majority"] * 10
    assert labels["probability"].to_list()[:10] == [float(present) for present in truth[:10]]
    assert {(each.annotator, each.by, each.n_readings) for each in report.annotators} == {
        (f"reader-{j}", "adjudicated", 10) for j in range(5)
    }


CODE_TEST = ("1dAVb", "RBBB", "LBBB", "SB", "AF", "ST")
CODE_TEST_READERS = {
    "cardiologist1": "person", "cardiologist2": "person", "cardiology_residents": "group",
    "emergency_residents": "group", "medical_students": "group", "dnn": "algorithm",
}  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("with_algorithm", [False, True])
def test_the_consensus_of_code_test_is_below_majority_for_no_code(real_data, with_algorithm):
    """Against the gold standard, which takes no part; by F1 and by kappa. A tie is no finding, for both."""
    folder = real_data / "code_test" / "annotations"
    kinds = {name: kind for name, kind in CODE_TEST_READERS.items() if with_algorithm or kind != "algorithm"}
    seen = {name: pl.read_csv(folder / f"{name}.csv").select(CODE_TEST).cast(pl.Boolean) for name in kinds}
    gold = pl.read_csv(folder / "gold_standard.csv").cast(pl.Boolean)
    rows = [
        (f"r{i:03}", name, kinds[name], 1, "CODE-TEST", code, present, None)
        for name, table in seen.items()
        for code in CODE_TEST
        for i, present in enumerate(table[code])
    ]
    labels = consensus_labels(pl.DataFrame(rows, schema=ANNOTATIONS.polars, orient="row"))
    for code in CODE_TEST:
        own = labels.filter(code=canonical(Code(CodeSystem.CODE_TEST, code)).code).sort("record_id")
        said = own["probability"].fill_null(0) > 0.5
        majority = pl.DataFrame({name: seen[name][code] for name in kinds}).cast(pl.Int8).mean_horizontal() > 0.5
        for score in (f1_score, cohen_kappa_score):
            assert score(gold[code], said) >= score(gold[code], majority), (code, score.__name__)
