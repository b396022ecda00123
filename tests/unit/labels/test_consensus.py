"""From readings to labels. Expected values are votes counted by hand, as DESIGN's rules of authority say."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chiron.labels.consensus import consensus_labels
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
