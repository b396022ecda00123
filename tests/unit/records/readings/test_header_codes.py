import re
from collections import Counter
from pathlib import Path

import pytest
import wfdb
from landed import landed
from read_labels import shipped

from chiron.records.formats import wfdb_files
from chiron.records.formats.recording import Recording
from chiron.records.readings import header_codes
from chiron.records.readings.own_labels import own_files, own_readings
from schemas.codes import AnnotatorKind, Code, CodeSystem
from schemas.source import HeaderCodes

from ..conftest import samples, write_record

AF, SINUS, RBBB = "164889003", "426783006", "59118001"
SOURCE = HeaderCodes(
    annotator_id="x", annotator_kind=AnnotatorKind.GROUP, code_system=CodeSystem.SNOMED_CT, vocabulary=(AF, SINUS)
)


def recording_with(folder: Path, *lines: str, name: str = "ok") -> tuple[Recording, object]:
    """A record whose header ends with these lines, as they are."""
    write_record(folder, name, samples())
    header = folder / f"{name}.hea"
    header.write_text(header.read_text() + "".join(f"{line}\n" for line in lines))
    file, landing = landed(header)
    return wfdb_files.describe(file, landing, None), landing


@pytest.fixture
def read(tmp_path):
    def run(*lines, source=SOURCE, name="ok"):
        recording, landing = recording_with(tmp_path, *lines, name=name)
        assert own_files(source, recording, landing) == ()
        return own_readings(source, recording, landing)

    return run


@pytest.mark.parametrize(
    "line",
    [
        f"#Dx: {AF},{RBBB}",
        f"# Dx: {AF},{RBBB}",
        f"#dx:{AF} , {RBBB}",
        f"#  DX :\t{AF};{RBBB}",
        f"##Dx: {AF} {RBBB}",
        f"#<Dx>: {AF},{RBBB},{AF},",
    ],
)
def test_a_key_is_found_in_any_case_and_spacing(read, line):
    own = read("# Age: 63", line)
    assert [reading.code for reading in own.readings] == [AF, RBBB]
    assert own.stated == {Code(CodeSystem.SNOMED_CT, AF): 1, Code(CodeSystem.SNOMED_CT, RBBB): 1}
    assert own.n_unreadable == 0


@pytest.mark.parametrize("line", ["# Rx: 164889003x", "# Dx: Unknown", "# Dx:", "# Dx", "# Hx: 63"])
def test_what_states_no_code_gives_no_reading(read, line):
    own = read(line)
    assert (own.readings, own.stated, own.n_unreadable) == ([], Counter(), 0)


@pytest.mark.parametrize("text", ["164889004", "Nobody", "1648890030000000000000000", "１６４８８９００３"])
def test_a_text_that_is_no_code_is_counted_and_dropped(read, text):
    own = read(f"# Dx: {text},{SINUS}")
    assert [reading.code for reading in own.readings] == [SINUS]
    assert own.n_unreadable == 1


def test_a_parser_that_misses_a_space_is_found_out(read, monkeypatch):
    """The count of what is stated knows nothing of the parser."""

    def look_for_the_very_text(comments, key):
        return [c for comment in comments if comment.startswith(f"#{key}:") for c in comment[4:].split(",")]

    monkeypatch.setattr(header_codes, "header_codes", look_for_the_very_text)
    own = read(f"# Dx: {AF}")
    assert own.readings == []
    assert own.stated == {Code(CodeSystem.SNOMED_CT, AF): 1}


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        (f"# Diagnosis: {AF}", True),
        ("# Patient: 404684003", False),
        ("# Idx 404684003", False),
        ("# dx 404684003", True),
    ],
)
def test_elsewhere_a_code_with_a_name_counts_and_a_number_that_looks_like_one_does_not(read, line, counts):
    own = read(line)
    assert own.readings == []
    assert bool(own.stated) is counts


def test_a_source_reads_only_its_own_records(read):
    source = SOURCE.model_copy(update={"records": r"JS\d{5}"})
    assert read(f"# Dx: {AF}", source=source, name="JS00001").readings
    other = read(f"# Dx: {AF}", source=source, name="A0001")
    assert (other.readings, other.stated) == ([], Counter())


def test_short_codes_of_another_system_count_near_their_key_only(read):
    source = SOURCE.model_copy(update={"code_system": CodeSystem.CODE_TEST, "vocabulary": ("AF", "ST")})
    own = read("# Note: ST J. Hospital", "# dx: AF", source=source)
    assert own.stated == {Code(CodeSystem.CODE_TEST, "AF"): 1}


@pytest.mark.parametrize(
    ("name", "database"),
    [
        ("A0001", "cpsc"),
        ("Q3581", "cpsc-extra"),
        ("I0075", "incart"),
        ("S0549", "ptb"),
        ("HR21837", "ptb-xl"),
        ("E10344", "georgia"),
        ("JS00001", "chapman-shaoxing"),
        ("JS10646", "chapman-shaoxing"),
        ("JS10647", "ningbo"),
        ("JS45551", "ningbo"),
        ("X1", "unknown"),
    ],
)
def test_a_record_of_cinc2021_was_read_by_one_database(name, database):
    """First and last names: https://physionet.org/content/challenge-2021, and torch_ecg for the border at JS10646."""
    readers = [s.annotator_id for s in shipped("cinc2021").own_labels if re.fullmatch(s.records, name)]
    assert readers == [database]


@pytest.mark.real
def test_no_code_of_the_real_headers_is_missed(real_data):
    folder = real_data / "cinc2021"
    _, landing = landed(next(folder.glob("*.hea")))
    for file in (f for f in landing.files.values() if f.name.endswith(".hea")):
        recording = wfdb_files.describe(file, landing, None)
        comments = wfdb.rdheader(str(file.path.with_suffix(""))).comments
        expected = next(c for c in comments if c.startswith("Dx")).removeprefix("Dx:").strip().split(",")
        own = [own_readings(source, recording, landing) for source in shipped("cinc2021").own_labels]
        assert sorted(r.code for o in own for r in o.readings) == sorted(expected)
        assert sorted(code.code for o in own for code in o.stated) == sorted(expected)
