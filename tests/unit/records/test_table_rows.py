import polars as pl
import pytest

from chiron.records.quarantine import list_quarantine
from schemas.ingested import IngestReport
from schemas.tables import ANNOTATIONS, QUARANTINE, RECORDS

from .conftest import samples, write_record

CODE_TEST_HEADINGS = "1dAVb,RBBB,LBBB,SB,AF,ST\n"


@pytest.fixture
def read(landing, ingest):
    """Ingest with this text as the first reading of reader-1."""

    def run(text):
        (landing / "reader-1-round-1.csv").write_text(text)
        dataset = ingest(profile="demo-hospital")
        return dataset, dataset.report(IngestReport)

    return run


def given(dataset):
    return dataset.table(ANNOTATIONS).filter("present").select("record_id", "annotator_id", "round", "code").rows()


def test_rows_at_fault_are_counted_and_kept_and_the_others_count(read, tmp_path):
    dataset, report = read("ok1,A\nok2,N\nok2,O\nghost,A\nok1,X\nok1\n\n,A\n")
    assert given(dataset) == [("ok1", "reader-1", 1, "A")]
    assert report.label_faults == {
        "record_not_in_source": 1,
        "several_codes": 2,
        "unknown_code": 1,
        "unreadable_row": 2,
    }
    assert report.n_inputs == report.n_ingested + sum(report.quarantined.values())
    kept = next(k for k in list_quarantine(tmp_path / "work") if k.reason == "label_without_record")
    rows = tmp_path / "work" / "private" / "quarantine" / "test" / kept.input_id / "rows.csv"
    assert rows.read_text() == "ghost,A\n"
    assert "ghost" not in str(dataset.table(QUARANTINE).to_dicts())


def test_labels_that_are_not_stored_show_in_the_counts_with_the_reason(read):
    _, report = read("ok1,A\nghost,A\n")
    assert {(c.hop, c.code): c.n for c in report.label_counts if c.code == "A"} == {
        ("stated", "A"): 2,
        ("parsed", "A"): 2,
        ("stored", "A"): 1,
    }
    assert [(loss.code, loss.reason, loss.n) for loss in report.lost_labels] == [("A", "record_not_in_source", 1)]


def test_a_label_of_a_quarantined_record_is_counted_and_comes_in_with_the_record(read, landing):
    write_record(landing, "bad", samples(seed=3))
    whole = (landing / "bad.dat").read_bytes()
    (landing / "bad.dat").write_bytes(whole[:50])
    _, report = read("bad,A\n")
    assert report.label_faults == {"record_in_quarantine": 1}
    assert report.quarantined == {"truncated_signal": 1}
    (landing / "bad.dat").write_bytes(whole)
    dataset, report = read("bad,A\n")
    assert report.label_faults == {}
    assert given(dataset) == [("bad", "reader-1", 1, "A")]


def test_of_two_files_for_one_round_the_first_holds(read, landing):
    (landing / "other").mkdir()
    (landing / "other" / "reader-1-round-1.csv").write_text("ok1,A\nok2,N\n")
    dataset, report = read("ok1,N\n")
    assert given(dataset) == [("ok1", "reader-1", 1, "A"), ("ok2", "reader-1", 1, "N")]
    assert [(loss.code, loss.reason, loss.n) for loss in report.lost_labels] == [("N", "stated_twice", 1)]


def test_a_later_round_is_a_reading_of_its_own(read, landing):
    (landing / "reader-1-round-2.csv").write_text("ok1,N\n")
    dataset, _ = read("ok1,A\n")
    assert given(dataset) == [("ok1", "reader-1", 1, "A"), ("ok1", "reader-1", 2, "N")]


def test_no_labels_at_all_is_for_the_gate_to_judge(landing, ingest):
    assert ingest(profile="demo-hospital").table(ANNOTATIONS).is_empty()


def test_an_annotator_s_table_with_missing_columns_is_reported_and_the_others_go_on(tmp_path, ingest):
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "cardiologist1.csv").write_text(CODE_TEST_HEADINGS + "0,1,0,0,0,0\n")
    (folder / "cardiologist2.csv").write_text("1dAVb,RBBB\n0,1\n")
    dataset = ingest(folder, profile="code-test")
    assert [(annotator, code) for _, annotator, _, code in given(dataset)] == [("cardiologist1", "RBBB")]
    assert dataset.report(IngestReport).quarantined == {"unreadable_labels": 1}
    message = dataset.table(QUARANTINE)["message"].item()
    assert message.startswith("label file: expected a column 'LBBB', 'SB', 'AF', 'ST', found none")


def test_circumstances_are_found_wherever_a_record_s_labels_are(tmp_path, ingest):
    """Tables are read in the order of their names, and an annotator's tells nothing of the patient."""
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "cardiologist1.csv").write_text(CODE_TEST_HEADINGS + "0,1,0,0,0,0\n0,0,0,0,0,0\n")
    (folder / "attributes.csv").write_text("age,sex\n34,M\n93,F\n")
    (folder / "annotations").mkdir()
    (folder / "annotations" / "cardiologist2.csv").write_text(CODE_TEST_HEADINGS + "0,1,0,0,0,0\n0,0,0,0,0,0\n")
    records = ingest(folder, profile="code-test").table(RECORDS)
    assert records.select("record_id", "age_years", "sex", "n_samples").rows() == [
        ("00000", 34.0, "M", 0),
        ("00001", 90.0, "F", 0),
    ]
    assert records.select(pl.col("patient_known").any()).item() is False
