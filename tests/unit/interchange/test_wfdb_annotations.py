import polars as pl
import pytest
import wfdb

from chiron.interchange.wfdb_annotations import annotation_bytes, annotations_of, has_place, suffixes
from chiron.records.readings.annotation_words import parse_annotations
from schemas.tables import EVENTS


def events_of(*rows):
    whole = [("r", "a", 1, code, lead, start, end) for code, lead, start, end in rows]
    return pl.DataFrame(whole, schema=EVENTS.polars, orient="row")


def test_wfdb_reads_the_beats_waves_and_rhythms_that_were_written(tmp_path):
    events = events_of(
        ("(AFIB", None, 0, 5_000_000),
        ("N", None, 3, 3),
        ("V", None, 1026, 1026),
        ("V", None, 1027 + 1023, 1027 + 1023),
        ("(N)", None, 4_000_000, 4_000_020),
        ("t", None, 4_900_000, 4_900_000),
    )
    (tmp_path / "r.atr").write_bytes(annotation_bytes(annotations_of(events)))
    read = wfdb.rdann(str(tmp_path / "r"), "atr")
    assert list(read.sample) == [0, 3, 1026, 2050, 4_000_000, 4_000_020, 4_900_000]
    assert read.symbol == ["+", "N", "V", "V", "(", ")", "t"]
    assert [note for note in read.aux_note if note] == ["(AFIB"]


def test_our_own_reader_reads_the_same():
    annotations = annotations_of(events_of(("(SVTA", None, 2, 9), ("N", None, 2, 2), ("A", None, 70_000, 70_000)))
    assert parse_annotations(annotation_bytes(annotations)) == annotations


@pytest.mark.parametrize(
    ("event", "placed"),
    [
        (("N", None, 5, 5), True),
        (("N", None, 5, 6), False),
        (("N", "V1", 5, 5), False),
        (("too-noisy", None, 5, 5), False),
        (('"', None, 5, 5), False),
        (("(AFIB", None, 0, 9), True),
        (("(NONSENSE", None, 0, 9), False),
    ],
)
def test_only_events_of_all_leads_and_known_codes_have_a_place(event, placed):
    assert has_place(*event) is placed
    assert bool(annotations_of(events_of(event))) is placed


def test_every_annotator_has_a_suffix_of_letters_that_no_other_file_has():
    names = suffixes(20_000)
    assert names[0] == "atr"
    assert len(set(names)) == len(names) == 26**3 - 3
    assert all(name.isalpha() for name in names)
    assert not {"hea", "dat", "csv"} & set(names)
    assert suffixes(0) == []
