import hashlib
import os
import pickle

import numpy as np
import pytest
from safetensors.numpy import save
from scipy.io import savemat
from scipy.signal import resample_poly, welch

from chiron.errors import BadParameters, Damaged, NotFound
from chiron.synthesis.bank import BANK_SAMPLES, COLOURS, make_bank
from chiron.synthesis.draws import Topic, new_stream
from chiron.synthesis.filters import Device
from chiron.synthesis.noise import NUMBERS, fill_noise, noise_settings
from chiron.synthesis.recorded_bank import load_bank, read_recordings, resample, write_bank
from schemas.cohort import Group
from schemas.states import NoiseKind

RATE_HZ = 360.0
KINDS = list(NoiseKind)
MOTION, TREMOR = KINDS.index(NoiseKind.MOTION), KINDS.index(NoiseKind.TREMOR)


def _recordings(seconds=400):
    """Two channels per kind, each a tone of its own frequency: what a row is made of can be told."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    tones_hz = {NoiseKind.WANDER: (0.5, 0.8), NoiseKind.MOTION: (3.0, 4.0), NoiseKind.MUSCLE: (20.0, 30.0)}
    return {kind: np.stack([7 * np.sin(2 * np.pi * hz * t) + 2 for hz in pair]) for kind, pair in tones_hz.items()}


@pytest.fixture(scope="module")
def bank_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("bank") / "noise.safetensors"
    return path, write_bank(path, _recordings(), RATE_HZ)


def _line_hz(x, fs_hz):
    f, power = welch(x, fs_hz, nperseg=16_384)
    return f[power.argmax()]


@pytest.mark.parametrize("fs_hz", [100.0, 360.0, 500.0])
def test_recordings_come_back_at_any_sampling_rate_with_mean_square_one(bank_file, fs_hz):
    bank = load_bank(*bank_file, fs_hz)
    assert bank.recorded == 1
    assert bank.samples.shape == (len(KINDS), COLOURS, BANK_SAMPLES)
    assert (bank.samples.astype(np.float64) ** 2).mean(axis=2) == pytest.approx(1, abs=1e-4)
    for k, pair in ((0, (0.5, 0.8)), (1, (3.0, 4.0)), (2, (20.0, 30.0))):
        for c in range(COLOURS):
            assert _line_hz(bank.samples[k, c], fs_hz) == pytest.approx(pair[c % 2], abs=fs_hz / 16_384)


def test_a_kind_that_was_not_recorded_is_modelled(bank_file):
    assert np.array_equal(load_bank(*bank_file, 500.0).samples[TREMOR], make_bank(500.0).samples[TREMOR])


def test_the_same_recordings_give_the_same_bytes(tmp_path):
    first, second = (write_bank(tmp_path / name, _recordings(60), RATE_HZ) for name in ("a", "b"))
    assert first == second == hashlib.sha256((tmp_path / "a").read_bytes()).hexdigest()


def test_records_take_recorded_noise(bank_file):
    out, numbers = np.empty((5000, 2), dtype=np.float32), np.empty(len(NUMBERS))
    settings = noise_settings([Group()])
    mean_square = fill_noise(
        new_stream(1, 1, Topic.NOISE),
        load_bank(*bank_file, 500.0),
        settings,
        0,
        500.0,
        Device(40.0, 0.5),
        0.3,
        out,
        numbers,
    )
    assert numbers[NUMBERS.index("noise_recorded")] == 1
    assert (out.astype(np.float64) ** 2).mean() == pytest.approx(mean_square, rel=1e-5)


def test_a_file_with_another_hash_is_refused(bank_file, tmp_path):
    path, sha256 = bank_file
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    other = tmp_path / "changed.safetensors"
    other.write_bytes(changed)
    with pytest.raises(Damaged, match="expected SHA-256"):
        load_bank(other, sha256, 500.0)


def test_a_bank_that_is_not_there_is_said_so(tmp_path):
    for path in (None, tmp_path / "none", tmp_path):
        with pytest.raises(NotFound, match="CHIRON_NOISE_BANK"):
            load_bank(path, "0" * 64, 500.0)


class _Malicious:
    def __reduce__(self):
        return os.getcwd, ()


def _hostile():
    long_enough = np.zeros((1, 30_000), dtype=np.float32)
    varied = np.random.default_rng(1).normal(size=(1, 30_000)).astype(np.float32)
    rate = {"fs_hz": np.array([RATE_HZ])}
    return {
        "a pickle": pickle.dumps(_Malicious()),
        "nothing": b"",
        "a header longer than the file": (2**40).to_bytes(8, "little") + b"{}",
        "no rate": save({"motion": varied}),
        "no kinds": save(rate),
        "another name": save(rate | {"gunfire": varied}),
        "an impossible rate": save({"fs_hz": np.array([np.nan]), "motion": varied}),
        "a rate of bytes": save({"fs_hz": np.zeros(3, dtype=np.uint8), "motion": varied}),
        "too short": save(rate | {"motion": varied[:, :5000]}),
        "one dimension": save(rate | {"motion": varied[0]}),
        "whole numbers": save(rate | {"motion": varied.astype(np.int64)}),
        "not finite": save(rate | {"motion": np.where(varied > 3, np.inf, varied)}),
        "constant": save(rate | {"motion": long_enough}),
    }


@pytest.mark.parametrize("name", sorted(_hostile()))
def test_a_file_that_is_no_bank_is_refused_even_with_the_right_hash(tmp_path, name):
    content = _hostile()[name]
    path = tmp_path / "noise.safetensors"
    path.write_bytes(content)
    with pytest.raises(Damaged, match="noise bank: "):
        load_bank(path, hashlib.sha256(content).hexdigest(), 500.0)


@pytest.mark.parametrize("fs_hz", [100.0, 250.0, 500.0, 1000.0])
def test_a_resampled_spectrum_is_that_of_the_recording(fs_hz):
    x = np.random.default_rng(2).normal(size=40_000).astype(np.float32)
    ratio = (int(fs_hz), int(RATE_HZ))
    own = resample(x, *ratio).astype(np.float64)
    assert own.size == 40_000 * ratio[0] // ratio[1]
    f, before = welch(x, RATE_HZ, nperseg=720)
    g, after = welch(own, fs_hz, nperseg=int(2 * fs_hz))
    kept = 0.8 * min(RATE_HZ, fs_hz) / 2
    assert np.allclose(after[g < kept], before[f < kept], rtol=0.05, atol=0)
    gone = g > 1.15 * min(RATE_HZ, fs_hz) / 2
    assert after[gone].sum() <= 1e-4 * after.sum()


def test_resampling_agrees_with_scipy_within_the_band():
    t = np.arange(36_000) / RATE_HZ
    x = sum(np.sin(2 * np.pi * hz * t + hz) for hz in (0.3, 4.0, 17.0, 33.0))
    expected = resample_poly(x, 25, 18)
    own = resample(x.astype(np.float32), 25, 18)
    assert np.abs(own - expected)[500:-500].max() < 0.01


def test_recordings_are_read_from_matlab_and_numpy_files(tmp_path):
    x = np.random.default_rng(3).normal(size=(2, 500))
    savemat(tmp_path / "EM.mat", {"EM": x.T})
    np.save(tmp_path / "tremor.npy", x[0])
    (tmp_path / "readme").write_text("not a recording")
    found = read_recordings(tmp_path)
    assert set(found) == {NoiseKind.MOTION, NoiseKind.TREMOR}
    assert np.allclose(found[NoiseKind.MOTION], x, atol=1e-6)
    assert found[NoiseKind.TREMOR].shape == (1, 500)


def test_a_folder_without_recordings_and_a_file_of_objects_are_refused(tmp_path):
    with pytest.raises(NotFound, match="noise recordings"):
        read_recordings(tmp_path)
    np.save(tmp_path / "em.npy", np.array([_Malicious()], dtype=object), allow_pickle=True)
    with pytest.raises(BadParameters, match=r"em\.npy"):
        read_recordings(tmp_path)
    (tmp_path / "em.npy").unlink()
    (tmp_path / "em.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    with pytest.raises(BadParameters, match=r"em\.mat"):
        read_recordings(tmp_path)


def test_recordings_that_are_too_short_or_flat_are_not_written(tmp_path):
    with pytest.raises(BadParameters, match="60 s"):
        write_bank(tmp_path / "a", {NoiseKind.MOTION: np.random.default_rng(1).normal(size=(1, 1000))}, RATE_HZ)
    with pytest.raises(BadParameters, match="vary"):
        write_bank(tmp_path / "a", {NoiseKind.MOTION: np.ones((1, 40_000))}, RATE_HZ)
    assert not (tmp_path / "a").exists()


@pytest.mark.real
def test_the_noise_stress_test_recordings_make_a_bank(real_data, tmp_path):
    recordings = read_recordings(real_data / "nstdb")
    assert {kind: x.shape for kind, x in recordings.items()} == dict.fromkeys(KINDS[:3], (2, 650000))
    path = tmp_path / "nstdb.safetensors"
    bank = load_bank(path, write_bank(path, recordings, RATE_HZ), 500.0)
    f, before = welch(recordings[NoiseKind.MOTION], RATE_HZ, nperseg=3600)
    g, after = welch(bank.samples[MOTION], 500.0, nperseg=5000)
    for low, high in ((0.5, 1.0), (1.0, 5.0), (5.0, 15.0)):
        shares = [
            p[:, (h >= low) & (h < high)].sum(1) / p[:, (h > 0.5) & (h < 40)].sum(1)
            for h, p in ((f, before), (g, after))
        ]
        assert 0.5 * shares[0].min() < shares[1].min() <= shares[1].max() < 2 * shares[0].max()
