import hashlib

import numpy as np
import pytest

from chiron.datasets.signals import (
    SignalReader,
    SignalWriter,
    create_signal_array,
    link_signals,
    signal_sha256,
    write_region,
)

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
    write_region(tmp_path, 200, np.full(30, 3, np.int16))
    write_region(tmp_path, 0, np.full(100, 1, np.int16))
    reader = SignalReader(tmp_path)
    assert reader.read(0, 1, 100).tolist() == [[1] * 100]
    assert reader.read(200, 1, 100).tolist() == [[3] * 30 + [-32768] * 70]  # padding reads as missing


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
