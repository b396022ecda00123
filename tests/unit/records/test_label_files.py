import pytest

from chiron.records.label_files import RecordNames, RowFault
from chiron.records.quarantine import list_quarantine
from schemas.ingested import IngestReport
from schemas.tables import ANNOTATIONS, QUARANTINE

from .conftest import samples, write_record


@pytest.fixture
def read(landing, ingest):
    """Ingest with this text as the first reading of reader-1."""

    def run(text):
        (landing / "reader-1-round-1.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        dataset = ingest(profile="demo-hospital")
        return dataset, dataset.report(IngestReport)

    return run


def test_a_reading_says_of_every_code_whether_it_is_there(read):
    dataset, _ = read("ok1,A\nok2,N\n")
    rows = dataset.table(ANNOTATIONS).select("record_id", "annotator_id", "annotator_kind", "round", "code", "present")
    assert rows.rows() == [
        (record, "reader-1", "person", 1, code, code == given)
        for record, given in (("ok1", "A"), ("ok2", "N"))
        for code in ("A", "N", "O", "~")
    ]


def test_rows_at_fault_are_counted_and_kept_and_the_others_count(read, tmp_path):
    dataset, report = read("ok1,A\nok2,N\nok2,O\nghost,A\nok1,X\nok1\n\n,A\n")
    assert report.label_faults == {
        "record_not_in_source": 1,
        "several_codes": 2,
        "unknown_code": 1,
        "unreadable_row": 2,
    }
    assert dataset.table(ANNOTATIONS)["record_id"].unique().to_list() == ["ok1"]
    assert report.quarantined == {"label_without_record": 1, "unreadable_labels": 3}
    assert report.n_inputs == report.n_ingested + sum(report.quarantined.values())
    kept = next(k for k in list_quarantine(tmp_path / "work") if k.reason == "label_without_record")
    rows = tmp_path / "work" / "private" / "quarantine" / "test" / kept.input_id / "rows.csv"
    assert rows.read_text() == "ghost,A\n"
    assert "ghost" not in str(dataset.table(QUARANTINE).to_dicts())


def test_labels_that_are_parsed_and_not_stored_show_in_the_counts(read):
    _, report = read("ok1,A\nghost,A\n")
    counts = {(c.hop, c.code): c.n for c in report.label_counts}
    assert (counts["parsed", "A"], counts["stored", "A"]) == (2, 1)


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
    assert dataset.table(ANNOTATIONS).height == 4


@pytest.mark.parametrize("content", [b"\xff\xfe\x00o", b'ok1,"A\n'])
def test_a_label_file_that_is_no_text_table_is_quarantined_whole(read, content):
    dataset, report = read(content)
    assert report.quarantined == {"unreadable_labels": 1}
    assert dataset.table(ANNOTATIONS).is_empty()


def test_a_second_file_for_the_same_round_is_refused(read, landing):
    (landing / "other").mkdir()
    (landing / "other" / "reader-1-round-1.csv").write_text("ok1,A\n")
    dataset, report = read("ok1,N\n")
    assert report.quarantined == {"unreadable_labels": 1}
    assert dataset.table(ANNOTATIONS).height == 4


def test_no_labels_at_all_is_for_the_gate_to_judge(landing, ingest):
    assert ingest(profile="demo-hospital").table(ANNOTATIONS).is_empty()


def test_the_last_part_of_a_name_finds_a_record_only_where_it_is_unique():
    names = RecordNames({"a/x": "1", "b/x": "2", "b/y": "3"}, {"b/z"})
    assert [names.find(n) for n in ("a/x", "y", "x", "z")] == [
        "1",
        "3",
        RowFault.RECORD_NOT_IN_SOURCE,
        RowFault.RECORD_IN_QUARANTINE,
    ]
