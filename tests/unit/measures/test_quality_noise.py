"""Noise of known size: amplitudes and their arithmetic."""

import numpy as np
import pytest

from chiron.measures.quality_noise import mains_amplitude, noise_measures
from chiron.measures.quality_windows import cut

FS_HZ = 500.0


def wave(hz, mv, *, seconds=10, fs_hz=FS_HZ):
    """(1, N) mV."""
    return (mv * np.sin(2 * np.pi * hz * np.arange(round(seconds * fs_hz)) / fs_hz))[None].astype(np.float32)


@pytest.mark.parametrize("hz", [50.0, 60.0])
def test_mains_hum_has_its_amplitude(hz):
    assert mains_amplitude(wave(hz, 0.2) + wave(7.0, 1.0), FS_HZ) == pytest.approx(0.2, rel=1e-3)


def test_mains_that_drift_by_a_tenth_of_a_hertz_are_hum():
    assert mains_amplitude(wave(50.1, 0.2), FS_HZ) == pytest.approx(0.2, rel=0.02)


def test_white_noise_is_no_hum():
    noise = np.random.Generator(np.random.Philox(1)).normal(0, 0.1, (1, 30_000)).astype(np.float32)
    # a Hann window of 500 samples leaves 0.1 * sqrt(2 * 2 * 1.5 / 500) = 0.011 mV of white noise at any frequency
    assert mains_amplitude(noise, FS_HZ)[0] < 0.011


def test_seconds_with_missing_samples_tell_nothing_about_hum():
    hum = wave(50.0, 0.2)
    hum[0, ::1000] = np.nan  # every other second
    assert mains_amplitude(hum, FS_HZ) == pytest.approx(0.2, rel=1e-3)
    assert mains_amplitude(np.full((1, 1000), np.nan, np.float32), FS_HZ)[0] == 0


def test_hum_is_unknown_where_the_rate_or_the_length_does_not_show_it():
    assert np.isnan(mains_amplitude(wave(7.0, 1.0, fs_hz=120.0), 120.0)).all()
    assert np.isnan(mains_amplitude(wave(7.0, 1.0, seconds=0.5), FS_HZ)).all()


def test_wander_has_the_amplitude_of_its_wave():
    found = noise_measures(cut(wave(0.2, 0.8), FS_HZ))
    assert found.wander_mv == pytest.approx(0.8, rel=0.02)
    assert found.range_mv == pytest.approx(1.6, rel=0.01)


def test_an_offset_is_no_wander():
    assert noise_measures(cut(wave(0.2, 0.8) + 100, FS_HZ)).wander_mv == pytest.approx(0.8, rel=0.02)


def test_what_is_faster_than_the_heart_is_no_wander():
    # of 0.8 mV the filter passes a share of (0.67 / 5) ** 2 = 0.018; as much again is from the ends
    assert noise_measures(cut(wave(5.0, 0.8), FS_HZ)).wander_mv[0] < 2 * 0.018 * 0.8


def test_fast_noise_has_the_rms_of_its_wave():
    found = noise_measures(cut(wave(40.0, 0.1), FS_HZ))
    # of 0.1 / sqrt(2): the filter passes 1 / sqrt(1 + (20 / 40) ** 4), averaging 4 samples sin(4 u) / (4 sin u)
    u = np.pi * 40 / FS_HZ
    passed = 1 / np.sqrt(1 + 0.5**4) * np.sin(4 * u) / (4 * np.sin(u))
    assert found.fast_mv == pytest.approx(0.1 / np.sqrt(2) * passed, rel=0.02)


def test_complexes_that_last_a_tenth_of_a_second_are_no_fast_noise():
    t = np.arange(5000) / FS_HZ
    spikes = sum(2 * np.exp(-0.5 * ((t - at) / 0.005) ** 2) for at in np.arange(0.5, 10, 0.8))
    assert noise_measures(cut(spikes[None].astype(np.float32), FS_HZ)).fast_mv[0] < 0.01


def test_all_amplitudes_double_with_the_signal():
    signal = wave(0.3, 0.4) + wave(30.0, 0.1)
    once, twice = (np.array(noise_measures(cut(factor * signal, FS_HZ))) for factor in (1, 2))
    assert twice == pytest.approx(2 * once, rel=1e-4)
