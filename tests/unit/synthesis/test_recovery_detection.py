"""An independent detector finds the beats that the record states, at 12 dB and better."""

import numpy as np
from cohorts import quiet
from measuring import any_state, millivolts, true_beats
from scipy.signal import resample_poly
from wfdb.processing import XQRS, compare_annotations

from chiron.synthesis.record import synthesize_record
from schemas.cohort import CohortSpec, usual_groups

DETECTOR_HZ = 250  # XQRS's wavelet is four samples wide: 16 ms here, and too narrow for a QRS at higher rates
WINDOW_S = 0.15  # ANSI/AAMI EC57
DURATION_S = 20
N_RECORDS = 50


def _usual():
    """The usual mixture as far as a reader could read it."""
    groups = {name: group for name, group in usual_groups().items() if not group.noise.unreadable}
    total = sum(group.share for group in groups.values())
    return {n: g.model_copy(update={"share": g.share / total, "noise": quiet(12, 30)}) for n, g in groups.items()}


def _found(mv, fs_hz):
    """Samples where XQRS of the WFDB package finds beats."""
    detector = XQRS(sig=resample_poly(mv, DETECTOR_HZ, int(fs_hz)), fs=DETECTOR_HZ)
    detector.detect(verbose=False)
    return np.rint(np.asarray(detector.qrs_inds) * fs_hz / DETECTOR_HZ).astype(int)


def _matches(truth, found, fs_hz):
    """(hit, missed, false) beats, without the first and the last second."""
    compared = compare_annotations(truth, found, int(WINDOW_S * fs_hz))
    true = np.zeros(found.size, bool)
    true[compared.matched_test_inds] = True
    seen, heard = (np.abs(at - DURATION_S * fs_hz / 2) < (DURATION_S / 2 - 1) * fs_hz for at in (truth, found))
    hit = np.zeros(truth.size, bool)
    hit[compared.matched_ref_inds] = True
    return np.array([(seen & hit).sum(), (seen & ~hit).sum(), (heard & ~true).sum()])


def _score(groups, lead):
    """(sensitivity, positive predictive value) over all beats of single leads at three sampling rates."""
    total = np.zeros(3)
    for k, fs_hz in enumerate((250.0, 360.0, 500.0)):
        spec = CohortSpec(seed=5, fs_hz=fs_hz, duration_s=DURATION_S, leads=(lead,), groups=groups)
        for index in range(N_RECORDS * k, N_RECORDS * (k + 1)):
            record = synthesize_record(spec, index)
            total += _matches(true_beats(record), _found(millivolts(record, spec)[0], fs_hz), fs_hz)
    hit, missed, false = total
    return hit / (hit + missed), hit / (hit + false)


def test_xqrs_finds_the_beats_of_the_usual_mixture():
    sensitivity, predictive = _score(_usual(), "I")
    assert sensitivity >= 0.99
    assert predictive >= 0.99


def test_xqrs_finds_the_beats_in_a_lead_across_the_axis():
    """Hearts of the old lie across lead II; aberrant beats are still no larger than a heart of that size makes them."""
    assert min(_score(_usual(), "II")) >= 0.99


def test_xqrs_finds_nearly_all_beats_where_every_state_is_as_frequent():
    """It takes T waves of paced beats, which are as steep as their QRS, for beats."""
    assert min(_score(any_state(quiet(12, 30)), "I")) >= 0.97
