"""Limb leads that are made from I and II here, and arms that are swapped here."""

import numpy as np
import pytest
import wfdb

from chiron.measures.quality_limbs import arms_swapped, limb_errors
from chiron.measures.quality_windows import cut
from chiron.synthesis.record import synthesize_record
from schemas.cohort import LEADS, CohortSpec, Group, NoiseSpec
from schemas.states import Ectopy, Rhythm

FS_HZ = 100.0
NOISE = NoiseSpec(snr_db=(10, 26), inverted_share=0.0)
CLEAN = CohortSpec(
    seed=7,
    leads=LEADS,
    fs_hz=FS_HZ,
    duration_s=10.0,
    groups={
        "sinus": Group(share=0.6, noise=NOISE),
        "fibrillation": Group(share=0.3, rhythm=Rhythm.ATRIAL_FIBRILLATION, noise=NOISE),
        "premature": Group(share=0.1, ectopy={Ectopy.VENTRICULAR: 1.0}, noise=NOISE),
    },
)


def twelve(index):
    """(12, 1000) mV of a simulated person whose electrodes are where they belong."""
    return (synthesize_record(CLEAN, index).signal / CLEAN.gain_per_mv).astype(np.float32)


def with_arms_swapped(signal):
    """What exchanged arm electrodes make of it: I turns over, II and III change places, so do aVR and aVL."""
    first, second, third, right, left, *others = signal
    return np.stack([-first, third, second, left, right, *others])


def test_leads_of_one_recording_fit_to_a_rounding_step():
    errors = limb_errors(twelve(0), LEADS, FS_HZ)
    assert np.isnan(errors[[0, 1, *range(6, 12)]]).all()
    assert errors[2:6].max() < 0.001  # mV, a converter step


def test_two_leads_that_changed_their_names_do_not_fit():
    names = ["I", "II", "III", "aVR", "aVF", "aVL", *LEADS[6:]]
    errors = dict(zip(names, limb_errors(twelve(0), names, FS_HZ), strict=True))
    assert errors["III"] < 0.001
    assert min(errors["aVL"], errors["aVF"]) > 0.05


def test_the_error_is_that_which_is_put_in():
    signal = twelve(0)
    signal[2] += 0.2 * np.sin(2 * np.pi * 5 * np.arange(1000) / FS_HZ).astype(np.float32)
    signal[2] += 3  # an offset does not count
    assert limb_errors(signal, LEADS, FS_HZ)[2] == pytest.approx(0.2 / np.sqrt(2), rel=0.01)


def test_seconds_with_missing_samples_tell_nothing_about_limb_leads():
    signal = twelve(0)
    signal[0, 100:200] = np.nan
    assert limb_errors(signal, LEADS, FS_HZ)[2] < 0.001
    signal[0] = np.nan
    assert np.isnan(limb_errors(signal, LEADS, FS_HZ)).all()


def test_leads_are_known_in_any_case():
    signal, capitals = with_arms_swapped(twelve(0)), [lead.upper() for lead in LEADS]
    assert np.array_equal(limb_errors(signal, capitals, FS_HZ), limb_errors(signal, LEADS, FS_HZ), equal_nan=True)
    assert arms_swapped(cut(signal, FS_HZ), capitals) == arms_swapped(cut(signal, FS_HZ), LEADS)


def test_without_two_limb_leads_nothing_is_said():
    assert np.isnan(limb_errors(twelve(0)[2:], LEADS[2:], FS_HZ)).all()
    assert np.isnan(arms_swapped(cut(twelve(0)[1:], FS_HZ), LEADS[1:])).all()


def test_swapped_arms_are_found_and_others_are_not():
    signals = [twelve(i) for i in range(60)]
    right = [arms_swapped(cut(signal, FS_HZ), LEADS)[0] for signal in signals]
    swapped = [arms_swapped(cut(with_arms_swapped(signal), FS_HZ), LEADS)[0] for signal in signals]
    assert sum(right) == 0
    assert np.mean(swapped) > 0.75


def test_a_heart_on_the_right_side_is_no_swap():
    """In dextrocardia V6 is turned over too."""
    signals = [with_arms_swapped(twelve(i)) for i in range(20)]
    for signal in signals:
        signal[6:] *= -1
    assert sum(arms_swapped(cut(signal, FS_HZ), LEADS)[0] for signal in signals) == 0


@pytest.mark.real
def test_swapped_arms_are_found_in_recordings_of_ptb_xl(real_data):
    headers = sorted((real_data / "ptbxl").rglob("*.hea"))[::4]
    signals = [wfdb.rdrecord(str(path.with_suffix(""))).p_signal.T.astype(np.float32) for path in headers]
    assert sum(arms_swapped(cut(signal, FS_HZ), LEADS)[0] for signal in signals) <= 0.01 * len(signals)
    swapped = [arms_swapped(cut(with_arms_swapped(signal), FS_HZ), LEADS)[0] for signal in signals]
    assert np.mean(swapped) > 0.85


@pytest.mark.real
def test_the_text_files_of_cinc_2011_have_avf_before_avl(real_data):
    """By Goldberger's equations, to the rounding of a step of 5 uV; in the usual order two leads would not fit."""
    path = sorted((real_data / "cinc2011").glob("1*.txt"))[0]
    signal = (np.loadtxt(path, delimiter=",", usecols=range(1, 13)).T * 0.005).astype(np.float32)
    as_they_are = (*LEADS[:4], "aVF", "aVL", *LEADS[6:])
    assert np.nanmax(limb_errors(signal, as_they_are, 500.0)) < 0.005
    assert np.nanmax(limb_errors(signal, LEADS, 500.0)) > 0.05
