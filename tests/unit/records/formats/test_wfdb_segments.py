"""Records in several segments, against the wfdb package, and by hand where that can't read them.

What is legal: https://physionet.org/physiotools/wpg/wpg_39.htm
"""

import time
from pathlib import Path

import numpy as np
import pytest
import wfdb
from landed import landed

from chiron.errors import InputRefused
from chiron.records.formats.recording import Recording
from chiron.records.formats.wfdb_files import describe, segment_headers
from schemas.codes import QuarantineReason

MISSING = -(2**15)


def write(folder: Path, **headers: str) -> Path:
    """Headers by name; the files that they name get the samples 1, 2, 3 ... of format 16. Returns that of `m`."""
    for name, text in headers.items():
        (folder / f"{name}.hea").write_text(text)
        (folder / f"{name}.dat").write_bytes(np.arange(1, 101, dtype="<i2").tobytes())
    return folder / "m.hea"


def plain(name: str, n_frames: int, *signals: str) -> str:
    return "\n".join([f"{name} {len(signals)} 100 {n_frames}", *(f"{name}.dat {signal}" for signal in signals)])


def described(header: Path) -> Recording:
    return describe(*landed(header))


def refused(header: Path) -> QuarantineReason:
    with pytest.raises(InputRefused) as caught:
        described(header)
    return caught.value.reason


FIXED = {
    "m": "m/3 2 100 7 10:44:18 04/05/2704\na 2\nb 3\na 2\n# Age: 62 Sex: M",
    "a": plain("a", 2, "16 200/mV 12 0 0 0 0 I", "16 100/mV 12 0 0 0 0 II"),
    "b": plain("b", 3, "16 200/mV 12 0 0 0 0 I", "16 100/mV 12 0 0 0 0 II"),
}
VARIABLE = {
    "m": "m/4 3 100 8\nm_layout 0\na 2\n~ 3\nb 3",
    "m_layout": "m_layout 3 100 0 10:44:18\n~ 0 200/mV 12 0 0 0 0 I\n~ 0 0/mV 12 0 0 0 0 II\n~ 0 100/mV 12 0 0 0 0 V",
    "a": plain("a", 2, "16 200/mV 12 0 0 0 0 I", "16 50/mV 12 0 0 0 0 II"),
    "b": plain("b", 3, "16 50/mV 12 0 0 0 0 II"),
}


def test_segments_of_a_fixed_layout_follow_each_other(tmp_path):
    recording = described(write(tmp_path, **FIXED))
    assert recording.read().tolist() == [[1, 3, 1, 3, 5, 1, 3], [2, 4, 2, 4, 6, 2, 4]]
    assert (recording.n_samples, recording.year, recording.clinical.numbers["age_years"]) == (7, 2704, 62.0)
    assert [f.name for f in recording.files] == ["m.hea", "a.hea", "a.dat", "b.hea", "b.dat"]
    theirs = wfdb.rdrecord(str(tmp_path / "m"), physical=False).d_signal
    np.testing.assert_array_equal(recording.read(), theirs.T)


def test_what_a_segment_lacks_and_what_lies_in_a_gap_is_missing(tmp_path):
    recording = described(write(tmp_path, **VARIABLE))
    m = MISSING
    assert recording.read().tolist() == [[1, 3] + [m] * 6, [2, 4, m, m, m, 1, 2, 3], [m] * 8]
    assert [lead.gain_per_unit for lead in recording.leads] == [200.0, 50.0, 100.0]
    theirs = wfdb.rdrecord(str(tmp_path / "m")).p_signal
    np.testing.assert_allclose(recording.read_mv(), theirs.T)


def test_a_lead_whose_scale_changes_keeps_its_physical_values(tmp_path):
    """In the finest scale of its segments; a variable layout allows changes."""
    headers = VARIABLE | {"b": plain("b", 3, "16 800(16)/mV 12 0 0 0 0 II")}
    recording = described(write(tmp_path, **headers))
    assert recording.read().dtype == np.int32
    assert recording.leads[1].gain_per_unit == 800.0
    theirs = wfdb.rdrecord(str(tmp_path / "m")).p_signal
    np.testing.assert_allclose(recording.read_mv(), theirs.T, rtol=1e-6)


def test_leads_of_several_rates_and_wider_samples_fit_together(tmp_path):
    """Three frames with two samples of one lead and one of the other; by hand, for wfdb smooths them."""
    two = ("16x2 200/mV 12 0 0 0 0 I", "16 100/mV 12 0 0 0 0 II")
    headers = {
        "m": "m/3 2 100 3\nm_layout 0\na 2\nb 1",
        "m_layout": "m_layout 2 100\n~ 0x2 200/mV 12 0 0 0 0 I\n~ 0 100/mV 12 0 0 0 0 II",
        "a": plain("a", 2, *two),
        "b": plain("b", 1, "32 100/mV 12 0 0 0 0 II"),
    }
    recording = described(write(tmp_path, **headers))
    m = -(2**31)
    assert recording.fs_hz == 200.0
    assert recording.read().tolist() == [[1, 2, 4, 5, m, m], [3, 3, 6, 6, *[1 + 2 * 2**16] * 2]]


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("m", "a 2\n", "m 2\n", QuarantineReason.UNSUPPORTED_FORMAT),  # itself
        ("m", "a 2\n", "../a 2\n", QuarantineReason.UNREADABLE_HEADER),
        ("m", "a 2\n", "c 2\n", QuarantineReason.MISSING_HEADER),
        ("m", "b 3\n", "b 4\n", QuarantineReason.UNREADABLE_HEADER),  # the sum is another
        ("m", "100 7", "50 7", QuarantineReason.UNREADABLE_HEADER),  # the rate is another
        ("m", "m/3 2 100 7", "m/3 3 100 7", QuarantineReason.UNREADABLE_HEADER),
        ("m", "m/3 ", "m/4 ", QuarantineReason.UNREADABLE_HEADER),
        ("m", "m/3 ", "m/0 ", QuarantineReason.IMPLAUSIBLE_HEADER),
        ("m", "m/3 ", "m/100000000000 ", QuarantineReason.IMPLAUSIBLE_HEADER),
        ("m", "100 7", "100 200000007", QuarantineReason.UNREADABLE_HEADER),
        ("b", "b 2 100 3", "b 2 100 4", QuarantineReason.UNREADABLE_HEADER),
        ("b", "b 2 100 3", "b 2 100", QuarantineReason.UNREADABLE_HEADER),
        ("b", "b 2 100 3", "b/2 2 100 3", QuarantineReason.UNSUPPORTED_FORMAT),
        ("b", "200/mV", "201/mV", QuarantineReason.UNSUPPORTED_FORMAT),  # not in a fixed layout
        ("b", "0 II", "0 III", QuarantineReason.UNSUPPORTED_FORMAT),
        ("b", FIXED["b"], plain("b", 3, "16 200/mV 12 0 0 0 0 I"), QuarantineReason.UNSUPPORTED_FORMAT),
        ("b", "b.dat", "../b.dat", QuarantineReason.UNSAFE_PATH),
        ("b", "b.dat", "gone.dat", QuarantineReason.MISSING_SIGNAL_FILE),
    ],
)
def test_segments_that_do_not_fit_together_are_refused(tmp_path, name, old, new, reason):
    assert old in FIXED[name]
    assert refused(write(tmp_path, **FIXED | {name: FIXED[name].replace(old, new)})) is reason


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("b", "0 II", "0 aVR", QuarantineReason.UNSUPPORTED_FORMAT),  # not in the layout
        ("b", "50/mV", "50/V", QuarantineReason.UNSUPPORTED_FORMAT),
        ("b", "16 50", "16x2 50", QuarantineReason.UNSUPPORTED_FORMAT),
        ("a", "0 I\n", "0 II\n", QuarantineReason.UNSUPPORTED_FORMAT),  # twice the same
        ("m_layout", "0 V", "0 I", QuarantineReason.UNREADABLE_HEADER),
        ("m_layout", "m_layout 3", "m_layout/3 3", QuarantineReason.UNSUPPORTED_FORMAT),
        ("m_layout", "200/mV", "nan/mV", QuarantineReason.IMPLAUSIBLE_HEADER),
        ("m_layout", "~ 0 200", "~ 0x100000000 200", QuarantineReason.IMPLAUSIBLE_HEADER),
        ("m", "~ 3", "~ 100000003", QuarantineReason.UNREADABLE_HEADER),
        ("m", "\na 2\n~ 3\nb 3", "\n~ 2\n~ 3\n~ 3", None),  # all gaps, yet a layout
    ],
)
def test_segments_that_do_not_fit_their_layout_are_refused(tmp_path, name, old, new, reason):
    assert old in VARIABLE[name]
    header = write(tmp_path, **VARIABLE | {name: VARIABLE[name].replace(old, new)})
    if reason is None:
        assert (described(header).read() == MISSING).all()
    else:
        assert refused(header) is reason


def test_a_record_of_gaps_only_has_no_leads(tmp_path):
    assert refused(write(tmp_path, m="m/2 1 100 5\n~ 2\n~ 3")) is QuarantineReason.IMPLAUSIBLE_HEADER


def test_thousands_of_segments_are_put_together_in_short_time_and_more_are_refused(tmp_path):
    """All of them are the same one, whose header is as large as a header may be."""
    headers = {"m": "m/10000 1 100\n" + "a 2\n" * 10_000, "a": plain("a", 2, "16 200") + "\n" + "#\n" * 500_000}
    start = time.perf_counter()
    assert described(write(tmp_path, **headers)).read().shape == (1, 20_000)
    assert time.perf_counter() - start < 10
    headers["m"] = "m/10001 1 100\n" + "a 2\n" * 10_001
    assert refused(write(tmp_path, **headers)) is QuarantineReason.IMPLAUSIBLE_HEADER


def test_a_long_record_of_gaps_is_refused_before_memory_is_taken(tmp_path):
    headers = VARIABLE | {"m": "m/3 3 100\nm_layout 0\na 2\n~ 100000000000"}
    assert refused(write(tmp_path, **headers)) is QuarantineReason.TOO_LARGE


def test_values_that_no_scale_can_hold_are_refused(tmp_path):
    headers = VARIABLE | {"b": plain("b", 3, "16 5e300/mV 12 0 0 0 0 II")}
    with pytest.raises(InputRefused) as caught:
        described(write(tmp_path, **headers)).read()
    assert caught.value.reason is QuarantineReason.IMPLAUSIBLE_HEADER


def test_a_master_header_claims_the_headers_of_its_segments(tmp_path):
    write(tmp_path, **VARIABLE)
    assert segment_headers(landed(tmp_path / "m.hea")[0]) == ("m_layout.hea", "a.hea", "b.hea")
    assert segment_headers(landed(tmp_path / "a.hea")[0]) == ()


@pytest.mark.parametrize(
    ("content", "claimed"),
    [
        (b"#" * 5000 + b"\n# c\n\nm/2 1 100 5\na 2\nb 3\n", ("a.hea", "b.hea")),
        (b"\r\n  m/2 1 100 5\r\na 2\r\n# in between\r\nb 3", ("a.hea", "b.hea")),
        (b"m/2 1 100 5\n../a 2\nb 3\n", ()),
        (b"m/2 one two\na 2\nb 3\n", ()),
        (b"\xff\xfe/2", ()),
        (b"#" * 2**21, ()),
        (b"", ()),
    ],
)
def test_what_can_not_be_read_claims_nothing(tmp_path, content, claimed):
    (tmp_path / "m.hea").write_bytes(content)
    assert segment_headers(landed(tmp_path / "m.hea")[0]) == claimed


def test_a_link_claims_nothing(tmp_path):
    write(tmp_path, **VARIABLE)
    (tmp_path / "x.hea").symlink_to(tmp_path / "m.hea")
    assert segment_headers(landed(tmp_path / "x.hea")[0]) == ()
