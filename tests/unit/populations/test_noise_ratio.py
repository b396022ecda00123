"""The estimated ratio of signal to noise, against recordings whose noise is added here."""

import numpy as np
import pytest

from chiron.populations.noise_ratio import LEAST_DB, MOST_DB, signal_to_noise_db

FS_HZ = 250.0
N = 5000


def heart(n_leads=1):
    """Beats of 1 mV every 0.8 s, with T waves."""
    t = np.arange(N) / FS_HZ
    one = np.zeros(N)
    for at in np.arange(0.5, t[-1], 0.8):
        one += np.exp(-(((t - at) / 0.02) ** 2) / 2) + 0.3 * np.exp(-(((t - at - 0.25) / 0.05) ** 2) / 2)
    return np.stack([one * scale for scale in np.linspace(1, 0.5, n_leads)])


def noisy(snr_db, n_leads=1, seed=1):
    """White noise whose power follows from that of the heart, all leads together."""
    mv = heart(n_leads)
    noise = np.random.default_rng(seed).standard_normal(mv.shape)
    return mv + noise * np.sqrt((mv.var(axis=1).sum() / n_leads) / 10 ** (snr_db / 10))


@pytest.mark.parametrize("n_leads", [1, 8])
@pytest.mark.parametrize("snr_db", [0.0, 6.0, 12.0, 18.0])
def test_a_known_ratio_is_found_again(snr_db, n_leads):
    """White noise loses nothing but what lies beyond the resampling filter: below half a decibel."""
    estimates = [signal_to_noise_db(noisy(snr_db, n_leads, seed), FS_HZ) for seed in range(3)]
    assert np.mean(estimates) == pytest.approx(snr_db, abs=1.5)


def test_baseline_wander_and_one_large_step_do_not_count():
    t = np.arange(N) / FS_HZ
    mv = noisy(12.0)
    moved = mv + 0.5 * np.sin(2 * np.pi * 0.1 * t) + 2.0 * (t > 17.0)
    assert signal_to_noise_db(moved, FS_HZ) == pytest.approx(signal_to_noise_db(mv, FS_HZ), abs=1.0)


def test_a_heart_without_noise_is_at_the_upper_end_and_none_has_no_ratio():
    assert signal_to_noise_db(heart(), FS_HZ) > 25
    assert signal_to_noise_db(np.zeros((1, N)), FS_HZ) is None
    assert signal_to_noise_db(heart()[:, :500], FS_HZ) is None  # two seconds: two beats
    assert signal_to_noise_db(np.empty((0, 0)), FS_HZ) is None
    alone = signal_to_noise_db(np.random.default_rng(2).standard_normal((1, N)), FS_HZ)
    assert alone is None or LEAST_DB <= alone < 0 < MOST_DB


def test_missing_samples_are_no_noise():
    mv = noisy(15.0)
    mv[:, 1000:1100] = np.nan
    assert signal_to_noise_db(mv, FS_HZ) == pytest.approx(15.0, abs=2.0)
    one_dead = np.vstack([noisy(15.0), np.full(N, np.nan)])
    assert signal_to_noise_db(one_dead, FS_HZ) == pytest.approx(15.0, abs=2.0)
