"""What the gate finds in data with one fault each."""

import polars as pl
import pytest
from small_hospital import evidence_of, ingested, readings_of, records_of, report_of

from chiron.datasets.dataset import open_dataset
from chiron.quality.signals import record_quality, signal_quality
from chiron.quality.validate import check_evidence
from schemas.agreement import OVERALL
from schemas.codes import SplitName
from schemas.gate import CheckStatus, Severity
from schemas.ingested import LabelCount, LabelHop
from schemas.params import GateParams
from schemas.tables import ANNOTATIONS, LABELS, QUARANTINE


def failing(evidence, gate=None):
    """The names of all checks that did not pass, by table."""
    report, _ = check_evidence(evidence, gate or GateParams())
    return {f"{c.table}.{c.name}": c for c in report.checks if c.status is not CheckStatus.PASSED}


def closing(evidence, gate=None):
    return {f"{c.table}.{c.name}" for c in check_evidence(evidence, gate or GateParams())[0].blocking}


def quarantine_of(n):
    rows = [(f"q{i}", f"{i:064x}", "ingest", "truncated_signal", "too short") for i in range(n)]
    return pl.DataFrame(rows, schema=QUARANTINE.polars, orient="row")


def test_good_data_open_the_gate():
    found = failing(evidence_of(records_of(), readings_of(every_nth_differs=1000)))
    assert set(found) == {"labels.decided", "records.labelled"}  # the two readers differ on the first record only
    assert closing(evidence_of(records_of(), readings_of())) == set()


def test_no_annotations_close_the_gate():
    assert {"annotations.reading_unique", "labels.probability_in_range", "labels.some_finding"} <= closing(
        evidence_of(records_of(), ANNOTATIONS.empty())
    )


def test_labels_that_are_all_undecided_close_the_gate():
    undecided = readings_of().with_columns(present=pl.lit(None, pl.Boolean))
    assert "labels.probability_in_range" in closing(evidence_of(records_of(), undecided))


def test_a_code_system_that_nobody_knows_closes_the_gate():
    unknown = readings_of().with_columns(code_system=pl.lit("ICPC-3"))
    evidence = evidence_of(records_of(), unknown)
    assert closing(evidence) == {"annotations.code_system_in_vocabulary"}
    assert {result.subject for result in evidence.agreement} == {"overall", "ICPC-3:A", "ICPC-3:N"}


def test_labels_without_any_finding_close_the_gate():
    absent = readings_of().with_columns(present=pl.lit(False))
    assert closing(evidence_of(records_of(), absent)) >= {"labels.some_finding"}


def test_no_records_close_the_gate():
    assert {"records.record_id_unique", "inputs.few_quarantined"} <= closing(
        evidence_of(records_of(0), ANNOTATIONS.empty(), labels=LABELS.empty())
    )


def test_a_patient_in_two_splits_closes_the_gate():
    # two patients have the same recording, and a broken assignment puts them apart
    shared = [f"{i // 2:064x}" for i in range(60)]
    records = records_of(signal_sha256=shared)
    splits = (
        records.select("patient_id", group_id="patient_id")
        .with_row_index()
        .with_columns(split=pl.when(pl.col("index") % 2 == 0).then(pl.lit("train")).otherwise(pl.lit("test")))
    )
    assert closing(evidence_of(records, readings_of(), splits=splits)) == {"splits.one_split_per_signal"}
    one_patient = records.with_columns(patient_id=pl.lit("p"))
    twice = pl.DataFrame({"patient_id": ["p", "p"], "group_id": ["p", "p"], "split": ["train", "test"]})
    assert "splits.one_split_per_patient" in closing(evidence_of(one_patient, readings_of(), splits=twice))


def test_a_record_without_a_split_closes_the_gate():
    whole = evidence_of(records_of(), readings_of())
    assert closing(evidence_of(records_of(), readings_of(), splits=whole.splits[1:])) == {
        "splits.split_for_every_record"
    }


def test_readers_who_agree_no_better_than_chance_close_the_gate():
    disagreeing = evidence_of(records_of(), readings_of(every_nth_differs=2))
    assert closing(disagreeing) == {"agreement.annotators_agree"}
    assert failing(disagreeing)["agreement.annotators_agree"].found == "1 of 1 rows fail: overall 0.0"
    # by hand: the readers differ in every second record, the shares are even: kappa 0
    assert closing(disagreeing, GateParams(min_agreement=0.0)) == set()


def test_where_each_record_has_one_reader_agreement_is_not_asked_for():
    alone = readings_of().filter(pl.col("annotator_id") == "a")
    found = failing(evidence_of(records_of(), alone))
    assert not any(name.startswith("agreement.") for name in found)
    assert found["labels.read_more_than_once"].n_failing == 120  # said aloud, though


@pytest.mark.parametrize(("n_quarantined", "closes"), [(15, False), (16, True)])
def test_too_many_quarantined_inputs_close_the_gate(n_quarantined, closes):
    # 15 of 75 is the limit of 0.2
    found = closing(evidence_of(records_of(), readings_of(), quarantine=quarantine_of(n_quarantined)))
    assert found == ({"inputs.few_quarantined"} if closes else set())


def test_readers_who_never_differ_agree_even_where_chance_would_have_made_them():
    same = readings_of().with_columns(present=pl.lit(True))  # kappa is 0/0
    assert closing(evidence_of(records_of(), same)) == set()


@pytest.mark.parametrize(("every_nth_differs", "closes"), [(2, True), (30, False)])
def test_readers_without_a_code_in_common_are_asked_to_agree_on_each(every_nth_differs, closes):
    # a and b read N, c and d read A: no code was read by all four
    pairs = [
        readings_of(every_nth_differs=every_nth_differs)
        .filter(pl.col("code") == code)
        .with_columns(annotator_id=pl.col("annotator_id").replace({"a": first, "b": second}))
        for code, first, second in (("N", "a", "b"), ("A", "c", "d"))
    ]
    evidence = evidence_of(records_of(), pl.concat(pairs))
    assert not [r for r in evidence.agreement if r.subject == OVERALL]
    assert closing(evidence) == ({"agreement.annotators_agree"} if closes else set())


def test_a_code_on_which_readers_differ_is_named_in_a_warning():
    # 60 records: the readers differ in code N of every second record, so by hand kappa is 0 there, and never in code A
    n = readings_of(every_nth_differs=2).filter(pl.col("code") == "N")
    a = readings_of(every_nth_differs=1000).filter(pl.col("code") == "A", pl.col("record_id") != "r00000")
    found = failing(evidence_of(records_of(), pl.concat([n, a])))
    assert found["agreement.annotators_agree_on_each_code"].found == "1 of 2 rows fail: normal sinus rhythm 0.0"
    assert found["agreement.annotators_agree_on_each_code"].severity is Severity.WARNING


def test_few_records_read_twice_leave_agreement_in_doubt():
    # of four records one is read differently: the estimate passes, and its interval reaches below the limit
    few = evidence_of(records_of(4), readings_of(4, every_nth_differs=4))
    assert closing(few) == set()
    assert failing(few)["agreement.annotators_surely_agree"].severity is Severity.WARNING


def test_a_label_that_vanishes_closes_the_gate_and_is_named_with_hop_and_numbers():
    # the readers found N 60 + 60 / 10 ... times; the report says that 12 more were stated, and none was parsed
    whole = report_of(60, readings_of())
    lost = [
        LabelCount(hop=hop, code_system="SNOMED-CT", code="164889003", n=n)
        for hop, n in (("stated", 12), ("parsed", 0))
    ]
    ingest = whole.model_copy(update={"label_counts": (*whole.label_counts, *lost)})
    evidence = evidence_of(records_of(), readings_of(), ingest=ingest)
    assert closing(evidence) == {"vanishing.no_label_vanishes"}
    assert failing(evidence)["vanishing.no_label_vanishes"].found.endswith(
        "1 of 7 rows fail: SNOMED-CT:164889003 parsed: expected 12 as stated, found 0"
    )


def test_a_hop_at_which_nothing_was_counted_closes_the_gate():
    whole = report_of(60, readings_of())
    uncounted = whole.model_copy(
        update={"label_counts": [c for c in whole.label_counts if c.hop is not LabelHop.STATED]}
    )
    evidence = evidence_of(records_of(), readings_of(), ingest=uncounted)
    assert closing(evidence) == {"hops.counted"}
    assert failing(evidence)["hops.counted"].found == "1 of 3 rows fail: stated"


def test_a_code_that_no_record_has_in_the_end_is_a_warning():
    voted_down = readings_of().with_columns(
        present=pl.when(pl.col("code") == "A").then(pl.col("annotator_id") == "a").otherwise("present"),
        annotator_kind=pl.lit("person"),
    )
    found = failing(evidence_of(records_of(), voted_down, ingest=report_of(60, voted_down)))
    assert found["codes.becomes_a_label"].found == "1 of 2 rows fail: CINC2017:A"  # a tie in every record
    assert "codes.becomes_a_label" not in closing(
        evidence_of(records_of(), voted_down, ingest=report_of(60, voted_down))
    )


def test_metadata_without_recordings_pass():
    nothing = {name: [None] * 60 for name in ("fs_hz", "leads", "gain_per_unit", "baseline", "unit", "signal_sha256")}
    metadata = records_of(n_samples=[0] * 60, **nothing)
    assert closing(evidence_of(metadata, readings_of(), ingest=report_of(60, readings_of()))) == set()
    empty = metadata.with_columns(leads=pl.lit([], pl.List(pl.String)), gain_per_unit=pl.lit([], pl.List(pl.Float64)))
    assert closing(evidence_of(empty, readings_of())) == set()


def test_what_is_missing_for_want_of_a_recording_is_not_missing_for_a_reason():
    # 30 of 2,000 records, all of one site, have a recording: the others lack a rate, but no clinical value
    has = [i < 30 for i in range(2000)]
    rates = {"fs_hz": [100.0 if there else None for there in has], "n_samples": [1000 if there else 0 for there in has]}
    site = ["here" if there else "elsewhere" for there in has]
    found = failing(evidence_of(records_of(2000, site=site, **rates), readings_of(2000, every_nth_differs=2000)))
    assert not [name for name in found if name.startswith("missingness.")]


def test_a_recording_without_a_rate_or_a_gain_closes_the_gate():
    unknown = {"fs_hz": [None] * 60, "gain_per_unit": [None] * 60, "leads": [[]] * 60}
    found = closing(evidence_of(records_of(**unknown), readings_of()))
    assert {"records.fs_plausible", "records.gain_not_zero", "records.leads_present"} <= found


def test_a_column_that_is_nearly_always_missing_for_a_reason_closes_the_gate():
    # 2,000 records, of which one site alone states 60 weights
    site = ["here" if i < 60 else "elsewhere" for i in range(2000)]
    weights = [70.0 if i < 60 else None for i in range(2000)]
    evidence = evidence_of(records_of(2000, site=site, weight_kg=weights), readings_of(2000))
    assert "missingness.not_nearly_all_absent_for_a_reason" in closing(evidence)
    found = failing(evidence)["missingness.not_nearly_all_absent_for_a_reason"].found
    assert found.endswith(": weight_kg (97.0% missing)")
    wide = GateParams(max_missing_for_a_reason=0.98)
    assert "missingness.not_nearly_all_absent_for_a_reason" not in closing(evidence, wide)
    assert failing(evidence, wide)["missingness.absent_at_random"].severity is Severity.WARNING


def test_a_column_that_is_mostly_missing_is_a_warning():
    ages = [None] * 40 + [50.0] * 20
    found = failing(evidence_of(records_of(age_years=ages), readings_of()))
    assert found["records.stated_age_years"].found == "0.3333"
    assert "records.stated_age_years" not in closing(evidence_of(records_of(age_years=ages), readings_of()))


def test_duplicates_by_content_are_named_in_a_warning():
    same = ["0" * 64, *[f"{i:064x}" for i in range(58)], "0" * 64]
    found = failing(evidence_of(records_of(signal_sha256=same), readings_of()))
    assert found["records.signal_unique"].failing_record_ids == ("r00000", "r00001", "r00059")


def test_leads_that_are_mostly_flat_close_the_gate(tmp_path):
    dataset = open_dataset(ingested(tmp_path, records_of(), readings_of()))
    good = signal_quality(dataset)
    bad = good.with_columns(flat_share=pl.lit(1.0), usable=pl.lit(False))
    assert closing(evidence_of(records_of(), readings_of(), signals=good)) == set()
    assert closing(evidence_of(records_of(), readings_of(), signals=bad)) == {"signals.most_leads_usable"}
    assert closing(evidence_of(records_of(), readings_of(), signals=good.clear())) == {"signals.most_leads_usable"}


def test_recordings_that_mostly_can_not_be_read_close_the_gate(tmp_path):
    good = record_quality(signal_quality(open_dataset(ingested(tmp_path, records_of(), readings_of()))))
    half, more = (
        good.with_row_index().with_columns(score=pl.when(pl.col("index") < n).then(0.0).otherwise("score"))
        for n in (30, 31)
    )
    evidence = {
        name: evidence_of(records_of(), readings_of(), recordings=bad) for name, bad in (("half", half), ("more", more))
    }
    assert closing(evidence["half"]) == set()
    assert failing(evidence["half"])["recordings.recording_readable"].n_failing == 30
    assert closing(evidence["more"]) == {"recordings.most_recordings_readable"}


def test_all_splits_are_there_in_a_large_enough_dataset():
    splits = evidence_of(records_of(), readings_of()).splits
    assert set(splits["split"]) == {name.value for name in SplitName}
