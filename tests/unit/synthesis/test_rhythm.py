import numpy as np
import pytest

from chiron.synthesis.plan import Beat
from chiron.synthesis.rhythm import plan_rhythm
from chiron.synthesis.stream import Stream
from schemas.cohort import Rhythm


def _plans(rhythm, n=60, duration_s=60.0):
    return [plan_rhythm(Stream(21, i), rhythm, duration_s=duration_s, breath_hz=0.25) for i in range(n)]


def _variation(plan):
    intervals = np.diff(plan.r_s)
    return intervals.std() / intervals.mean()


def test_every_rhythm_covers_the_recording_in_order():
    for rhythm in Rhythm:
        for plan in _plans(rhythm, n=5):
            assert plan.r_s[0] < 0
            assert plan.r_s[-1] > 60
            assert (np.diff(plan.r_s) >= 0.24 - 1e-9).all()  # shorter is beyond the ventricles
            assert len(plan.r_s) == len(plan.kind)
            assert len(plan.p_s) == len(plan.p_ectopic)


def test_fibrillation_varies_as_in_patients_and_sinus_rhythm_as_at_rest():
    # Tateno & Glass 2001: intervals in fibrillation vary by about a quarter of their mean. Nunan 2010, a review of
    # resting adults: SDNN 50 ms (32-93) at a mean of 926 ms.
    fibrillation = [_variation(p) for p in _plans(Rhythm.ATRIAL_FIBRILLATION)]
    sinus = [_variation(p) for p in _plans(Rhythm.SINUS)]
    assert 0.15 < np.median(fibrillation) < 0.3
    assert 32 / 926 * 0.7 < np.median(sinus) < 93 / 926
    assert np.quantile(fibrillation, 0.1) > np.quantile(sinus, 0.9)


def test_intervals_in_fibrillation_do_not_remember_the_one_before():
    plans = [p for p in _plans(Rhythm.ATRIAL_FIBRILLATION) if p.fibrillation_s[0] < 0 and p.fibrillation_s[1] > 60]
    memory = [np.corrcoef(np.diff(p.r_s)[1:], np.diff(p.r_s)[:-1])[0, 1] for p in plans]
    assert abs(np.median(memory)) < 0.25


def test_fibrillation_has_no_p_waves_while_it_lasts():
    for plan in _plans(Rhythm.ATRIAL_FIBRILLATION):
        begins, ends = plan.fibrillation_s
        assert not ((plan.p_s > begins + 0.5) & (plan.p_s < ends - 0.5)).any()
        assert min(ends, 60) - max(begins, 0) >= 0.45 * 60


@pytest.mark.parametrize("rhythm", [Rhythm.SINUS, Rhythm.SINUS_TACHYCARDIA, Rhythm.FIRST_DEGREE_BLOCK])
def test_each_sinus_beat_follows_its_p_wave(rhythm):
    for plan in _plans(rhythm, n=10):
        delay = plan.r_s - plan.p_s
        assert np.ptp(delay) < 1e-9
        assert 0.05 < delay[0] < 0.4


@pytest.mark.parametrize(
    ("rhythm", "low_bpm", "high_bpm"),
    [
        (Rhythm.SINUS, 49, 100),
        (Rhythm.SINUS_BRADYCARDIA, 33, 51),
        (Rhythm.SINUS_TACHYCARDIA, 98, 145),
        (Rhythm.ATRIAL_FIBRILLATION, 36, 190),
    ],
)
def test_rates_are_those_of_the_rhythm(rhythm, low_bpm, high_bpm):
    rates = [60 / np.diff(p.r_s).mean() for p in _plans(rhythm)]
    assert low_bpm < min(rates)
    assert max(rates) < high_bpm


def test_ventricular_beats_come_early_without_p_wave_and_a_compensatory_pause_follows():
    early, twice, checked = [], [], 0
    for plan in _plans(Rhythm.PREMATURE_VENTRICULAR):
        kind, t = plan.kind, plan.r_s
        for k in range(2, len(t) - 2):
            if kind[k] == Beat.VENTRICULAR and not kind[[k - 2, k - 1, k + 1]].any():
                usual = t[k - 1] - t[k - 2]
                early.append((t[k] - t[k - 1]) / usual)
                twice.append((t[k + 1] - t[k - 1]) / usual)
                assert not ((plan.p_s > t[k] - 0.1) & (plan.p_s < t[k])).any() or early[-1] > 0.9
                checked += 1
    assert checked > 50
    assert np.quantile(early, 0.9) < 0.92
    assert 1.9 < np.median(twice) < 2.1  # the sinus node is not reset


def test_atrial_beats_come_early_with_an_own_p_wave_and_reset_the_sinus_node():
    early, twice = [], []
    for plan in _plans(Rhythm.PREMATURE_ATRIAL):
        kind, t = plan.kind, plan.r_s
        assert plan.p_ectopic.any()
        for k in range(2, len(t) - 2):
            if kind[k] == Beat.ATRIAL and not kind[[k - 2, k - 1, k + 1]].any():
                usual = t[k - 1] - t[k - 2]
                early.append((t[k] - t[k - 1]) / usual)
                twice.append((t[k + 1] - t[k - 1]) / usual)
    assert np.quantile(early, 0.9) < 0.92
    assert np.median(twice) < 1.9


def test_every_recording_with_ectopy_has_an_ectopic_beat():
    for rhythm in (Rhythm.PREMATURE_VENTRICULAR, Rhythm.PREMATURE_ATRIAL):
        for plan in _plans(rhythm, duration_s=20):
            inside = (plan.r_s > 0) & (plan.r_s < 20) & (plan.kind != Beat.NORMAL)
            assert inside.any() or plan.p_ectopic.any()


def test_flutter_intervals_are_whole_numbers_of_turns():
    for plan in _plans(Rhythm.ATRIAL_FLUTTER, n=20):
        turn = np.median(np.diff(plan.flutter_s))
        assert 0.18 < turn < 0.28
        ratio = np.diff(plan.r_s) / turn
        assert np.abs(ratio - ratio.round()).max() < 0.15


def test_in_second_degree_block_some_p_waves_are_not_conducted():
    for plan in _plans(Rhythm.SECOND_DEGREE_BLOCK, n=20):
        assert len(plan.p_s) > len(plan.r_s) * 1.1
