"""Files are written by scipy, and spoiled by hand."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
import scipy.io
from landed import landed

from chiron.errors import InputRefused
from chiron.records.formats.matlab import describe
from schemas.source import FileLayout

RNG = np.random.default_rng(4)
LAYOUT = FileLayout(fs_hz=360, leads=("I", "II"), gain_per_unit=200)
SAMPLES = RNG.integers(-2000, 2000, (900, 2))


def written(tmp_path, *, packed=False, **variables):
    scipy.io.savemat(tmp_path / "r.mat", variables, do_compression=packed)
    return tmp_path / "r.mat"


def described(path, layout=LAYOUT):
    return describe(*landed(path), layout)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"])
def test_arrays_of_every_type_are_those_that_scipy_wrote(tmp_path, packed, dtype):
    samples = np.abs(SAMPLES % 100).astype(dtype)
    recording = described(written(tmp_path, packed=packed, x=samples))
    np.testing.assert_array_equal(recording.read(), samples.T)
    assert (recording.fs_hz, recording.n_samples) == (360.0, 900)


def test_leads_may_be_rows(tmp_path):
    np.testing.assert_array_equal(described(written(tmp_path, x=SAMPLES.T)).read(), SAMPLES.T)


def test_physical_numbers_go_to_the_nearest_step(tmp_path):
    """200 steps per mV: 0.0126 mV is 2.52 steps."""
    layout = LAYOUT.model_copy(update={"numbers": "physical", "leads": ("I",)})
    recording = described(written(tmp_path, x=np.array([[0.005], [0.0126], [-1.0], [np.nan]] * 10)), layout)
    assert recording.read()[0, :4].tolist() == [1, 3, -200, -(2**31)]


def test_among_several_variables_the_layout_names_one(tmp_path):
    path = written(tmp_path, packed=True, text="Mrs Smith", fs=360, other=SAMPLES + 1, x=SAMPLES, z=SAMPLES * 1j)
    with pytest.raises(InputRefused, match="expected one array of 2 leads, found 2"):
        described(path)
    recording = described(path, LAYOUT.model_copy(update={"variable": "x"}))
    np.testing.assert_array_equal(recording.read(), SAMPLES.T)


def test_large_arrays_are_read_in_pieces(tmp_path):
    samples = RNG.integers(-2000, 2000, (300_000, 2)).astype(float)
    np.testing.assert_array_equal(described(written(tmp_path, packed=True, x=samples)).read(), samples.T)


def test_a_file_of_a_machine_with_the_other_order_of_bytes(tmp_path):
    """Written by hand: a 3 x 2 array of doubles named `x`, most significant byte first."""
    numbers = struct.pack(">II6d", 9, 48, 1, 2, 3, 4, 5, 6)
    array = struct.pack(">IIII IIII HHcxxx", 6, 8, 6, 0, 5, 8, 3, 2, 1, 1, b"x") + numbers
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
    (tmp_path / "r.mat").write_bytes(header + struct.pack(">II", 14, len(array)) + array)
    assert scipy.io.loadmat(tmp_path / "r.mat")["x"].tolist() == [[1, 4], [2, 5], [3, 6]]
    assert described(tmp_path / "r.mat").read().tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("n_bytes", [0, 100, 127, 130, 140, 180, 200, 5000])
@pytest.mark.parametrize("packed", [False, True])
def test_a_truncated_file_is_refused(tmp_path, n_bytes, packed):
    path = written(tmp_path, packed=packed, x=RNG.integers(-(2**60), 2**60, (900, 2)))
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(InputRefused):
        described(path).read()


# where the words of the only array lie: tag 128, flags 136, dimensions 152, name 168, numbers 176
@pytest.mark.parametrize(
    ("at", "word"),
    [
        (124, 0x4D490200),  # version 7.3
        (128, 1),
        (132, 2**32 - 1),
        (136, 5),
        (140, 2**31),
        (140, 3),  # flags of three bytes
        (136, 0x00030006),
        (144, 5),  # a class that is no numbers
        (152, 6),
        (156, 2**31),
        (160, 2**32 - 1),  # a negative dimension
        (160, 2**31 - 1),
        (164, 3),
        (168, 0x00FF0001),  # a name of 255 bytes in a tag of 4
        (176, 8),  # no type of numbers: ends the process in scipy 1.17
        (176, 77),
        (180, 2**32 - 1),
        (180, 8),
    ],
)
def test_words_that_can_not_be_are_refused(tmp_path, at, word):
    path = written(tmp_path, x=SAMPLES.astype(float))
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, at, word)
    path.write_bytes(content)
    with pytest.raises(InputRefused):
        described(path).read()


def bomb(n_rows, n_zeros):
    """A packed array that says it has so many rows, with so many bytes of zeros."""
    array = struct.pack("<IIII IIII HHcxxx", 6, 8, 6, 0, 5, 8, n_rows, 2, 1, 1, b"x") + struct.pack(
        "<II", 9, n_rows * 16
    )
    packer = zlib.compressobj(9)
    packed = packer.compress(struct.pack("<II", 14, 2**31) + array)
    packed += b"".join(packer.compress(bytes(2**20)) for _ in range(n_zeros // 2**20)) + packer.flush()
    return b"".ljust(124) + b"\x00\x01IM" + struct.pack("<II", 15, len(packed)) + packed


@pytest.mark.parametrize("n_rows", [900, 2**27])
def test_a_small_file_that_unpacks_to_much_takes_no_memory(tmp_path, n_rows):
    (tmp_path / "r.mat").write_bytes(bomb(n_rows, 2**28))
    tracemalloc.start()
    try:
        if n_rows == 900:
            assert described(tmp_path / "r.mat").read().shape == (2, 900)
        else:
            with pytest.raises(InputRefused, match="expected at most 2e\\+08 samples"):
                described(tmp_path / "r.mat")
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 20 * 2**20


def test_other_files_are_refused(tmp_path):
    (tmp_path / "r.mat").write_bytes(bytes(10_000))
    with pytest.raises(InputRefused, match="MATLAB"):
        described(tmp_path / "r.mat")
    with pytest.raises(InputRefused, match="found 0"):
        described(written(tmp_path, x=SAMPLES), None)


@pytest.mark.real
@pytest.mark.parametrize("name", ["BW", "EM", "MA"])
def test_the_recorded_noise_is_what_scipy_reads(real_data, name):
    """Two channels for 30 minutes at 360 Hz, in mV, stored with 200 steps per mV."""
    layout = FileLayout(fs_hz=360, leads=("noise1", "noise2"), gain_per_unit=200, numbers="physical")
    path = real_data / "nstdb" / f"{name}.mat"
    recording = described(path, layout)
    theirs = scipy.io.loadmat(path)[name].T
    assert (recording.n_samples, recording.fs_hz) == (650_000, 360.0)
    np.testing.assert_allclose(recording.read_mv(), theirs, atol=1e-6)
