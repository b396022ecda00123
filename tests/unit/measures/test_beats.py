"""Beats whose places and shapes are known: ectopic ones are put in by hand."""

import numpy as np
import pytest

from chiron.measures.beats import BEAT_FEATURES, beat_features, find_beats
from chiron.measures.rpeaks import find_r_peaks

FS_HZ = 100.0


def beating(r_s, *, wide=(), inverted=(), seconds=28.8):
    """QRS complexes of height 1 with a T wave; the beats of `wide` are broad and have no T wave."""
    t = np.arange(round(seconds * FS_HZ)) / FS_HZ
    x = np.zeros_like(t)
    for i, at in enumerate(r_s):
        if i in wide:
            x += 2.2 * np.exp(-(((t - at) / 0.05) ** 2)) - 1.2 * np.exp(-(((t - at - 0.2) / 0.08) ** 2))
        else:
            sign = -1 if i in inverted else 1
            x += sign * (np.exp(-(((t - at) / 0.02) ** 2)) + 0.25 * np.exp(-(((t - at - 0.28) / 0.05) ** 2)))
    return x + 0.01 * np.random.default_rng(0).standard_normal(t.size)


def features(x):
    return dict(zip(BEAT_FEATURES, beat_features(find_r_peaks(x, FS_HZ), x, FS_HZ), strict=True))


@pytest.fixture
def regular_s():
    """35 beats, 75 per minute."""
    return 0.8 * np.arange(1, 36)


def test_regular_beats_are_alike_and_none_is_early(regular_s):
    found = features(beating(regular_s))
    assert found["n_beats"] == 35
    assert found["likeness_mean"] > 0.98
    assert found["unlike_share"] == found["early_share"] == found["inverted_share"] == 0
    assert found["ordinary_cv"] == pytest.approx(0, abs=0.01)
    assert found["interval_after_early"] == 1


def test_early_wide_beats_are_early_unlike_and_like_each_other(regular_s):
    early = [7, 15, 23, 31]
    regular_s[early] -= 0.3
    found = features(beating(regular_s, wide=early))
    assert found["early_unlike_share"] == pytest.approx(4 / 35)
    assert found["early_alike_share"] == found["on_time_unlike_share"] == 0
    assert found["others_alike"] > 0.95
    assert found["interval_after_early"] == pytest.approx(1.1 / 0.8, abs=0.03)  # a full compensatory pause
    assert found["ordinary_cv"] == pytest.approx(0, abs=0.01)  # the rhythm beneath is regular


def test_early_beats_of_the_usual_shape_are_told_from_wide_ones(regular_s):
    early = [7, 15, 23]
    regular_s[early] -= 0.3
    found = features(beating(regular_s))
    assert found["early_alike_share"] == pytest.approx(3 / 35)
    assert found["early_unlike_share"] == 0


def test_beats_upside_down_are_counted(regular_s):
    assert features(beating(regular_s, inverted=[5, 6, 7, 8, 9, 10, 11]))["inverted_share"] == pytest.approx(7 / 35)


def test_a_rate_that_doubles_is_a_change_of_rate():
    r_s = np.concatenate([np.arange(1, 15, 1.0), 15 + 0.5 * np.arange(27)])
    assert features(beating(r_s))["rate_change"] == pytest.approx(2, abs=0.05)


def test_beats_that_were_found_off_their_peak_are_moved_onto_each_other(regular_s):
    x = beating(regular_s)
    peaks = find_r_peaks(x, FS_HZ)
    np.testing.assert_allclose(peaks / FS_HZ, regular_s, atol=0.011)
    peaks[::3] += 3
    np.testing.assert_allclose(np.diff(find_beats(peaks, x, FS_HZ).r_s), 0.8, atol=0.001)


@pytest.mark.parametrize(
    "x", [np.zeros(0), np.zeros(3000), np.ones(150), np.random.default_rng(0).standard_normal(3000)]
)
def test_every_signal_gives_every_feature_as_a_finite_number(x):
    found = beat_features(find_r_peaks(x, FS_HZ), x.astype(np.float32), FS_HZ)
    assert found.shape == (len(BEAT_FEATURES),)
    assert np.isfinite(found).all()
