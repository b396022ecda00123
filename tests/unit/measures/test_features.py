"""R peaks and features, on beats whose places are known."""

import numpy as np
import pytest

from chiron.measures.features import FEATURE_NAMES, features_of
from chiron.measures.rpeaks import find_r_peaks
from tests.unit.learning.conftest import spikes


def feature(x: np.ndarray, name: str) -> float:
    return float(features_of(x, 100.0)[FEATURE_NAMES.index(name)])


@pytest.mark.parametrize("sign", [1, -1])
def test_every_beat_is_found_within_two_samples_in_either_polarity(sign):
    rr = np.array([0.8, 0.7, 1.1, 0.5, 0.9, 0.8, 0.75, 1.3, 0.6, 0.8])
    x = sign * spikes(rr, 1000) + 0.05 * np.random.default_rng(0).standard_normal(1000)
    found = find_r_peaks(x, 100.0)
    np.testing.assert_allclose(found, np.cumsum(rr) * 100, atol=2)


def test_a_burst_of_noise_does_not_hide_the_other_beats():
    x = spikes(np.full(24, 0.8), 2000)
    x[1000:1030] += 5 * np.random.default_rng(0).standard_normal(30)
    beats = set((np.cumsum(np.full(24, 0.8)) * 100).round().astype(int)) - set(range(950, 1080))
    found = find_r_peaks(x, 100.0)
    assert all(np.abs(found - beat).min() <= 2 for beat in beats)


def test_too_short_a_signal_has_no_beats():
    assert find_r_peaks(np.ones(50), 100.0).size == 0


def test_intervals_are_measured_in_seconds_and_beats_per_minute():
    x = spikes(np.full(24, 0.75), 2000)
    assert feature(x, "rr_rate_per_min") == pytest.approx(80, abs=0.5)
    assert feature(x, "rr_mean") == pytest.approx(0.75, abs=0.005)
    assert feature(x, "rr_sd") == pytest.approx(0, abs=0.01)
    assert feature(x, "signal_duration_s") == 20


def test_irregular_beats_have_more_entropy_than_regular_ones():
    rng = np.random.default_rng(1)
    regular, irregular = spikes(np.full(24, 0.75), 2000), spikes(rng.uniform(0.4, 1.1, 24), 2000)
    for name in ("rr_sd", "rr_sample_entropy", "rr_step_entropy", "rr_turning_points"):
        assert feature(irregular, name) > feature(regular, name), name


@pytest.mark.parametrize("x", [np.zeros(2000), np.ones(150), np.random.default_rng(0).standard_normal(900)])
def test_every_signal_gives_every_feature_as_a_finite_number(x):
    found = features_of(x.astype(np.float32), 100.0)
    assert found.shape == (len(FEATURE_NAMES),)
    assert np.isfinite(found).all()
