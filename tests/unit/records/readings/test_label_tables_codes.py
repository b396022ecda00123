import csv
from collections import Counter

import polars as pl
import pytest
from landed import landed
from read_labels import profile_with, read_labels, shipped

from chiron.errors import InputRefused
from chiron.records.readings.label_tables import read_table
from chiron.records.readings.parsed import RecordNames, RowFault
from schemas.codes import AnnotatorKind, Code, CodeSystem
from schemas.source import RecordCodeTable

CINC2017 = shipped("cinc2017")
NORMAL, AF, OTHER, NOISY = (Code(CodeSystem.CINC2017, code) for code in "NAO~")


@pytest.fixture
def read(tmp_path):
    def run(content, records=("a", "b"), quarantined=(), name="REFERENCE-original.csv"):
        return read_labels(tmp_path / name, content, CINC2017, records, quarantined)

    return run


def given(parsed):
    return sorted(parsed.annotations.filter("present").select("record", "code").rows())


def test_a_reading_says_of_every_code_whether_it_is_there(read):
    rows = read("a,A\nb,N\n").annotations.sort("record", "code").drop("likelihood").rows()
    assert rows == [
        (record, "cinc2017-panel", "group", 1, "CINC2017", code, code == found)
        for record, found in (("a", "A"), ("b", "N"))
        for code in ("A", "N", "O", "~")
    ]


def test_rows_at_fault_are_counted_kept_and_told_from_what_was_stated(read):
    parsed = read("a,A\nb,N\nb,O\nghost,A\na,X\na\n\n,A\nc,~\n", quarantined=["c"])
    assert given(parsed) == [("a", "A")]
    assert parsed.faults == {
        RowFault.RECORD_NOT_IN_SOURCE: 1,
        RowFault.SEVERAL_CODES: 2,
        RowFault.UNKNOWN_CODE: 1,
        RowFault.UNREADABLE_ROW: 2,
        RowFault.RECORD_IN_QUARANTINE: 1,
    }
    assert parsed.stated == {AF: 3, NORMAL: 1, OTHER: 1, NOISY: 1}
    assert parsed.lost == {
        (RowFault.RECORD_NOT_IN_SOURCE, AF): 1,
        (RowFault.SEVERAL_CODES, NORMAL): 1,
        (RowFault.SEVERAL_CODES, OTHER): 1,
        (RowFault.UNREADABLE_ROW, AF): 1,
        (RowFault.RECORD_IN_QUARANTINE, NOISY): 1,
    }
    assert {(refusal.message.rsplit(maxsplit=1)[-1], refusal.text) for refusal in parsed.refusals} == {
        ("record_not_in_source", "ghost,A\n"),
        ("several_codes", "b,N\nb,O\n"),
        ("unknown_code", "a,X\n"),
        ("unreadable_row", ",A\n"),
        ("unreadable_row", "a\n"),
    }
    assert not any("ghost" in refusal.message for refusal in parsed.refusals)


def test_a_row_that_is_there_twice_counts_once_and_is_no_fault_of_the_record(read):
    parsed = read("a,A\na,A\nb,N\n")
    assert given(parsed) == [("a", "A"), ("b", "N")]
    assert parsed.lost == {(RowFault.STATED_TWICE, AF): 1}
    assert parsed.refusals == []


@pytest.mark.parametrize(
    "content",
    [
        "a,A\r\nb,N\r\n",
        "a,A\rb,N\r",
        '"a","A"\n"b",N\n',
        " a , A\nb,N",
        "\ufeffa,A\n\nb,N\n",
        "record,code\na,A\nb,N",
    ],
)
def test_however_a_table_is_written_it_says_the_same(read, content):
    parsed = read(content)
    assert given(parsed) == [("a", "A"), ("b", "N")]
    assert parsed.stated == {AF: 1, NORMAL: 1}
    assert parsed.faults == {}


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00o", b"a,\xff\n", b'a,"A\n', b"a,A\0\n", b"a," + b"A" * 200_000 + b"\n", b"," * (2**20 + 1)],
    ids=["utf-16", "other bytes", "open quote", "zero byte", "huge cell", "endless line"],
)
def test_what_is_no_table_is_refused_whole(read, content):
    with pytest.raises(InputRefused, match="label file: expected") as refused:
        read(content)
    assert "A" * 5 not in refused.value.message


def test_an_empty_table_says_nothing(read):
    parsed = read("")
    assert (parsed.annotations.height, parsed.stated, parsed.faults) == (0, Counter(), Counter())


@pytest.mark.parametrize(("number", "expected"), [("1", 1), ("02", 2), ("117", 117)])
def test_the_round_stands_in_the_file_s_name(tmp_path, number, expected):
    table = RecordCodeTable(
        pattern=r"round-(?P<round>\d+)\.csv",
        annotator_id="r",
        annotator_kind=AnnotatorKind.PERSON,
        round=9,
        code_system=CodeSystem.CINC2017,
        vocabulary=("N", "A"),
    )
    parsed = read_labels(tmp_path / f"round-{number}.csv", "a,A\n", profile_with(table), ["a"])
    assert parsed.annotations["round"].unique().to_list() == [expected]


@pytest.mark.parametrize("number", ["0", "10000", "9" * 200, "٣"])
def test_a_round_that_is_none_is_refused(tmp_path, number):
    table = CINC2017.tables[0].model_copy(update={"pattern": r"round-(?P<round>\d+)\.csv"})
    with pytest.raises(InputRefused, match="expected a round from 1 to 9999"):
        read_labels(tmp_path / f"round-{number}.csv", "a,A\n", profile_with(table), ["a"])


def test_a_code_outside_the_vocabulary_is_kept_and_never_absent(tmp_path):
    table = RecordCodeTable(
        pattern=".*",
        annotator_id="r",
        annotator_kind=AnnotatorKind.PERSON,
        code_system=CodeSystem.SNOMED_CT,
        vocabulary=("164889003", "426783006"),
        one_code_per_reading=False,
    )
    parsed = read_labels(
        tmp_path / "x.csv", "a,164889003\na,59118001\nb,426783006\nb,12345\n", profile_with(table), ["a", "b"]
    )
    assert parsed.unknown_codes == {Code(CodeSystem.SNOMED_CT, "59118001"): 1}
    assert parsed.faults == {RowFault.UNKNOWN_CODE: 1}
    assert sorted(parsed.annotations.select("record", "code", "present").rows()) == [
        ("a", "164889003", True),
        ("a", "426783006", False),
        ("a", "59118001", True),
        ("b", "164889003", False),
        ("b", "426783006", True),
    ]


@pytest.mark.real
@pytest.mark.parametrize("position", range(3))
def test_the_revisions_of_cinc2017_give_what_their_rows_say(real_data, position):
    source = CINC2017.tables[position]
    path = real_data / "cinc2017" / source.pattern.replace("\\", "")
    rows = list(csv.reader(path.read_text().splitlines()))
    parsed = read_table(source, landed(path)[0], CINC2017, RecordNames([name for name, _ in rows], []))
    assert given(parsed) == sorted((name, code) for name, code in rows)
    assert parsed.annotations["round"].unique().to_list() == [position + 1]
    assert parsed.stated == Counter(Code(CodeSystem.CINC2017, code) for _, code in rows)


def test_a_hundred_thousand_rows_take_a_moment_and_none_is_lost(read):
    names = [f"r{i:06d}" for i in range(100_000)]
    parsed = read("".join(f"{name},{'NAO~'[i % 4]}\n" for i, name in enumerate(names)), records=names)
    counts = parsed.annotations.group_by("code", "present").len()
    assert sorted(counts.filter("present")["len"].to_list()) == [25_000] * 4
    assert counts.filter(~pl.col("present"))["len"].to_list() == [75_000] * 4
