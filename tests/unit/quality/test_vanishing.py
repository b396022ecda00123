"""Labels counted by hand, from the source's text to the dataset, with one of each reason to be left out."""

import polars as pl
from small_hospital import readings_of, report_of

from chiron.labels.consensus import consensus_labels
from chiron.quality.vanishing import label_steps, steps_of_consensus, steps_of_ingest
from schemas.ingested import LostLabels
from schemas.tables import ANNOTATIONS
from schemas.vanishing import Hop, LabelStep

AF = ("SNOMED-CT", "164889003")


def annotations_of(*rows):
    """Rows (record, annotator, kind, round, present) of one code."""
    full = [(record, who, kind, number, *AF, present, None) for record, who, kind, number, present in rows]
    return pl.DataFrame(full, schema=ANNOTATIONS.polars, orient="row")


def the_step(annotations, labels=None):
    (step,) = steps_of_consensus(annotations, consensus_labels(annotations) if labels is None else labels)
    return step


def test_each_reading_that_is_no_label_of_its_own_has_its_reason():
    annotations = annotations_of(
        ("r1", "a", "person", 1, True),  # kept
        ("r1", "b", "person", 1, True),  # of the same label
        ("r2", "a", "person", 1, True),  # superseded by
        ("r2", "a", "person", 2, False),
        ("r3", "a", "person", 1, True),  # outvoted by
        ("r3", "b", "person", 1, False),
        ("r3", "c", "person", 1, False),
        ("r4", "a", "person", 1, True),  # a tie
        ("r4", "b", "person", 1, False),
        ("r5", "a", "person", 1, True),  # overruled by
        ("r5", "z", "adjudicated", 1, False),
        ("r6", "c", "clinician_feedback", 1, True),  # no vote
        ("r6", "a", "person", 1, False),
    )
    step = the_step(annotations)
    assert (step.before, step.hop, step.n_before, step.n_after, step.n_vanished) == (Hop.STORED, Hop.DATASET, 7, 1, 0)
    assert step.reasons == {
        "another reading of the same label": 1,
        "superseded by a later round": 1,
        "outvoted": 1,
        "undecided": 1,
        "adjudicated otherwise": 1,
        "its reader has no vote": 1,
    }


def test_a_label_that_the_consensus_forgot_has_no_reason():
    annotations = annotations_of(("r1", "a", "person", 1, True), ("r2", "a", "person", 1, True))
    forgotten = consensus_labels(annotations).filter(pl.col("record_id") == "r1")
    step = the_step(annotations, forgotten)
    assert (step.n_before, step.n_after, step.n_vanished) == (2, 1, 1)
    assert step.said == "SNOMED-CT:164889003 in the dataset: expected 2 as stored, found 1"


def test_a_positive_label_without_a_reading_does_not_hide_one_that_vanished():
    annotations = annotations_of(("r1", "a", "person", 1, True), ("r2", "a", "person", 1, False))
    labels = consensus_labels(annotations)
    swapped = labels.with_columns(probability=1 - pl.col("probability"))
    assert (the_step(annotations, swapped).n_after, the_step(annotations, swapped).reasons) == (0, {"outvoted": 1})
    assert the_step(annotations, swapped.filter(pl.col("record_id") == "r2")).n_vanished == 1


def test_codes_that_mean_the_same_are_counted_as_one():
    af = readings_of(10).filter("present", pl.col("code") == "A")
    (step,) = steps_of_consensus(af, consensus_labels(af))
    assert (step.code_system, step.code) == AF
    assert step.n_before == af.height


def test_what_ingest_lost_for_a_known_reason_did_not_vanish():
    readings = readings_of(10)
    report = report_of(10, readings, n_parsed=14)  # by hand: each code is found by 5 + 6 or 5 + 4 of 20 readings
    n = {step.code: step for step in steps_of_ingest(report, readings) if step.hop is Hop.STORED}
    assert {code: (step.n_before, step.n_after, step.n_vanished) for code, step in n.items()} == {
        "A": (14, 11, 3),
        "N": (14, 9, 5),
    }
    lost = (
        LostLabels(code_system="CINC2017", code="A", reason="unknown_record", n=3),
        LostLabels(code_system="CINC2017", code="N", reason="unknown_record", n=2),
    )
    steps = list(steps_of_ingest(report.model_copy(update={"lost_labels": lost}), readings))
    assert [s.said for s in steps if s.n_vanished] == [
        "CINC2017:N stored: expected 12 as parsed less 2 with a reason, found 9"
    ]


def test_the_word_of_the_report_for_what_is_stored_is_not_taken():
    readings = readings_of(10)
    report = report_of(10, readings)
    gone = readings.filter(pl.col("code") != "A")
    steps = label_steps(report, gone, consensus_labels(gone))
    assert [s.said for s in steps if s.n_vanished] == ["CINC2017:A stored: expected 11 as parsed, found 0"]


def test_a_dataset_that_was_not_ingested_is_counted_from_its_annotations_on():
    readings = readings_of(10)
    assert {s.before for s in label_steps(None, readings, consensus_labels(readings))} == {Hop.STORED}
    assert label_steps(None, ANNOTATIONS.empty(), consensus_labels(ANNOTATIONS.empty())) == ()


def test_more_than_expected_is_no_fall():
    step = LabelStep(code_system="X", code="1", before=Hop.STATED, hop=Hop.PARSED, n_before=1, n_after=2)
    assert step.n_vanished == 0
