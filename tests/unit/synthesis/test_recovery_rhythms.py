"""What makes each rhythm is to be seen in the signal: P waves or none, fibrillatory and flutter waves, spikes."""

from itertools import pairwise

import numpy as np
import pytest
from cohorts import only
from measuring import CLEAR, FINE, find_beats, millivolts, size, spans, true_beats, windows
from scipy.signal import detrend, welch
from scipy.stats import kstest

from chiron.synthesis.record import synthesize_record
from chiron.synthesis.structures import MEASURED
from schemas.cohort import Group
from schemas.states import AvConduction, Ectopy, EctopyPattern, Rhythm

FS_HZ = 500.0
N_PEOPLE = 12
SLOW = {"heart_rate_bpm": (45.0, 65.0)}


def _records(*, duration_s=60, noise=CLEAR, **group):
    """(record, (L, S) mV) of some people."""
    spec = only(Group(noise=noise, **group), seed=3, fs_hz=FS_HZ, duration_s=duration_s, leads=MEASURED, **FINE)
    return [(r, millivolts(r, spec)) for r in (synthesize_record(spec, i) for i in range(N_PEOPLE))]


@pytest.fixture(scope="module")
def fibrillating():
    """Where it lasts for the whole minute."""
    records = _records(rhythm=Rhythm.ATRIAL_FIBRILLATION, **SLOW)
    return [(r, mv) for r, mv in records if not spans(r, "(N").size]


def _before_qrs_uv(mv):
    """RMS of the mean of all beats from 280 to 60 ms before R, without its slope, in II or V1."""
    mean = windows(mv, find_beats(mv, FS_HZ)[1:-1], 140, 0)[:, 1:3, :110].mean(axis=0)
    return 1000 * detrend(mean, axis=1).std(axis=1).max()


def test_no_p_wave_precedes_the_qrs_in_fibrillation_and_junctional_rhythm(fibrillating):
    """Fibrillatory waves of 20 to 60 uV leave an eighth after 60 beats."""
    p_uv = [_before_qrs_uv(mv) for _, mv in _records(**SLOW)]
    without_uv = [_before_qrs_uv(mv) for _, mv in fibrillating]
    junctional_uv = [_before_qrs_uv(mv) for _, mv in _records(rhythm=Rhythm.JUNCTIONAL, **SLOW)]
    assert min(p_uv) > 10
    assert np.median(without_uv) < 0.4 * np.median(p_uv)
    assert np.median(junctional_uv) < 0.1 * np.median(p_uv)


def _between_beats(mv):
    """The signal less the median beat around every beat: what does not go with the ventricles."""
    found, rest = find_beats(mv, FS_HZ), mv.copy()
    beat = np.median(windows(mv, found, 150, 250), axis=0)
    for at in found[(found >= 150) & (found < mv.shape[1] - 250)]:
        rest[:, at - 150 : at + 250] -= beat
    return rest


def test_fibrillatory_waves_have_their_commanded_rate(fibrillating):
    """The rate wanders by 12 %, and each axis has its own."""
    ratios = []
    for record, mv in fibrillating:
        hz, power = welch(_between_beats(mv)[2], FS_HZ, nperseg=2048)
        band = (hz > 3.9) & (hz < 9.1)
        ratios.append(hz[band][np.argmax(power[band])] / record.parameters["f_wave_rate_hz"])
    assert np.median(ratios) == pytest.approx(1, abs=0.08)
    assert np.mean(np.abs(np.log(ratios)) < 0.2) > 0.7


def test_flutter_has_its_commanded_rate():
    """QRS are bridged; what is left in II repeats 200 to 333 times a minute."""
    for record, mv in _records(rhythm=Rhythm.ATRIAL_FLUTTER):
        lead = mv[1].copy()
        for at in find_beats(mv, FS_HZ):
            a, b = max(at - 35, 0), min(at + 35, lead.size - 1)
            lead[a:b] = np.linspace(lead[a], lead[b], b - a)
        hz, power = welch(np.diff(lead), FS_HZ, nperseg=8192)
        band = (hz > 3.1) & (hz < 5.8)
        rate_bpm = 60 * hz[band][np.argmax(power[band])]
        assert rate_bpm == pytest.approx(record.parameters["flutter_rate_bpm"], abs=4)


def test_pacing_spikes_are_seen_before_each_paced_qrs():
    """A spike bends by tenths of a mV in 2 ms, a QRS by hundredths."""
    for record, mv in _records(rhythm=Rhythm.PACED, duration_s=20):
        bend = size(np.diff(mv, 2, axis=1, prepend=0, append=0))
        begins = spans(record, "(N)")[:, 0]
        begins = begins[(begins > 20) & (begins < mv.shape[1] - 60)]
        spikes = [bend[at - 8 : at + 2].max() for at in begins]
        assert min(spikes) > 5 * np.median([bend[at + 6 : at + 50].max() for at in begins])


def _steep_ms(beat):
    """How long the vector of a beat, R at 200, moves faster than a tenth of its fastest."""
    speed = size(np.gradient(beat, axis=1))[100:300]
    return np.ptp(np.flatnonzero(speed > 0.1 * speed.max())) * 1000 / FS_HZ


def test_ventricular_premature_beats_are_wide_and_their_t_waves_discordant():
    group = {"ectopy": {Ectopy.VENTRICULAR: 1.0}, "ectopy_pattern": {EctopyPattern.FREQUENT: 1.0}}
    wider, discordant = [], []
    for record, mv in _records(heart_rate_bpm=(50.0, 75.0), **group):
        level = np.median(mv, axis=1)[:, None]
        usual, premature = (
            np.median(windows(mv, true_beats(record, frozenset(code)), 200, 300), axis=0) - level for code in "NV"
        )
        wider.append((_steep_ms(premature), _steep_ms(usual)))
        area, t_area = premature[:, 150:260].sum(axis=1), premature[:, 290:420].sum(axis=1)
        lead = int(np.argmax(np.abs(area)))
        discordant.append(area[lead] * t_area[lead] < 0)
    premature_ms, usual_ms = np.array(wider).T
    assert np.median(premature_ms) > 120 > np.median(usual_ms)
    assert (premature_ms > usual_ms).mean() > 0.9
    assert np.mean(discordant) > 0.9


def test_wenckebach_pr_grows_until_a_beat_is_dropped():
    for record, _ in _records(av={AvConduction.WENCKEBACH: 1.0}, heart_rate_bpm=(36.0, 55.0)):
        p, r = spans(record, "p")[:, 0], true_beats(record)
        last_p = [p[p < at][-1] for at in r[1:-1]]
        n_p = np.array([((p < b) & (p > a)).sum() for a, b in pairwise(r[:-1])])
        pr = r[1:-1] - np.array(last_p)
        assert set(n_p) == {1, 2}  # two where one was blocked
        assert (np.diff(pr)[n_p[1:] == 1] > 0).all()
        assert (np.diff(pr)[n_p[1:] == 2] < 0).all()


def test_in_complete_block_p_waves_lie_anywhere_between_beats():
    phases = []
    for record, _ in _records(av={AvConduction.COMPLETE_BLOCK: 1.0}, heart_rate_bpm=(30.0, 55.0)):
        p, r = spans(record, "p")[:, 0], true_beats(record)
        p = p[(p > r[0]) & (p < r[-1])][::7]  # far apart, so that they are nearly independent
        k = np.searchsorted(r, p, side="right")
        phases.append((p - r[k - 1]) / (r[k] - r[k - 1]))
    assert kstest(np.concatenate(phases), "uniform").pvalue > 0.01
