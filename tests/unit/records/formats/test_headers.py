import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.errors import InputRefused
from chiron.records.formats.header_lines import _FILE_NAME, _RECORD_LINE, _SEGMENT_LINE, _SIGNAL_LINE, _TIME_AND_DATE
from chiron.records.formats.headers import parse_header
from schemas.codes import QuarantineReason

# The first header of the CinC 2017 set, with its comment line made up.
GOOD = b"A00004 1 300 9000 11:05:48 1/05/2000\nA00004.mat 16+24 1000/mV 16 0 519 0 0 ECG\n#Age: 63\n"


def test_a_header_is_read_as_its_grammar_says():
    header = parse_header(GOOD)
    signal = header.signals[0]
    assert (header.fs_hz, header.n_samples, header.year, header.comments) == (300.0, 9000, 2000, ("Age: 63",))
    assert (signal.file_name, signal.format, signal.byte_offset) == ("A00004.mat", "16", 24)
    assert (signal.gain_per_unit, signal.baseline, signal.unit, signal.lead) == (1000.0, 0, "mV", "ECG")
    assert header.files[0].expected_bytes(9000) == 24 + 2 * 9000


def test_the_baseline_is_the_stated_one_else_the_zero_of_the_converter():
    """The header of record 100 of MIT-BIH, and the same with a baseline."""
    line = "100 2 360 650000\n100.dat 212 200{} 11 1024 995 -22131 0 MLII\n100.dat 212 200 11 1024 1011 20052 0 V5\n"
    assert parse_header(line.format("").encode()).signals[0].baseline == 1024
    assert parse_header(line.format("(-5)/mV").encode()).signals[0].baseline == -5


def test_a_packed_format_is_expected_to_fill_three_bytes_for_two_samples():
    assert parse_header(b"r 1 360 5\nr.dat 212 200").files[0].expected_bytes(5) == 8  # 7.5, rounded up


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("A00004.mat", "../A00004.mat", QuarantineReason.UNSAFE_PATH),
        ("A00004.mat", "/etc/passwd", QuarantineReason.UNSAFE_PATH),
        ("A00004.mat", "..", QuarantineReason.UNSAFE_PATH),
        ("A00004.mat", "~", QuarantineReason.UNSAFE_PATH),
        ("A00004.mat", "s3://bucket/x.mat", QuarantineReason.UNSAFE_PATH),
        ("A00004.mat", "x::y.mat", QuarantineReason.UNSAFE_PATH),
        ("1000/mV", "lots/mV", QuarantineReason.UNREADABLE_HEADER),
        ("9000", "9" * 5000, QuarantineReason.TOO_LARGE),
        (" 300 ", " fast ", QuarantineReason.UNREADABLE_HEADER),
        ("A00004 1 ", "A00004 2 ", QuarantineReason.UNREADABLE_HEADER),
        ("A00004 1 ", "A00004/3 1 ", QuarantineReason.UNSUPPORTED_FORMAT),
        ("16+24", "999", QuarantineReason.UNSUPPORTED_FORMAT),
        ("16+24", "16x0+24", QuarantineReason.IMPLAUSIBLE_HEADER),
        ("63", "63\nA00004.mat 16", QuarantineReason.UNREADABLE_HEADER),
    ],
)
def test_a_header_that_can_not_be_read_is_refused_with_its_reason(old, new, reason):
    with pytest.raises(InputRefused) as refused:
        parse_header(GOOD.decode().replace(old, new, 1 if old != "A00004.mat" else -1).encode())
    assert refused.value.reason is reason


@pytest.mark.parametrize("content", [b"", b"\n#only a comment\n", b"\xff\xfe\x00", b"\x00" * 100, b"<html>no</html>"])
def test_what_is_no_header_is_refused_as_unreadable(content):
    with pytest.raises(InputRefused) as refused:
        parse_header(content)
    assert refused.value.reason is QuarantineReason.UNREADABLE_HEADER


def test_a_header_of_many_megabytes_is_refused_unread():
    with pytest.raises(InputRefused) as refused:
        parse_header(b"#" * 2**21)
    assert refused.value.reason is QuarantineReason.TOO_LARGE


def test_a_line_that_no_header_has_is_refused_before_it_is_matched():
    with pytest.raises(InputRefused, match="found one of 32032") as refused:
        parse_header(GOOD.replace(b"9000", b"9" * 32_000))
    assert refused.value.reason is QuarantineReason.UNREADABLE_HEADER
    assert parse_header(GOOD + b"#" + b"x" * 32_000).n_samples == 9000  # a comment may be long


@pytest.mark.parametrize("old", [b" 300 ", b"9000", b"16+24", b"1000/mV", b" 519 "])
def test_a_long_run_of_digits_is_read_once(old):
    """A line with 2,000 digits and one letter at the end matches nothing; nested choices would try every split."""
    with pytest.raises(InputRefused):
        parse_header(GOOD.replace(old, b" " + b"9" * 2000 + b"z "))


def test_no_quantifier_of_a_pattern_can_give_back_what_it_took():
    """Of `+`, `*` and `?` only the possessive forms are there, so no input is tried in two ways."""
    for pattern in (_RECORD_LINE, _SIGNAL_LINE, _SEGMENT_LINE, _TIME_AND_DATE, _FILE_NAME):
        bare = re.sub(r"\\.|\[[^]]*\]|\(\?(?:P<\w+>|:)", "a", pattern.pattern)
        greedy = re.findall(r"[+*?](?!\+)", re.sub(r"([+*?]|\})\+", "", bare))
        assert greedy == []


def test_a_negative_gain_is_a_lead_upside_down_and_is_read():
    """The grammar allows it: https://physionet.org/physiotools/wag/header-5.htm"""
    assert parse_header(GOOD.replace(b"1000/mV", b"-1000/mV")).signals[0].gain_per_unit == -1000.0


def test_leads_may_have_several_samples_per_frame_and_the_fastest_gives_the_rate():
    """A header of the MIMIC database: https://physionet.org/physiotools/wag/header-5.htm, "multifrequency"."""
    header = parse_header(
        b"041s01 2 125 1000 8:26:04 26/10/1994\n041s01.dat 212x4 2000\n041s01.dat 212:3 20(-1600)/mmHg"
    )
    assert (header.fs_hz, header.n_samples) == (500.0, 4000)
    assert [(s.per_frame, s.skew) for s in header.signals] == [(4, 0), (1, 3)]
    assert header.files[0].expected_bytes(1000) == 1000 * 5 * 3 // 2


@pytest.mark.parametrize(
    ("when", "year"),
    [
        ("11:05:48 1/05/2000", 2000),
        ("8:26:04.529 26/10/1994", 1994),
        ("11:05:48", None),
        ("05-Feb-2020 11:39:16", None),  # CinC 2020: https://physionet.org/content/challenge-2020/
        ("0:0:0 0/0/0", None),
    ],
)
def test_a_year_is_that_of_a_date_as_the_grammar_has_it(when, year):
    assert parse_header(GOOD.replace(b"11:05:48 1/05/2000", when.encode())).year == year


@pytest.mark.parametrize(
    ("written", "unit"),
    [("mv", "mV"), ("mV", "mV"), ("uv", "uV"), ("\u00b5V", "uV"), ("\u03bcV", "uV"), ("mmHg", "mmHg"), ("Bpm", "Bpm")],
)
def test_units_of_voltage_are_known_in_any_case(written, unit):
    """An unknown one would be taken for mV, a thousand times too much."""
    assert parse_header(GOOD.replace(b"1000/mV", f"1000/{written}".encode())).signals[0].unit == unit


def test_a_length_may_be_left_out():
    assert parse_header(b"r 1 360\nr.dat 212 200").n_frames == 0
    assert parse_header(GOOD.replace(b"9000", b"0")).n_frames == 0


def test_signals_of_one_file_must_share_its_format():
    for signals in (b"r.dat 16 200\nr.dat 212 200\n", b"r.dat 16 200\nr.dat 16+2 200\n"):
        with pytest.raises(InputRefused) as refused:
            parse_header(b"r 2 100 10\n" + signals)
        assert refused.value.reason is QuarantineReason.UNSUPPORTED_FORMAT


def test_signals_of_one_file_must_follow_each_other():
    """The WFDB library would open the file twice, and take it for one signal each time."""
    with pytest.raises(InputRefused) as refused:
        parse_header(b"r 3 100 10\na.dat 16 200\nb.dat 16 200\na.dat 16 200\n")
    assert refused.value.reason is QuarantineReason.UNSUPPORTED_FORMAT


def test_no_message_repeats_what_the_header_says():
    for bad in (GOOD.replace(b"A00004.mat", b"../Mueller"), GOOD.replace(b"1000/mV", b"Mueller"), b"Mueller Anna 1950"):
        with pytest.raises(InputRefused) as refused:
            parse_header(bad)
        assert "Mueller" not in str(refused.value)


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: (GOOD.decode() + t).encode("utf-8", "ignore")))
def test_any_bytes_are_either_a_header_or_refused(content):
    with suppress(InputRefused):
        assert parse_header(content).n_samples >= 0
