import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.signal import welch

from chiron.synthesis.draws import Topic, new_stream
from chiron.synthesis.intervals import (
    Variability,
    breath_share,
    draw_arrhythmic,
    draw_resting,
    fibrillation_intervals,
    known_lf_hf,
    new_pacemaker,
    next_interval,
)


def _series(index, variability, mean_s=0.8, breath_hz=0.25, duration_s=900.0):
    """When intervals begin, and how long they are, s."""
    stream = new_stream(5, index, Topic.RHYTHM)
    pacemaker = new_pacemaker(stream, variability, mean_s, breath_hz, duration_s)
    starts, intervals, t = [], [], 0.0
    while t < duration_s:
        starts.append(t)
        intervals.append(next_interval(stream, pacemaker, t))
        t += intervals[-1]
    return np.array(starts), np.array(intervals)


def _spectrum(starts, intervals):
    """Task Force 1996: intervals interpolated (cubic: a linear one takes HF away) at 4 Hz, Welch's periodogram."""
    even = CubicSpline(starts, intervals)(np.arange(0, starts[-1], 0.25))
    return welch(even - even.mean(), fs=4.0, nperseg=1024)


@pytest.mark.parametrize("lf_hf", [0.3, 1.2, 4.0])
def test_the_spectrum_of_intervals_has_the_commanded_ratio_of_lf_to_hf(lf_hf):
    found = []
    for index in range(8):
        f, power = _spectrum(*_series(index, Variability(0.05, 0.2, lf_hf, 0.003)))
        lf, hf = (power[(low <= f) & (f < high)].sum() for low, high in ((0.04, 0.15), (0.15, 0.4)))
        found.append(lf / hf)
    assert np.median(found) == pytest.approx(lf_hf, rel=0.15)


def test_intervals_follow_the_commanded_breathing():
    for breath_hz in (0.2, 0.3, 0.36):
        f, power = _spectrum(*_series(1, Variability(0.05, 0.1, 0.2, 0.003), breath_hz=breath_hz))
        assert f[power.argmax()] == pytest.approx(breath_hz, abs=0.035)


def test_intervals_have_the_commanded_mean_and_spread():
    # the mean of beats per second, not of seconds per beat, is what a rate is
    for index, sd in enumerate((0.01, 0.03, 0.08, 0.18)):
        _, intervals = _series(index, Variability(sd, 0.2, 1.0, 0.003))
        assert intervals.mean() == pytest.approx(0.8, rel=0.01)
        assert intervals.std() / intervals.mean() == pytest.approx(sd, rel=0.2)


def test_slow_waves_do_not_move_the_mean_of_a_short_recording():
    means = [_series(k, Variability(0.08, 0.6, 1.0, 0.0), duration_s=10.0)[1].mean() for k in range(30)]
    assert np.abs(np.array(means) / 0.8 - 1).max() < 0.05


def test_lf_and_hf_are_not_told_where_breathing_is_outside_hf_or_too_fast_for_the_beats():
    usual = Variability(0.03, 0.2, 1.3, 0.003)
    assert known_lf_hf(usual, 0.8, 0.25) == 1.3
    assert np.isnan(known_lf_hf(usual, 0.8, 0.12))
    assert np.isnan(known_lf_hf(usual, 0.8, 0.5))
    assert np.isnan(known_lf_hf(usual, 1.8, 0.3))  # 0.28 Hz is the highest that 33 beats a minute show


def test_people_at_rest_vary_as_in_the_review_of_nunan_2010():
    # its studies' means: SDNN 32 to 93 ms at 926 ms, LF/HF 1.1 to 11.6 with half as much by normalised units
    drawn = [draw_resting(new_stream(1, k, Topic.RHYTHM), 0.926) for k in range(400)]
    assert 32 / 926 * 0.7 < np.median([v.sd for v in drawn]) < 93 / 926
    assert 0.8 < np.median([v.lf_hf for v in drawn]) < 3
    arrhythmic = [draw_arrhythmic(new_stream(1, k, Topic.RHYTHM)) for k in range(100)]
    assert min(v.sd for v in arrhythmic) >= 0.07
    assert min(breath_share(v) for v in arrhythmic) > 0.6


def test_fibrillation_intervals_have_the_commanded_mean_and_spread_and_lean_to_long_ones():
    out = np.empty(4000)
    for index, (mean_s, cv) in enumerate([(0.5, 0.12), (0.7, 0.2), (0.9, 0.3)]):
        fibrillation_intervals(new_stream(2, index, Topic.RHYTHM), out, mean_s, cv)
        assert out.mean() == pytest.approx(mean_s, rel=0.01)
        assert out.std() / out.mean() == pytest.approx(cv, rel=0.03)
        assert ((out - out.mean()) ** 3).mean() / out.std() ** 3 > 0.3
