from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import wfdb
from landed import landed
from read_labels import shipped

from chiron.errors import InputRefused
from chiron.records.formats import wfdb_files
from chiron.records.readings.own_labels import own_files, own_readings
from chiron.records.readings.parsed import OwnEvent, OwnReadings
from schemas.codes import Code, CodeSystem

from ..conftest import samples, write_record

REFERENCE = shipped("mitdb").own_labels[0]
N_SAMPLES = 300


@pytest.fixture
def read(tmp_path):
    """Read marks `(sample, symbol, text)` beside a record of 300 samples at 300 Hz."""
    write_record(tmp_path, "ok", samples(n_samples=N_SAMPLES))

    def run(*marks, content=None, fs=None):
        at, symbols, texts = zip(*marks, strict=True) if marks else ((), (), ())
        if content is None:
            wfdb.wrann(
                "ok", "atr", np.array(at), symbol=list(symbols), aux_note=list(texts), fs=fs, write_dir=str(tmp_path)
            )
        else:
            (tmp_path / "ok.atr").write_bytes(content)
        file, landing = landed(tmp_path / "ok.hea")
        recording = wfdb_files.describe(file, landing, None)
        assert [f.name for f in own_files(REFERENCE, recording, landing)] == ["ok.atr"]
        return own_readings(REFERENCE, recording, landing)

    return run


def test_beats_are_events_and_rhythms_last_until_the_next_or_the_end(read):
    own = read((0, "+", "(N"), (10, "N", ""), (90, "V", ""), (100, "+", "(AFIB"), (200, "+", "(N"))
    assert own.events == [
        OwnEvent("N", None, 10, 10),
        OwnEvent("V", None, 90, 90),
        OwnEvent("(N", None, 0, 100),
        OwnEvent("(AFIB", None, 100, 200),
        OwnEvent("(N", None, 200, N_SAMPLES),
    ]
    assert [(reading.code, reading.present) for reading in own.readings] == [("(AFIB", True), ("(N", True)]
    assert own.stated == {Code(CodeSystem.WFDB, "(N"): 1, Code(CodeSystem.WFDB, "(AFIB"): 1}


def test_what_is_beyond_the_recording_is_dropped_and_counted(read):
    own = read((299, "N", ""), (300, "N", ""), (5_000_000, "+", "(AFIB"))
    assert own.events == [OwnEvent("N", None, 299, 299)]
    assert (own.n_outside, own.readings) == (2, [])


def test_texts_that_are_no_rhythm_never_pass(read):
    own = read((5, '"', "Mr Nobody"), (10, "+", "(NOBODY"), (20, "N", "Nobody"))
    assert own.events == [OwnEvent("N", None, 20, 20)]
    assert (own.readings, own.n_unreadable, own.stated) == ([], 1, Counter())


def test_a_rhythm_without_a_known_name_ends_the_one_before(read):
    own = read((0, "+", "(N"), (100, "+", "(ODD"))
    assert own.events == [OwnEvent("(N", None, 0, 100)]


def test_times_at_another_rate_become_sample_numbers(read):
    own = read((100, "N", ""), (500, "N", ""), fs=600)
    assert [event.start_sample for event in own.events] == [50, 250]


def test_times_count_frames_where_a_lead_has_several_samples_in_each(read, tmp_path):
    """Where no resolution is stated, times are numbers of frames (WFDB Programmer's Guide, setiafreq): of 150 Hz."""
    (tmp_path / "ok.hea").write_text("ok 2 150 100\nok.dat 16x2 1000 16 0 0 0 0 I\nok.dat 16 1000 16 0 0 0 0 II\n")
    (tmp_path / "ok.dat").write_bytes(bytes(2 * 3 * 100))
    own = read((0, "+", "(N"), (70, "N", ""), (100, "N", ""))
    assert own.events == [OwnEvent("N", None, 140, 140), OwnEvent("(N", None, 0, 200)]
    assert own.n_outside == 1


def test_no_file_means_no_reading(tmp_path):
    write_record(tmp_path, "ok", samples())
    file, landing = landed(tmp_path / "ok.hea")
    recording = wfdb_files.describe(file, landing, None)
    assert own_files(REFERENCE, recording, landing) == ()
    assert own_readings(REFERENCE, recording, landing) == OwnReadings()


@pytest.mark.parametrize("content", [b"\x01", b"\x00" * (2**24 + 2)], ids=["odd", "too large"])
def test_a_file_that_is_none_is_refused(read, content):
    with pytest.raises(InputRefused, match="annotation file: expected"):
        read(content=content)


def test_a_link_is_not_followed(read, tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"")
    (tmp_path / "ok.atr").symlink_to(tmp_path / "elsewhere")
    file, landing = landed(tmp_path / "ok.hea")
    with pytest.raises(InputRefused, match="found a link"):
        own_readings(REFERENCE, wfdb_files.describe(file, landing, None), landing)


@pytest.mark.real
def test_rhythms_of_mitdb_last_as_long_as_the_wfdb_package_s_marks_are_apart(real_data):
    for path in sorted((real_data / "mitdb").glob("*.atr")):
        file, landing = landed(path.with_suffix(".hea"))
        recording = wfdb_files.describe(file, landing, None)
        theirs, lasting = wfdb.rdann(str(path.with_suffix("")), "atr"), Counter()
        changes = [
            (s, t.rstrip("\0"))
            for s, y, t in zip(theirs.sample, theirs.symbol, theirs.aux_note, strict=True)
            if y == "+"
        ]
        for (begin, rhythm), (end, _) in pairwise([*changes, (recording.n_samples, "")]):
            lasting[rhythm] += int(end - begin)
        ours = Counter()
        for event in own_readings(REFERENCE, recording, landing).events:
            ours[event.code] += event.end_sample - event.start_sample
        assert +ours == lasting


@pytest.mark.real
def test_the_versions_of_record_203_follow_each_other(real_data):
    """A rhythm was renamed, then a beat added and another one found to be an artefact: no step goes back."""
    file, landing = landed(real_data / "mitdb" / "203.hea")
    recording = wfdb_files.describe(file, landing, None)
    sources = sorted(shipped("mitdb").own_labels, key=lambda source: source.round)
    assert [source.suffix for source in sources] == ["at_", "at-", "atr"]
    rounds = [set(own_readings(source, recording, landing).events) for source in sources]
    assert [(len(old - new), len(new - old)) for old, new in pairwise(rounds)] == [(1, 1), (1, 2)]
