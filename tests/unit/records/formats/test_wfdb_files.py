"""What a WFDB record says is checked against the limits of all formats and against its files, before it is read."""

import os
import resource
from pathlib import Path

import numpy as np
import pytest
import wfdb
from landed import landed

from chiron.datasets.dataset import open_dataset
from chiron.errors import InputRefused
from chiron.quality.suites import load_suite
from chiron.records.formats.wfdb_files import describe
from chiron.records.ingest import ingest_source
from schemas.codes import QuarantineReason
from schemas.params import IngestParams
from schemas.tables import RECORDS

from ..conftest import samples, write_record

# The first header of the CinC 2017 set, with its comment line made up.
GOOD = "A00004 1 300 9000 11:05:48 1/05/2000\nA00004.mat 16+24 1000/mV 16 0 519 0 0 ECG\n#Age: 63\n"


def write(folder: Path, header: str, n_bytes: int = 24 + 2 * 9000) -> Path:
    (folder / "A00004.mat").write_bytes(bytes(n_bytes))
    (folder / "A00004.hea").write_text(header)
    return folder / "A00004.hea"


def refused(header: Path) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        describe(*landed(header))
    return caught.value


def test_a_record_is_described_by_its_header(tmp_path):
    recording = describe(*landed(write(tmp_path, GOOD)))
    assert (recording.fs_hz, recording.n_samples, recording.year, recording.is_wide) == (300.0, 9000, 2000, False)
    assert [f.name for f in recording.files] == ["A00004.hea", "A00004.mat"]
    assert (recording.clinical.numbers, recording.comments) == ({"age_years": 63.0}, ("Age: 63",))
    (lead,) = recording.leads
    assert (lead.name, lead.gain_per_unit, lead.baseline, lead.unit) == ("ECG", 1000.0, 0, "mV")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("A00004.mat", "../A00004.mat", QuarantineReason.UNSAFE_PATH),
        ("A00004.mat", "gone.mat", QuarantineReason.MISSING_SIGNAL_FILE),
        ("1000/mV", "NaN/mV", QuarantineReason.IMPLAUSIBLE_HEADER),
        ("1000/mV", "-inf/mV", QuarantineReason.IMPLAUSIBLE_HEADER),
        ("1000/mV", "1e999/mV", QuarantineReason.IMPLAUSIBLE_HEADER),
        ("1000/mV", "0/mV", QuarantineReason.IMPLAUSIBLE_HEADER),
        ("1000/mV", "1000(99999999999)/mV", QuarantineReason.IMPLAUSIBLE_HEADER),
        ("9000", "9001", QuarantineReason.TRUNCATED_SIGNAL),
        ("16+24", "16+25", QuarantineReason.TRUNCATED_SIGNAL),
        ("16+24", "16x10000000+24", QuarantineReason.IMPLAUSIBLE_HEADER),
        ("16+24", "516", QuarantineReason.UNSUPPORTED_FORMAT),  # no FLAC stream
        ("9000", "1000000000000", QuarantineReason.TOO_LARGE),
        ("A00004 1 ", "A00004 0 ", QuarantineReason.UNREADABLE_HEADER),
        (" 300 ", " -300 ", QuarantineReason.IMPLAUSIBLE_HEADER),
        (" 300 ", " nan ", QuarantineReason.IMPLAUSIBLE_HEADER),
        (" 300 ", " 0 ", QuarantineReason.IMPLAUSIBLE_HEADER),
        (" 300 ", " 1e9 ", QuarantineReason.IMPLAUSIBLE_HEADER),
        ("16+24 1000/mV 16 0 519", "8+24 1000/mV 16 0 99999999999", QuarantineReason.IMPLAUSIBLE_HEADER),
    ],
)
def test_a_header_that_can_not_be_true_is_refused_with_its_reason(tmp_path, old, new, reason):
    assert old in GOOD
    assert refused(write(tmp_path, GOOD.replace(old, new))).reason is reason


def test_the_rates_that_come_in_are_those_that_the_gate_lets_pass(tmp_path):
    (limits,) = [e.kwargs for e in load_suite("records").expectations if e.name == "fs_plausible"]
    for rate in (limits["min_value"], limits["max_value"]):
        assert describe(*landed(write(tmp_path, GOOD.replace(" 300 ", f" {rate} ")))).fs_hz == rate
    for rate in (limits["min_value"] - 0.1, limits["max_value"] + 0.1):
        assert "rate: expected" in str(refused(write(tmp_path, GOOD.replace(" 300 ", f" {rate} "))))


@pytest.mark.parametrize(("fmt", "n_bytes", "n_samples"), [("16", 25, 0), ("16", 27, 1), ("212", 27, 2), ("8", 27, 3)])
def test_a_length_that_is_not_stated_is_that_of_the_file(tmp_path, fmt, n_bytes, n_samples):
    """Legal where the header leaves it out, or says 0: https://physionet.org/physiotools/wag/header-5.htm"""
    for stated in ("", " 0"):
        header = write(tmp_path, f"A00004 1 300{stated}\nA00004.mat {fmt}+24 1000", n_bytes)
        if n_samples:
            recording = describe(*landed(header))
            assert recording.n_samples == n_samples
            assert recording.read().shape == (1, n_samples)
        else:
            assert refused(header).reason is QuarantineReason.IMPLAUSIBLE_HEADER


def test_a_header_of_gigabytes_is_not_read_into_memory(tmp_path):
    file, landing = landed(write(tmp_path, GOOD))
    with file.path.open("ab") as grown:
        grown.truncate(3 * 2**30)  # a hole, which takes no disk
    file = file._replace(n_bytes=3 * 2**30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputRefused) as caught:
        describe(file, landing)
    assert caught.value.reason is QuarantineReason.TOO_LARGE
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 2**10  # in KiB


def write_flac(folder: Path, n_samples: int) -> bytearray:
    """A record `r` with one lead of format 516; its stream's bytes."""
    zeros = np.zeros((n_samples, 1), int)
    wfdb.wrsamp("r", 300, ["mV"], ["I"], d_signal=zeros, fmt=["516"], adc_gain=[200.0], baseline=[0],
                write_dir=str(folder))  # fmt: skip
    return bytearray((folder / "r.dat").read_bytes())


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (200_000, QuarantineReason.TOO_LARGE),
        (0, QuarantineReason.TRUNCATED_SIGNAL),  # not stated
        (2**36 - 1, QuarantineReason.TOO_LARGE),
    ],
)
def test_a_stream_that_says_that_it_holds_something_else_is_not_decoded(tmp_path, says, reason):
    """The last 36 of the 64 bits at byte 18 are the number of samples: RFC 9639, section 8.2."""
    stream = write_flac(tmp_path, 100_000)
    fields = int.from_bytes(stream[18:26], "big") & ~(2**36 - 1)
    stream[18:26] = (fields | says).to_bytes(8, "big")
    (tmp_path / "r.dat").write_bytes(stream)
    assert refused(tmp_path / "r.hea").reason is reason


def test_a_small_stream_that_claims_to_be_a_huge_one_is_refused_when_read(tmp_path):
    """Header and stream agree on a hundred times what is there."""
    stream = write_flac(tmp_path, 1_000_000)
    fields = int.from_bytes(stream[18:26], "big") & ~(2**36 - 1)
    stream[18:26] = (fields | 100_000_000).to_bytes(8, "big")
    (tmp_path / "r.dat").write_bytes(stream)
    header = tmp_path / "r.hea"
    header.write_text(header.read_text().replace("1000000", "100000000"))
    recording = describe(*landed(header))
    with pytest.raises(InputRefused):
        recording.read()


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_only_plain_files_are_read(tmp_path, kind):
    header = write(tmp_path, GOOD)
    signal = tmp_path / "A00004.mat"
    signal.rename(tmp_path / "kept")
    if kind == "link":
        signal.symlink_to(tmp_path / "kept")
    elif kind == "pipe":
        os.mkfifo(signal)
    else:
        signal.mkdir()
    expected = QuarantineReason.MISSING_SIGNAL_FILE if kind == "folder" else QuarantineReason.UNSAFE_PATH
    assert refused(header).reason is expected


def test_a_record_keeps_its_samples_beside_one_that_needs_wider_ones(tmp_path):
    narrow = samples(seed=5)
    narrow[3, 0] = -32768
    write_record(tmp_path / "in", "a", narrow)
    write_record(tmp_path / "in", "b", samples(seed=6) * 1000, fmt="32")
    write_record(tmp_path / "alone", "a", narrow)
    both, alone = (
        open_dataset(ingest_source(tmp_path / "w", IngestParams(source=str(tmp_path / s), name="x")).ref)
        for s in ("in", "alone")
    )
    row = alone.table(RECORDS).row(0, named=True)
    twin = both.table(RECORDS).filter(record_id=row["record_id"]).row(0, named=True)
    assert twin["signal_sha256"] == row["signal_sha256"]
    np.testing.assert_array_equal(both.signal_mv(twin), alone.signal_mv(row))
