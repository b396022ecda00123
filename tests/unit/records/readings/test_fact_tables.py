import pytest
from read_labels import profile_with, read_labels

from chiron.records.readings.parsed import RowFault
from schemas.source import FactColumn, FactKind, RankTable, RecordTable

RANKS = RankTable(pattern=".*", fact="twa_rank")
PEOPLE = RecordTable(pattern=".*", age_years="age", sex="sex")


@pytest.fixture
def read(tmp_path):
    def run(content, table, records=(), quarantined=(), **others):
        return read_labels(tmp_path / "table", content, profile_with(table, **others), records, quarantined)

    return run


def test_a_rank_is_a_fact_of_a_record_that_may_have_no_recording(read):
    parsed = read("# file: ranks\n#\ntwa00\t1\n twa02  100 \n", RANKS, records=["x/twa00"])
    assert sorted(parsed.facts.select("record", "fact", "number").rows()) == [
        ("twa02", "twa_rank", 100.0),
        ("x/twa00", "twa_rank", 1.0),
    ]
    assert sorted(parsed.records["record"]) == ["twa02", "x/twa00"]


def test_lines_that_are_no_ranks_are_refused_alone(read):
    parsed = read("a 1\nb\nc 2 3\nd x\ne 0\nf 5\nf 5\ng 1\ng 2\nq 9\n", RANKS, quarantined=["q"])
    assert sorted(parsed.facts["record"]) == ["a", "f"]
    assert parsed.faults == {
        RowFault.UNREADABLE_ROW: 4,
        RowFault.STATED_TWICE: 1,
        RowFault.SEVERAL_CODES: 2,
        RowFault.RECORD_IN_QUARANTINE: 1,
    }


def test_circumstances_come_by_position_or_by_name(read):
    by_position = read("age,sex\n34,M\n91,F\n,x\n", PEOPLE)
    columns = ("record", "age_years", "sex")
    assert by_position.records.select(*columns).rows() == [
        ("00000", 34.0, "M"),
        ("00001", 90.0, "F"),
        ("00002", None, None),
    ]
    assert by_position.unreadable_values == {"sex": 1}
    named = PEOPLE.model_copy(update={"record_column": "id", "male": "0", "female": "1"})
    by_name = read("id,age,sex\na,34,0\nb,35,1\n,36,1\n", named, records=["x/a"])
    assert by_name.faults == {RowFault.UNREADABLE_ROW: 1}
    assert by_name.records.select(*columns).rows() == [("x/a", 34.0, "M"), ("b", 35.0, "F")]


def test_a_year_is_told_only_where_dates_are_real(read):
    table = PEOPLE.model_copy(update={"recorded_year": "date"})
    content = "age,sex,date\n1,M,2019-02-03\n1,M,yesterday\n"
    real = read(content, table)
    assert real.records["recorded_year"].to_list() == [2019, None]
    assert real.unreadable_values == {"recorded_year": 1}
    assert read(content, table, dates_are_real=False).records["recorded_year"].to_list() == [None, None]


def test_a_year_may_stand_alone_and_what_decides_a_split_is_below_1000(read):
    table = RecordTable(pattern=".*", recorded_year="year", split_bucket="bucket")
    parsed = read("year,bucket\n1999,0\n2001-02-03,999\n20010203,1000\n99,-1\n,\n", table)
    assert parsed.records["recorded_year"].to_list() == [1999, 2001, None, None, None]
    assert parsed.records["split_bucket"].to_list() == [0, 999, None, None, None]
    assert parsed.unreadable_values == {"recorded_year": 2, "split_bucket": 2}


def test_facts_of_the_profile_are_read_where_the_table_has_them(read):
    facts = (
        FactColumn(column="ward", name="ward", kind=FactKind.NAME),
        FactColumn(column="x", name="x", kind=FactKind.FLAG),
    )
    parsed = read("age,sex,ward\n1,M,West  wing\n2,F,\n", PEOPLE, facts=facts)
    assert parsed.facts.rows() == [("00000", "ward", None, "West wing")]
