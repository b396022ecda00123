"""What the gate finds in data with one fault each."""

import polars as pl
import pytest
from small_hospital import CODES, evidence_of, ingested, readings_of, records_of

from chiron.datasets.dataset import open_dataset
from chiron.quality.signals import signal_quality
from chiron.quality.validate import check_evidence
from schemas.codes import SplitName
from schemas.gate import CheckStatus
from schemas.ingested import IngestReport, LabelCount
from schemas.params import GateParams
from schemas.tables import ANNOTATIONS, LABELS, QUARANTINE


def failing(evidence, gate=None):
    """The names of all checks that did not pass, by table."""
    report = check_evidence(evidence, gate or GateParams())
    return {f"{c.table}.{c.name}": c for c in report.checks if c.status is not CheckStatus.PASSED}


def closing(evidence, gate=None):
    return {f"{c.table}.{c.name}" for c in check_evidence(evidence, gate or GateParams()).blocking}


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
    assert failing(disagreeing)["agreement.annotators_agree"].found == "0"
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


def test_a_code_that_was_parsed_and_is_not_stored_closes_the_gate():
    counts = tuple(
        LabelCount(hop=hop, code_system="CINC2017", code=code, n=30) for hop in ("parsed", "stored") for code in "NAO"
    )
    ingest = IngestReport(
        profile="small", n_inputs=60, n_ingested=60, quarantined={}, duplicates=(), label_counts=counts
    )
    found = failing(evidence_of(records_of(), readings_of(), ingest=ingest))
    assert (found["codes.stored"].n_failing, found["codes.becomes_a_label"].n_failing) == (1, 1)
    assert "codes.stored" in closing(evidence_of(records_of(), readings_of(), ingest=ingest))
    assert len(CODES) == 2  # the third of the codes above is the one that vanished


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


def test_all_splits_are_there_in_a_large_enough_dataset():
    splits = evidence_of(records_of(), readings_of()).splits
    assert set(splits["split"]) == {name.value for name in SplitName}
