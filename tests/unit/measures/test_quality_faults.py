"""Faults of single samples, counted by hand. What a whole record's are is tested with `chiron.quality.signals`."""

import numpy as np

from chiron.measures.quality_faults import flat_share, saturated_share, spike_share

VOLTAGE = np.array([True])


def test_a_share_counts_whole_seconds_at_any_rate():
    for fs_hz in (100.0, 250.0, 500.0):
        ramp = np.arange(10 * fs_hz, dtype=np.float32)[None] * 0.02 / np.float32(fs_hz)  # 0.02 mV in a second
        ramp[0, : round(3 * fs_hz)] = 0
        assert flat_share(ramp, VOLTAGE, fs_hz).tolist() == [0.3]


def test_turning_a_signal_over_changes_no_fault():
    rng = np.random.Generator(np.random.Philox(2))
    signal = np.clip(rng.normal(0, 1, (1, 2000)), -1.2, 0.8).astype(np.float32)
    signal[0, [50, 900]] += 8
    assert saturated_share(signal) == saturated_share(-signal)
    assert spike_share(signal, VOLTAGE, 100.0) == spike_share(-signal, VOLTAGE, 100.0)


def test_a_plateau_of_n_samples_counts_n_less_one():
    signal = np.arange(100, dtype=np.float32)[None].copy()
    signal[0, 90:] = 99
    assert saturated_share(signal).tolist() == [0.09]
