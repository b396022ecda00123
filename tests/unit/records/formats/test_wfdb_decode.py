"""Samples are those of the wfdb package bit for bit; where it can't say, those that the format's description says.

The formats: https://physionet.org/physiotools/wag/signal-5.htm
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st
from landed import landed

from chiron.errors import InputRefused
from chiron.records.formats.wfdb_files import describe
from chiron.records.formats.wfdb_formats import FORMATS, stored_bytes
from chiron.records.landing import list_landing
from schemas.codes import QuarantineReason

# Not 61: wfdb can't return it frame by frame. Not 311: wfdb takes a bit that is no part of the sample.
FORMATS_AT_RANDOM = ("8", "16", "24", "32", "80", "160", "212", "310")
REAL = ("cinc2017", "ptbxl", "mitdb", "cinc2021", "twadb")


def read(header: Path) -> np.ndarray:
    return describe(*landed(header)).read()


def write(folder: Path, signals: str, content: bytes, *, n_frames: int = 3, n_signals: int = 1) -> Path:
    """A header `r.hea` with a file `r.dat`."""
    (folder / "r.dat").write_bytes(content)
    header = folder / "r.hea"
    header.write_text(f"r {n_signals} 100 {n_frames}\n{signals}\n")
    return header


def expected(record: wfdb.Record) -> np.ndarray:
    """The samples of a record of the wfdb package as they should be here."""
    wide = any(FORMATS[fmt].bits > 16 for fmt in record.fmt)
    signal = record.d_signal.T.astype(np.int32 if wide else np.int16)
    for lead, fmt in zip(signal, record.fmt, strict=True):
        lead[lead == FORMATS[fmt].missing] = np.iinfo(signal.dtype).min
    return signal


@pytest.mark.real
@pytest.mark.parametrize("source", REAL)
def test_every_real_record_is_read_as_the_wfdb_package_reads_it(real_data, source):
    landing = list_landing(real_data / source)
    headers = [file for file in landing.files.values() if file.suffix == ".hea"]
    assert headers
    for file in headers:
        recording = describe(file, landing)
        record = wfdb.rdrecord(str(file.path.with_suffix("")), physical=False, return_res=16)
        ours = recording.read()
        assert ours.dtype == np.int16
        np.testing.assert_array_equal(ours, expected(record), err_msg=file.name)
        assert (recording.fs_hz, recording.n_samples) == (record.fs, record.sig_len)
        assert [lead.name for lead in recording.leads] == record.sig_name
        assert [(lead.gain_per_unit, lead.baseline, lead.unit) for lead in recording.leads] == list(
            zip(record.adc_gain, record.baseline, ("mV" if u == "mv" else u for u in record.units), strict=True)
        )


@pytest.mark.parametrize(
    ("fmt", "stored", "samples"),
    [
        ("8", bytes([5, 0xFF, 2]), [105, 104, 106]),  # differences, from the first value on
        ("16", bytes([1, 0, 0xFF, 0xFF, 0, 1]), [1, -1, 256]),
        ("24", bytes([1, 0, 0, 0xFF, 0xFF, 0xFF, 0, 0, 1]), [1, -1, 65536]),
        ("32", bytes([1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1]), [1, -1, 2**24]),
        ("61", bytes([0, 1, 0xFF, 0xFF, 1, 0]), [1, -1, 256]),
        ("80", bytes([129, 127, 255]), [1, -1, 127]),
        ("160", bytes([1, 0x80, 0xFF, 0x7F, 0xFF, 0xFF]), [1, -1, 2**15 - 1]),
        ("212", bytes([1, 0xF0, 0xFF, 0, 4]), [1, -1, 1024]),
        ("310", bytes([2, 0, 0xFE, 0x07 | 0xF8]), [1, -1, -32]),
        ("311", ((1) | (1023 << 10) | (256 << 20)).to_bytes(4, "little"), [1, -1, 256]),
    ],
)
def test_each_format_is_read_as_its_description_says(tmp_path, fmt, stored, samples):
    """Samples worked out by hand."""
    assert stored_bytes(fmt, 3) == len(stored)
    header = write(tmp_path, f"r.dat {fmt} 200 12 0 100", stored)
    assert read(header).tolist() == [samples]


@pytest.mark.parametrize("fmt", ["508", "516", "524"])
def test_a_compressed_record_is_read_as_it_was_written(tmp_path, fmt):
    bits = int(fmt) - 500
    digital = np.random.default_rng(0).integers(-(2 ** (bits - 1)) + 1, 2 ** (bits - 1), (500, 2))
    digital[7] = -(2 ** (bits - 1))
    wfdb.wrsamp("r", 300, ["mV"] * 2, ["I", "II"], d_signal=digital, fmt=[fmt] * 2, adc_gain=[200.0] * 2,
                baseline=[0] * 2, write_dir=str(tmp_path))  # fmt: skip
    signal = read(tmp_path / "r.hea")
    missing = np.iinfo(signal.dtype).min
    assert signal.dtype == (np.int32 if fmt == "524" else np.int16)
    assert np.argwhere(signal == missing).tolist() == [[0, 7], [1, 7]]
    np.testing.assert_array_equal(signal[signal != missing], digital.T[digital[7, 0] != digital.T])


@st.composite
def layouts(draw: st.DrawFn) -> tuple[str, dict[str, bytes]]:
    """A header, and files of random bytes: formats, offsets, samples per frame and leads in any combination."""
    n_frames = draw(st.integers(1, 40))
    several = draw(st.booleans())
    lines, files = [], {}
    for name in "abc"[: draw(st.integers(1, 3))]:
        fmt = draw(st.sampled_from(FORMATS_AT_RANDOM))
        offset = draw(st.integers(0, 30))
        per_frame = [draw(st.sampled_from([1, 2, 4])) if several else 1 for _ in range(draw(st.integers(1, 4)))]
        lines += [
            f"{name}.dat {fmt}x{n}+{offset} {draw(st.integers(1, 9))}({draw(st.integers(-9, 9))})/mV" for n in per_frame
        ]
        n_bytes = offset + stored_bytes(fmt, n_frames * sum(per_frame)) + draw(st.integers(0, 5))
        files[f"{name}.dat"] = np.random.default_rng(draw(st.integers(0, 2**32))).bytes(n_bytes)
    return f"r {len(lines)} 100 {n_frames}\n" + "\n".join(lines) + "\n", files


@settings(max_examples=150, deadline=None)
@given(layouts())
def test_generated_records_are_read_as_the_wfdb_package_reads_them(layout):
    header, files = layout
    with TemporaryDirectory() as folder:
        (Path(folder) / "r.hea").write_text(header)
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        signal = read(Path(folder) / "r.hea")
        record = wfdb.rdrecord(f"{folder}/r", physical=False, smooth_frames=False, return_res=32)
    fastest = max(record.samps_per_frame)
    for lead, theirs, fmt, n in zip(signal, record.e_d_signal, record.fmt, record.samps_per_frame, strict=True):
        theirs[theirs == FORMATS[fmt].missing] = np.iinfo(signal.dtype).min
        np.testing.assert_array_equal(lead, np.repeat(theirs, fastest // n))


@pytest.mark.parametrize("fmt", ["61", "311"])
def test_formats_that_wfdb_can_read_in_part_agree_there(tmp_path, fmt):
    """With one sample per frame, and of 311 without the two highest bits, which are no part of any sample."""
    words = np.random.default_rng(1).integers(0, 2**30, 200).astype("<u4")
    header = write(tmp_path, f"r.dat {fmt} 200\nr.dat {fmt} 200", words.tobytes(), n_frames=100, n_signals=2)
    record = wfdb.rdrecord(str(header.with_suffix("")), physical=False)
    np.testing.assert_array_equal(read(header), expected(record))


def test_a_slower_lead_repeats_its_samples(tmp_path):
    """Two frames of a lead with three samples, one with two and one with one, whose samples are told by hand.

    Which are repeated is as in WFDB's own mode of high resolution: the newest one that is there.
    """
    stored = np.array([1, 2, 3, 10, 20, 100, 4, 5, 6, 30, 40, 200], "<i2").tobytes()
    header = write(tmp_path, "r.dat 16x3 1\nr.dat 16x2 1\nr.dat 16 1", stored, n_frames=2, n_signals=3)
    recording = describe(*landed(header))
    assert (recording.fs_hz, recording.n_samples) == (300, 6)
    assert recording.read().tolist() == [[1, 2, 3, 4, 5, 6], [10, 10, 20, 30, 30, 40], [100] * 3 + [200] * 3]


@pytest.mark.parametrize("fmt", ["16", "61"])
def test_a_lead_that_lags_is_brought_forward_and_its_end_is_missing(tmp_path, fmt):
    """The wfdb package raises where two leads lag by different counts, and fills frames of several with zeros."""
    stored = np.array(
        [[1, 10, 100], [2, 20, 200], [3, 30, 300], [4, 40, 400]], ">i2" if fmt == "61" else "<i2"
    ).tobytes()
    signals = f"r.dat {fmt} 1\nr.dat {fmt}:1 1\nr.dat {fmt}:9 1"
    missing = -(2**15)
    header = write(tmp_path, signals, stored, n_frames=4, n_signals=3)
    assert read(header).tolist() == [[1, 2, 3, 4], [20, 30, 40, missing], [missing] * 4]


@pytest.mark.parametrize(
    ("fmt", "missing"), [("16", -32768), ("212", -2048), ("80", -128), ("310", -512), ("24", -(2**23))]
)
def test_a_formats_own_missing_value_becomes_the_minimum_of_the_type(tmp_path, fmt, missing):
    stored = {
        "16": bytes([0, 0x80]), "212": bytes([0, 8]), "80": bytes([0]), "310": bytes([0, 4]), "24": bytes([0, 0, 0x80])
    }[fmt]  # fmt: skip
    header = write(tmp_path, f"r.dat {fmt} 200", stored, n_frames=1)
    assert wfdb.rdrecord(str(header.with_suffix("")), physical=False).d_signal.tolist() == [[missing]]
    signal = read(header)
    assert signal.tolist() == [[np.iinfo(signal.dtype).min]]


def test_a_file_that_shrank_since_it_was_described_is_refused(tmp_path):
    recording = describe(*landed(write(tmp_path, "r.dat 16 200", bytes(6))))
    (tmp_path / "r.dat").write_bytes(bytes(5))
    with pytest.raises(InputRefused) as refused:
        recording.read()
    assert refused.value.reason is QuarantineReason.TRUNCATED_SIGNAL


def test_a_link_that_took_a_files_place_is_not_followed(tmp_path):
    recording = describe(*landed(write(tmp_path, "r.dat 16 200", bytes(6))))
    (tmp_path / "r.dat").rename(tmp_path / "elsewhere")
    (tmp_path / "r.dat").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputRefused) as refused:
        recording.read()
    assert refused.value.reason is QuarantineReason.UNREADABLE_FILE


def test_plain_records_are_read_without_the_wfdb_package(tmp_path):
    """It takes a second to import."""
    header = write(tmp_path, "r.dat 16 200", bytes(6))
    program = (
        "import sys; from pathlib import Path; from landed import landed; "
        "from chiron.records.formats.wfdb_files import describe; "
        f"describe(*landed(Path({str(header)!r}))).read(); sys.exit('wfdb' in sys.modules)"
    )
    path = {"PYTHONPATH": f"{Path(__file__).parents[2]}:{Path(__file__).parents[3]}"}
    assert subprocess.run([sys.executable, "-c", program], env={**os.environ, **path}, check=False).returncode == 0
