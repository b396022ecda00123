import csv

import pytest
from landed import landed
from read_labels import profile_with, read_labels, shipped

from chiron.errors import InputRefused
from chiron.records.readings.label_tables import read_table
from chiron.records.readings.parsed import RecordNames, RowFault
from schemas.codes import Code, CodeSystem

CODE_TEST = shipped("code-test")
BY_POSITION = CODE_TEST.tables[0].model_copy(update={"pattern": ".*", "vocabulary": ("AF", "SB")})
BY_NAME = BY_POSITION.model_copy(update={"record_column": "ecg"})
AF, SB = Code(CodeSystem.CODE_TEST, "AF"), Code(CodeSystem.CODE_TEST, "SB")


@pytest.fixture
def read(tmp_path):
    def run(content, table=BY_POSITION, records=(), quarantined=()):
        return read_labels(tmp_path / "reader.csv", content, profile_with(table), records, quarantined)

    return run


def rows_of(parsed):
    return sorted(parsed.annotations.select("record", "code", "present").rows())


def test_rows_are_records_by_their_position_which_only_the_table_knows(read):
    parsed = read("AF,SB\n1,0\n0,0\n")
    assert rows_of(parsed) == [
        ("00000", "AF", True),
        ("00000", "SB", False),
        ("00001", "AF", False),
        ("00001", "SB", False),
    ]
    assert sorted(parsed.records["record"]) == ["00000", "00001"]
    assert parsed.stated == {AF: 1}


def test_a_column_may_name_the_record_which_must_be_there(read):
    parsed = read("ecg,AF,SB\na,1,0\nghost,0,1\n", BY_NAME, records=["x/a"])
    assert rows_of(parsed) == [("x/a", "AF", True), ("x/a", "SB", False)]
    assert parsed.records.height == 0
    assert parsed.lost == {(RowFault.RECORD_NOT_IN_SOURCE, SB): 1}


def test_an_empty_cell_is_a_code_that_was_not_read(read):
    assert rows_of(read("AF,SB\n1,\n")) == [("00000", "AF", True)]


@pytest.mark.parametrize("heading", ["AF,SB", " AF , SB ", '"AF","SB"', "\ufeffAF,SB"])
@pytest.mark.parametrize("cells", ["1,0", "1.0,0.0", "True,false", " 1 , 0 "])
def test_however_a_table_is_written_it_says_the_same(read, heading, cells):
    parsed = read(f"{heading}\n{cells}\n")
    assert rows_of(parsed) == [("00000", "AF", True), ("00000", "SB", False)]
    assert parsed.stated == {AF: 1}


def test_a_bad_row_is_left_out_and_those_after_it_keep_their_numbers(read):
    parsed = read("AF,SB\n1,maybe\n1,0,1\n0,1\n")
    assert rows_of(parsed) == [("00002", "AF", False), ("00002", "SB", True)]
    assert parsed.faults == {RowFault.UNREADABLE_ROW: 2}
    assert parsed.stated == {AF: 2, SB: 1}
    assert parsed.lost == {(RowFault.UNREADABLE_ROW, AF): 2}


def test_a_record_that_is_read_twice_in_different_words_is_not_read(read):
    parsed = read("ecg,AF,SB\na,1,0\na,0,0\nb,1,1\nb,1,1\n", BY_NAME, records="ab")
    assert rows_of(parsed) == [("b", "AF", True), ("b", "SB", True)]
    assert parsed.faults == {RowFault.SEVERAL_CODES: 2, RowFault.STATED_TWICE: 1}


@pytest.mark.parametrize(
    ("content", "missing"), [("AF\n1\n", "'SB'"), ("", "'AF', 'SB'"), ("af,sb\n0,0\n", "'AF', 'SB'")]
)
def test_a_table_with_missing_columns_is_refused_with_their_names(read, content, missing):
    with pytest.raises(InputRefused, match=f"expected a column {missing}, found none of that name"):
        read(content)


def test_other_columns_are_ignored_whatever_they_are_called(read):
    parsed = read("row,record,fault,said,AF,SB\n1,x,y,z,1,0\n")
    assert rows_of(parsed) == [("00000", "AF", True), ("00000", "SB", False)]


@pytest.mark.real
@pytest.mark.parametrize("table", CODE_TEST.tables[:-1], ids=lambda table: table.annotator_id)
def test_every_reader_of_code_test_gives_the_sums_of_the_columns(real_data, table):
    path = real_data / "code_test" / "annotations" / table.pattern.replace("\\", "")
    rows = list(csv.DictReader(path.read_text().splitlines()))
    parsed = read_table(table, landed(path)[0], CODE_TEST, RecordNames([], []))
    found = dict(parsed.annotations.filter("present").group_by("code").len().iter_rows())
    assert found == {code: sum(row[code] == "1" for row in rows) for code in table.vocabulary}
    assert {code.code: n for code, n in parsed.stated.items()} == found
    assert parsed.annotations.height == 827 * 6
    if table.annotator_id == "gold-standard":  # Ribeiro et al. 2020, table 1: prevalence in the test set
        assert found == {"1dAVb": 28, "RBBB": 34, "LBBB": 30, "SB": 16, "AF": 13, "ST": 37}
