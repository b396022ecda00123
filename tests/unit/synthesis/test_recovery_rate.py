"""Heart rate, its variability and breathing as commanded, from beats that detectors find in the signal."""

import numpy as np
import pytest
from cohorts import only, quiet
from measuring import find_beats, millivolts, true_beats, windows
from scipy.interpolate import CubicSpline
from scipy.signal import welch
from wfdb.processing import XQRS

from chiron.synthesis.record import synthesize_record
from chiron.synthesis.structures import MEASURED
from schemas.cohort import Group
from schemas.states import Rhythm

FS_HZ = 250.0
N_PEOPLE = 30


def test_the_rate_that_xqrs_measures_is_the_commanded_one():
    """XQRS of the WFDB package, a minute of the lead along the axis: one beat more or less is 1 a minute."""
    for rhythm in (Rhythm.SINUS, Rhythm.ATRIAL_FIBRILLATION, Rhythm.JUNCTIONAL, Rhythm.SUPRAVENTRICULAR_TACHYCARDIA):
        spec = only(Group(rhythm=rhythm, noise=quiet()), seed=5, fs_hz=FS_HZ, duration_s=60, leads=("V5",))
        for index in range(4):
            record = synthesize_record(spec, index)
            detector = XQRS(sig=millivolts(record, spec)[0], fs=int(FS_HZ))
            detector.detect(verbose=False)
            rate_bpm = 60 * FS_HZ / np.diff(detector.qrs_inds).mean()
            assert rate_bpm == pytest.approx(record.parameters["heart_rate_bpm"], abs=1.2)
            if rhythm in (Rhythm.SINUS, Rhythm.JUNCTIONAL):
                assert rate_bpm == pytest.approx(record.parameters["heart_rate_wanted_bpm"], abs=1.2)


@pytest.fixture(scope="module")
def rested():
    """(parameters, (L, S) mV, beats that are found) of five minutes: half in sinus arrhythmia."""
    made = []
    for rhythm in (Rhythm.SINUS, Rhythm.SINUS_ARRHYTHMIA):
        group = Group(rhythm=rhythm, noise=quiet(), breathing_hz=(0.19, 0.36), heart_rate_bpm=(55.0, 85.0))
        spec = only(group, seed=3, fs_hz=FS_HZ, leads=MEASURED, duration_s=300)
        for index in range(N_PEOPLE):
            record = synthesize_record(spec, index)
            mv = millivolts(record, spec)
            made.append((record, mv, find_beats(mv, FS_HZ)))
    return made


def test_all_beats_are_found(rested):
    for record, _, found in rested:
        truth = true_beats(record)
        truth = truth[(truth > FS_HZ) & (truth < 299 * FS_HZ)]
        assert np.abs(found[np.searchsorted(found, truth - 20)] - truth).max() <= 20  # 80 ms
        assert abs(found.size - true_beats(record).size) <= 2


def test_mean_and_deviation_of_intervals_are_the_commanded_ones(rested):
    """A slow wave that is not over after five minutes makes the deviation differ, by chance either way."""
    ratios = []
    for record, _, found in rested:
        rr_s, wanted = np.diff(found) / FS_HZ, record.parameters
        assert 60 / rr_s.mean() == pytest.approx(wanted["heart_rate_wanted_bpm"], rel=0.03)
        ratios.append(rr_s.std() / rr_s.mean() / wanted["rr_sd_ratio"])
    assert np.median(ratios) == pytest.approx(1, abs=0.06)
    assert np.quantile(ratios, 0.05) > 0.8
    assert np.quantile(ratios, 0.95) < 1.25


def _lf_hf(found):
    """Task Force 1996: a cubic spline at 4 Hz, Welch's periodogram, 0.04-0.15 and 0.15-0.4 Hz."""
    t = found / FS_HZ
    evenly = CubicSpline(t[1:], np.diff(t))(np.arange(t[1], t[-1], 0.25))
    hz, power = welch(evenly, 4.0, nperseg=512, detrend="linear")
    return power[(hz >= 0.04) & (hz < 0.15)].sum() / power[(hz >= 0.15) & (hz < 0.4)].sum()


def test_lf_hf_is_the_commanded_one(rested):
    """From 0.03 to 8. The few waves within a band beat with each other, so that a recording's own ratio differs."""
    known = [(r.parameters["lf_hf"], _lf_hf(found)) for r, _, found in rested if "lf_hf" in r.parameters]
    wanted, measured = np.log(known).T
    assert len(known) > N_PEOPLE
    assert np.corrcoef(wanted, measured)[0, 1] > 0.9
    assert np.median(measured - wanted) == pytest.approx(0, abs=np.log(1.25))
    assert np.quantile(np.abs(measured - wanted), 0.9) < np.log(3)


def _breathing_hz(mv, found):
    """From the sizes of R in the leads relative to each other: breathing turns the heart. Source: Moody 1985."""
    found = found[1:-1]
    cut = windows(mv, found, 12, 12)
    height = np.ptp(cut, axis=2)
    t = found / FS_HZ
    power = 0.0
    for lead in (height / height.mean(axis=1, keepdims=True)).T:
        hz, of_lead = welch(CubicSpline(t, lead)(np.arange(t[0], t[-1], 0.25)), 4.0, nperseg=256)
        power = power + of_lead
    seen = (hz > 0.1) & (hz < 0.45)
    return hz[seen][np.argmax(power[seen])]


def test_breathing_is_as_fast_as_commanded(rested):
    """The spectrum has a line every 0.016 Hz."""
    errors = [_breathing_hz(mv, found) - record.parameters["breathing_hz"] for record, mv, found in rested]
    assert np.quantile(np.abs(errors), 0.9) < 0.016
