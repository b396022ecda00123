import hashlib
import struct
import subprocess
import sys

import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, BloscShuffle

from chiron.datasets.signals import (
    SignalReader,
    SignalWriter,
    can_append,
    create_signal_array,
    link_signals,
    signal_sha256,
    write_region,
)
from chiron.errors import Damaged, NotFound

RNG = np.random.default_rng(5)
RECORDS = [
    RNG.integers(-2000, 2000, (leads, n)).astype(np.int16) for leads, n in [(1, 700), (12, 100), (2, 3000), (1, 1)]
]


@pytest.mark.parametrize("shard_samples", [64, 1000, 2**18])
def test_records_come_back_bit_for_bit_whatever_the_shard_size(tmp_path, shard_samples):
    with SignalWriter(tmp_path, shard_samples=shard_samples) as writer:
        offsets = [writer.append(r) for r in RECORDS]
    reader = SignalReader(tmp_path)
    for i in [2, 0, 3, 1, 0, 1, 2, 3]:
        np.testing.assert_array_equal(reader.read(offsets[i], *RECORDS[i].shape), RECORDS[i])


def test_several_writers_fill_regions_of_whole_shards(tmp_path):
    create_signal_array(tmp_path, dtype="int16", n_samples_total=300, shard_samples=100)
    write_region(tmp_path, 200, [np.full(30, 3, np.int16)])
    write_region(tmp_path, 0, [np.full(100, 1, np.int16)])
    reader = SignalReader(tmp_path)
    assert reader.read(0, 1, 100).tolist() == [[1] * 100]
    assert reader.read(200, 1, 100).tolist() == [[3] * 30 + [-32768] * 70]  # padding reads as missing
    assert reader.read(100, 1, 100).tolist() == [[-32768] * 100]  # so does what nobody wrote


def test_a_region_is_whole_shards_within_the_array(tmp_path):
    create_signal_array(tmp_path, dtype="int16", n_samples_total=300, shard_samples=100)
    for offset, size in [(50, 10), (-100, 10), (200, 101), (300, 1)]:
        with pytest.raises(ValueError, match="expected whole shards within"):
            write_region(tmp_path, offset, [np.zeros(size, np.int16)])


def test_the_hash_of_a_record_is_that_of_its_little_endian_samples():
    signal = np.array([[1, -1], [256, 0]], dtype=np.int16)
    assert signal_sha256(signal) == hashlib.sha256(bytes.fromhex("0100ffff00010000")).hexdigest()


def test_a_record_hashes_alike_in_a_wider_type_and_keeps_its_missing_samples(tmp_path):
    narrow = np.array([[5, -32768, 7]], dtype=np.int16)
    with SignalWriter(tmp_path, dtype="int32", shard_samples=64) as writer:
        offset = writer.append(narrow)
        wide_offset = writer.append(np.array([[100_000]], dtype=np.int32))
    reader = SignalReader(tmp_path)
    back = reader.read(offset, 1, 3)
    assert back.tolist() == [[5, -(2**31), 7]]
    assert signal_sha256(back) == signal_sha256(narrow)
    assert reader.read(wide_offset, 1, 1).tolist() == [[100_000]]


def test_a_record_outside_the_array_is_refused(tmp_path):
    with SignalWriter(tmp_path, shard_samples=64) as writer:
        writer.append(RECORDS[0])
    with pytest.raises(IndexError, match="expected samples within 700"):
        SignalReader(tmp_path).read(600, 1, 101)


def test_linked_signals_are_the_same_files(tmp_path):
    source, target = tmp_path / "a", tmp_path / "b"
    source.mkdir()
    target.mkdir()
    with SignalWriter(source, shard_samples=64) as writer:
        writer.append(RECORDS[0])
    link_signals(source, target)
    files = [p.relative_to(source) for p in source.rglob("*") if p.is_file()]
    assert len(files) > 10
    assert all((source / f).samefile(target / f) for f in files)


def write(folder, records, **options):
    folder.mkdir(exist_ok=True)
    with SignalWriter(folder, **options) as writer:
        return [writer.append(r) for r in records]


def bytes_below(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("shard_samples", [64, 1000, 2**17, 2**18])
@pytest.mark.parametrize("dtype", ["int16", "int32"])
def test_the_zarr_package_reads_the_same_samples(tmp_path, shard_samples, dtype):
    long = RNG.integers(-2000, 2000, (3, 70_000)).astype(dtype)
    write(tmp_path, [*RECORDS, long], shard_samples=shard_samples, dtype=dtype)
    expected = np.concatenate([*(r.ravel() for r in RECORDS), long.ravel()])
    array = zarr.open_array(tmp_path / "signals.zarr", mode="r")
    assert array.dtype == dtype
    np.testing.assert_array_equal(array[:], expected)


@pytest.mark.filterwarnings("ignore:Numcodecs codecs are not in the Zarr version 3 specification")
@pytest.mark.parametrize("shard_samples", [64, 1000, 2**17, 2**18])
@pytest.mark.parametrize("dtype", ["int16", "int32"])
def test_the_zarr_package_reads_the_same_synthetic_samples(tmp_path, shard_samples, dtype):
    ends = np.iinfo(dtype).min, np.iinfo(dtype).max
    samples = np.concatenate([np.tile(ends, 50), RNG.integers(*ends, 200_000)]).astype(dtype)
    create_signal_array(tmp_path, dtype=dtype, n_samples_total=2**18, shard_samples=shard_samples)
    write_region(tmp_path, 0, [samples[:70], samples[70:71], samples[71:150_000], samples[150_000:]])
    array = zarr.open_array(tmp_path / "signals.zarr", mode="r")
    np.testing.assert_array_equal(array[: samples.size], samples)
    assert (array[samples.size :] == ends[0]).all()
    np.testing.assert_array_equal(SignalReader(tmp_path).read(0, 1, samples.size)[0], samples)


def test_smooth_synthetic_samples_take_less_room_as_differences(tmp_path):
    """A sine of 1 Hz and 1,000 steps climbs by fewer than 13 + 4 steps a sample at 500 Hz: 6 bits, not 11."""
    sine = np.rint(1000 * np.sin(2 * np.pi * np.arange(2**17) / 500) + RNG.uniform(-2, 2, 2**17)).astype(np.int16)
    create_signal_array(tmp_path, dtype="int16", n_samples_total=2**17, shard_samples=2**17)
    write_region(tmp_path, 0, [sine])
    assert (tmp_path / "signals.zarr/c/0").stat().st_size < sine.nbytes / 2


def test_what_the_zarr_package_wrote_is_read(tmp_path):
    array = zarr.create_array(
        tmp_path / "signals.zarr",
        shape=(1300,),
        chunks=(100,),
        shards=(500,),
        dtype="int16",
        fill_value=-32768,
        compressors=BloscCodec(cname="zstd", clevel=1, shuffle=BloscShuffle.bitshuffle),
    )
    array[700:1300] = np.arange(600)  # a shard and two chunks are missing and not stored
    reader = SignalReader(tmp_path)
    assert reader.read(650, 1, 60).tolist() == [[-32768] * 50 + list(range(10))]
    assert reader.read(0, 1, 1300).tolist() == [[-32768] * 700 + list(range(600))]


@pytest.mark.parametrize("n_old", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("shard_samples", [100, 2000, 2**18])  # many shards, some, and a part of one
def test_an_array_that_goes_on_with_an_older_one_is_the_array_of_all(tmp_path, n_old, shard_samples):
    old, new = RECORDS[:n_old], RECORDS[n_old:]
    write(tmp_path / "whole", RECORDS, shard_samples=shard_samples)
    write(tmp_path / "old", old, shard_samples=shard_samples)
    before = bytes_below(tmp_path / "old")
    offsets = write(tmp_path / "new", new, shard_samples=shard_samples, after=tmp_path / "old")
    assert bytes_below(tmp_path / "old") == before
    assert bytes_below(tmp_path / "new") == bytes_below(tmp_path / "whole")
    reader = SignalReader(tmp_path / "new")
    for offset, record in zip(offsets, new, strict=True):
        np.testing.assert_array_equal(reader.read(offset, *record.shape), record)


def test_chunks_of_a_shard_in_part_are_taken_over(tmp_path):
    """300,000 samples are two chunks of 2**17 and a part of a third, in one shard."""
    old, new = (RNG.integers(-2000, 2000, (2, 150_000)).astype(np.int16) for _ in range(2))
    write(tmp_path / "old", [old], shard_samples=2**20)
    (offset,) = write(tmp_path / "new", [new], shard_samples=2**20, after=tmp_path / "old")
    assert offset == 300_000
    expected = np.concatenate([old.ravel(), new.ravel()])
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "new" / "signals.zarr", mode="r")[:], expected)


def test_full_shards_are_shared_and_the_last_one_is_not(tmp_path):
    write(tmp_path / "old", RECORDS[:1], shard_samples=300)  # 700 samples: two shards and a third in part
    write(tmp_path / "new", RECORDS[1:2], shard_samples=300, after=tmp_path / "old")
    shared = [
        (tmp_path / "new/signals.zarr/c" / n).samefile(tmp_path / "old/signals.zarr/c" / n) for n in ("0", "1", "2")
    ]
    assert shared == [True, True, False]


def test_a_writer_that_fails_leaves_no_array_and_the_older_one_as_it_was(tmp_path):
    write(tmp_path / "old", RECORDS[:3], shard_samples=300)
    before = bytes_below(tmp_path / "old")
    with pytest.raises(ValueError, match="16 bits"):
        write(tmp_path / "new", [RECORDS[1], np.array([[40_000]])], shard_samples=300, after=tmp_path / "old")
    assert bytes_below(tmp_path / "old") == before
    with pytest.raises(NotFound):
        SignalReader(tmp_path / "new")
    write(tmp_path / "new", RECORDS[3:], shard_samples=300, after=tmp_path / "old")  # the rerun
    write(tmp_path / "whole", RECORDS, shard_samples=300)
    assert bytes_below(tmp_path / "new") == bytes_below(tmp_path / "whole")


KILLED = """
import os, sys
from pathlib import Path
import numpy as np
from chiron.datasets.signals import SignalWriter
writer = SignalWriter(Path(sys.argv[1]), shard_samples=300, after=Path(sys.argv[2]))
writer.append(np.ones((1, 1000), np.int16))
os.kill(os.getpid(), 9)
"""


def test_a_killed_writer_leaves_no_array_and_the_older_one_as_it_was(tmp_path):
    write(tmp_path / "old", RECORDS[:3], shard_samples=300)
    before = bytes_below(tmp_path / "old")
    (tmp_path / "new").mkdir()
    command = [sys.executable, "-c", KILLED, tmp_path / "new", tmp_path / "old"]
    assert subprocess.run(command, check=False, timeout=60).returncode == -9
    assert len(bytes_below(tmp_path / "new")) > 10
    assert bytes_below(tmp_path / "old") == before
    with pytest.raises(NotFound):
        SignalReader(tmp_path / "new")


def test_only_an_array_of_the_same_type_and_shards_can_go_on(tmp_path):
    write(tmp_path / "old", RECORDS, shard_samples=300)
    assert can_append(tmp_path / "old", "int16", 300)
    for dtype, shard_samples in [("int32", 300), ("int16", 200), ("int16", None)]:
        assert not can_append(tmp_path / "old", dtype, shard_samples)
        with pytest.raises(ValueError, match="expected an array that"):
            SignalWriter(tmp_path, dtype=dtype, shard_samples=shard_samples, after=tmp_path / "old")
    assert not can_append(tmp_path / "nothing", "int16", 300)


def test_a_sample_that_has_no_place_in_the_array_is_refused(tmp_path):
    with SignalWriter(tmp_path, shard_samples=64) as writer, pytest.raises(ValueError, match="16 bits"):
        writer.append(np.array([[40_000]], np.int32))


SHARD = "signals.zarr/c/0"


def one_chunk(folder):
    """A shard of one chunk: its bytes, then 16 bytes that say where it is, then 4 of checksum."""
    write(folder, RECORDS[:1], shard_samples=700)
    return (folder / SHARD).read_bytes()


@pytest.mark.parametrize("cut", [1, 4, 20, 21, 10**6])
def test_a_shard_that_lost_its_end_is_damaged(tmp_path, cut):
    (tmp_path / SHARD).write_bytes(one_chunk(tmp_path)[:-cut])
    with pytest.raises(Damaged):
        SignalReader(tmp_path).read(0, 1, 700)


@pytest.mark.parametrize(("at", "stated"), [(4, 2**31), (4, 4), (12, 2**31), (12, 20)])
def test_sizes_that_the_bytes_do_not_have_are_never_believed(tmp_path, at, stated):
    """Blosc's own header: bytes of samples at 4, bytes stored at 12."""
    content = bytearray(one_chunk(tmp_path))
    struct.pack_into("<I", content, at, stated)
    (tmp_path / SHARD).write_bytes(content)
    with pytest.raises(Damaged):
        SignalReader(tmp_path).read(0, 1, 700)


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("int16", "float64"),
        ("bitshuffle", "shuffle"),
        ("zstd", "lz4"),
        ("700", "0"),
        ("700", "-5"),
        ("700", "1e3"),
        ("700", "true"),
        ("{", "["),
        ("{", "{" * 10_000),
    ],
)
def test_metadata_of_another_array_is_refused(tmp_path, said, instead):
    one_chunk(tmp_path)
    path = tmp_path / "signals.zarr/zarr.json"
    path.write_text(path.read_text().replace(said, instead))
    with pytest.raises(Damaged):
        SignalReader(tmp_path)
