import numpy as np
import pytest
import wfdb

from chiron.interchange.wfdb_record import number_text, write_record
from chiron.records.formats.recording import Lead

MISSING_16, MISSING_32 = np.iinfo(np.int16).min, np.iinfo(np.int32).min


def test_samples_are_read_back_by_wfdb_in_physical_units_and_missing_ones_are_nan(tmp_path):
    signal = np.array([[100, MISSING_16, -300], [1, 2, 32767]], np.int16)
    leads = [Lead("I", 200.0, 50, "mV"), Lead("V1 (chest)", -0.5, -7, "uV")]
    write_record(tmp_path / "r1", signal, fs_hz=62.5, leads=leads, comments={"Age": "63"})
    read = wfdb.rdrecord(str(tmp_path / "r1"))
    # physical = (digital - baseline) / gain, by hand
    np.testing.assert_array_equal(read.p_signal, [[0.25, -16.0], [np.nan, -18.0], [-1.75, -65548.0]])
    assert (read.fs, read.sig_name, read.units, read.comments) == (62.5, ["I", "V1 (chest)"], ["mV", "uV"], ["Age: 63"])
    assert read.fmt == ["16", "16"]


def test_samples_of_more_than_16_bits_are_in_format_32(tmp_path):
    signal = np.array([[2**31 - 1, MISSING_32, -(2**31) + 1]], np.int32)
    write_record(tmp_path / "wide", signal, fs_hz=100.0, leads=[Lead("I", 1.0, 0, "mV")], comments={})
    read = wfdb.rdrecord(str(tmp_path / "wide"))
    assert read.fmt == ["32"]
    np.testing.assert_array_equal(read.p_signal[:, 0], [2**31 - 1, np.nan, -(2**31) + 1])


def test_what_fits_in_16_bits_takes_16_also_from_a_wide_array(tmp_path):
    signal = np.array([[5, MISSING_32]], np.int32)
    write_record(tmp_path / "narrow", signal, fs_hz=100.0, leads=[Lead("I", 1.0, 0, "mV")], comments={})
    assert (tmp_path / "narrow.dat").read_bytes() == b"\x05\x00\x00\x80"


@pytest.mark.parametrize(
    ("number", "text"),
    [(300.0, "300"), (204.8, "204.8"), (1 / 3, "0.3333333333333333"), (-0.1, "-0.1"), (1e16, "1e+16")],
)
def test_a_number_is_the_shortest_text_that_is_read_as_itself(number, text):
    assert number_text(number) == text
    assert float(text) == number
