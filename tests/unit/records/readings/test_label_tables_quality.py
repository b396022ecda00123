import csv
from collections import Counter

import pytest
from landed import landed
from read_labels import profile_with, read_labels, shipped

from chiron.errors import InputRefused
from chiron.records.readings.label_tables import read_table
from chiron.records.readings.parsed import RecordNames, RowFault
from schemas.codes import NOISE

CINC2011 = shipped("cinc2011")
TWO_LEADS = CINC2011.tables[0].model_copy(update={"pattern": ".*", "leads": ("I", "II")})


@pytest.fixture
def read(tmp_path):
    def run(content, records="abc"):
        return read_labels(tmp_path / "quality.csv", content, profile_with(TWO_LEADS), records)

    return run


def test_an_unacceptable_recording_is_too_noisy_and_its_poor_leads_are_events_over_its_length(read):
    parsed = read("record,group,I,II\na,unacceptable,0,1\nb,acceptable,1,0\nc,acceptable,0,0\n")
    assert sorted(parsed.annotations.select("record", "code_system", "code", "present").rows()) == [
        ("a", *NOISE, True),
        ("b", *NOISE, False),
        ("c", *NOISE, False),
    ]
    assert sorted(parsed.events.select("record", "code", "lead", "start_sample", "end_sample").rows()) == [
        ("a", "too-noisy", "II", 0, 5000),
        ("b", "too-noisy", "I", 0, 5000),
    ]
    assert parsed.stated == {NOISE: 1}


def test_what_is_neither_acceptable_nor_not_is_no_reading(read):
    """Some recordings of the challenge are undecided."""
    parsed = read("record,group,I,II\na,indeterminate,0,1\nb,unacceptable,2,0\nx,unacceptable,0,0\nunacceptable\n")
    assert (parsed.annotations.height, parsed.events.height) == (0, 0)
    assert parsed.faults == {
        RowFault.UNKNOWN_CODE: 1,
        RowFault.UNREADABLE_ROW: 2,
        RowFault.RECORD_NOT_IN_SOURCE: 1,
    }
    assert sum(parsed.stated.values()) == sum(parsed.lost.values()) == 2


def test_a_table_without_a_lead_is_refused_with_its_name(read):
    with pytest.raises(InputRefused, match="expected a column 'II', found none"):
        read("record,group,I\na,acceptable,0\n")


@pytest.mark.real
def test_the_real_table_gives_its_groups_and_ones(real_data):
    path = real_data / "cinc2011" / "lead_quality.csv"
    rows = list(csv.DictReader(path.read_text().splitlines()))
    names = RecordNames([row["record"] for row in rows], [])
    parsed = read_table(CINC2011.tables[0], landed(path)[0], CINC2011, names)
    poor = parsed.annotations.filter("present")["record"].to_list()
    assert sorted(poor) == sorted(row["record"] for row in rows if row["group"] == "unacceptable")
    leads = Counter((row["record"], lead) for row in rows for lead in list(row)[2:] if row[lead] == "1")
    assert Counter(parsed.events.select("record", "lead").rows()) == leads
