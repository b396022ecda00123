import pytest
from read_labels import profile_with, read_labels

from chiron.errors import InputRefused
from chiron.records.readings.parsed import RowFault
from schemas.codes import ATRIAL_FIBRILLATION, NOISE
from schemas.source import EventsTable, ReadingsTable, WfdbAnnotations

READINGS = "record,annotator_id,annotator_kind,round,code_system,code,present,likelihood\n"
EVENTS = "record,annotator_id,round,code,lead,start_sample,end_sample\n"
AF = ATRIAL_FIBRILLATION.code


@pytest.fixture
def read(tmp_path):
    def run(content, *, codes=(), records="ab", quarantined=()):
        profile = profile_with(ReadingsTable(pattern=".*", codes=codes))
        return read_labels(tmp_path / "t.csv", READINGS + content, profile, records, quarantined)

    return run


@pytest.fixture
def read_events(tmp_path):
    def run(content, records="ab"):
        profile = profile_with(EventsTable(pattern=".*", codes=("N", "(AFIB"), leads=("II",)))
        return read_labels(tmp_path / "t.csv", EVENTS + content, profile, records)

    return run


def test_every_row_is_a_reading_with_its_reader_round_and_likelihood(read):
    parsed = read(f'a,"x, y",person,2,SNOMED-CT,{AF},1,0.25\na,z,group,1,CHIRON,too-noisy,0,\n')
    assert parsed.annotations.rows() == [
        ("a", "x, y", "person", 2, "SNOMED-CT", AF, True, 0.25),
        ("a", "z", "group", 1, "CHIRON", "too-noisy", False, None),
    ]
    assert parsed.stated == {ATRIAL_FIBRILLATION: 1}


def test_a_reading_of_a_record_without_a_recording_makes_it_a_record(read):
    parsed = read(f"elsewhere,z,group,1,SNOMED-CT,{AF},1,\n")
    assert parsed.records["record"].to_list() == parsed.annotations["record"].to_list() == ["elsewhere"]


@pytest.mark.parametrize(
    "row",
    [
        f",z,group,1,SNOMED-CT,{AF},1,",
        f"a,,group,1,SNOMED-CT,{AF},1,",
        f"a,z,crowd,1,SNOMED-CT,{AF},1,",
        f"a,z,group,0,SNOMED-CT,{AF},1,",
        f"a,z,group,1,ICD,{AF},1,",
        f"a,z,group,1,SNOMED-CT,{AF},yes,",
        f"a,z,group,1,SNOMED-CT,{AF},1,1.5",
        f"a,z,group,1,SNOMED-CT,{AF},1,nan",
        f"a,z,group,1,SNOMED-CT,{AF},1",
    ],
)
def test_a_row_that_can_not_be_read_is_refused_with_what_it_found(read, row):
    parsed = read(f"{row}\nb,z,group,1,CHIRON,too-noisy,1,\n")
    assert parsed.annotations["record"].to_list() == ["b"]
    assert parsed.faults == {RowFault.UNREADABLE_ROW: 1}
    assert sum(parsed.stated.values()) == 1 + sum(parsed.lost.values())


def test_a_code_must_be_known_to_its_system_or_named_by_the_profile(read):
    row = "a,z,group,1,CHIRON,of-our-own,1,\n"
    assert read(row).faults == {RowFault.UNKNOWN_CODE: 1}
    assert read(row, codes=("of-our-own",)).annotations["code"].to_list() == ["of-our-own"]


def test_a_reading_that_is_there_twice_is_one_and_one_that_contradicts_itself_is_none(read):
    same = f"a,z,group,1,SNOMED-CT,{AF},1,\n"
    parsed = read(2 * same + "b,z,group,1,CHIRON,too-noisy,1,\nb,z,group,1,CHIRON,too-noisy,0,\n")
    assert parsed.annotations["record"].to_list() == ["a"]
    assert parsed.faults == {RowFault.STATED_TWICE: 1, RowFault.SEVERAL_CODES: 2}
    assert parsed.stated == {ATRIAL_FIBRILLATION: 2, NOISE: 1}
    assert parsed.lost == {
        (RowFault.STATED_TWICE, ATRIAL_FIBRILLATION): 1,
        (RowFault.SEVERAL_CODES, NOISE): 1,
    }


def test_a_reading_of_a_record_in_quarantine_waits_with_it(read):
    parsed = read(f"c,z,group,1,SNOMED-CT,{AF},1,\n", quarantined="c")
    assert (parsed.faults, parsed.annotations.height) == ({RowFault.RECORD_IN_QUARANTINE: 1}, 0)


def test_every_row_is_an_event_and_an_empty_lead_means_all(read_events):
    parsed = read_events("a,x,1,N,,5,5\nb,x,2,(AFIB,II,0,100\nb,x,2,(AFIB,II,0,100\n")
    assert parsed.events.rows() == [("a", "x", 1, "N", None, 5, 5), ("b", "x", 2, "(AFIB", "II", 0, 100)]
    assert parsed.faults == {RowFault.STATED_TWICE: 1}


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("a,x,1,N,,6,5", RowFault.UNREADABLE_ROW),
        ("a,x,1,N,,-1,5", RowFault.UNREADABLE_ROW),
        ("a,x,1,N,,5,9999999999999", RowFault.UNREADABLE_ROW),
        ("a,x,1,N,a story about the patient,5,5", RowFault.UNREADABLE_ROW),
        ("a,x,1,a story about the patient,,5,5", RowFault.UNKNOWN_CODE),
        ("elsewhere,x,1,N,,5,5", RowFault.RECORD_NOT_IN_SOURCE),
    ],
)
def test_an_event_that_can_not_be_is_refused(read_events, row, fault):
    parsed = read_events(f"{row}\nb,x,1,N,,1,1\n")
    assert parsed.events["record"].to_list() == ["b"]
    assert parsed.faults == {fault: 1}


def test_a_table_without_a_column_is_refused_with_its_name(tmp_path):
    profile = profile_with(ReadingsTable(pattern=".*"))
    with pytest.raises(InputRefused, match="expected a column 'likelihood'"):
        read_labels(tmp_path / "t.csv", READINGS.replace(",likelihood", "") + "a\n", profile, "a")


def test_rows_that_name_their_readers_and_labels_in_records_exclude_each_other():
    own = WfdbAnnotations(suffix="atr", annotator_id="x", annotator_kind="person", code_system="WFDB")
    with pytest.raises(ValueError, match="expected tables whose rows name them, or labels in records"):
        profile_with(ReadingsTable(pattern=".*"), own_labels=(own,))
