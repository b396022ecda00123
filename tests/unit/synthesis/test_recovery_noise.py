"""The commanded ratio of signal to noise is the one that the record has."""

import numpy as np
import pytest
from cohorts import QUIET
from measuring import any_state, millivolts

from chiron.synthesis.record import synthesize_record
from chiron.synthesis.structures import MEASURED
from schemas.cohort import FULL_SCALE_MV, CohortSpec, NoiseSpec

N_RECORDS = 40


def _cohort(snr_db):
    groups = any_state(NoiseSpec(snr_db=(snr_db, snr_db), **QUIET))
    spec = CohortSpec(seed=3, fs_hz=250, leads=MEASURED, duration_s=10, groups=groups, gain_per_mv=3276.0)
    return [millivolts(synthesize_record(spec, i), spec) for i in range(N_RECORDS)]


@pytest.fixture(scope="module")
def hearts():
    """(L, S) mV of hearts without noise to speak of: another ratio changes nothing else of a record."""
    return _cohort(80.0)


@pytest.mark.parametrize("snr_db", [-6.0, 0.0, 6.0, 12.0, 24.0])
def test_noise_is_as_far_below_the_heart_as_commanded(hearts, snr_db):
    """What is left of noise in `hearts`, and the converter's steps, are 30 dB below the noise that is measured."""
    errors = []
    for heart, both in zip(hearts, _cohort(snr_db), strict=True):
        if np.abs(both).max() < FULL_SCALE_MV:  # the converter cuts what is beyond
            errors.append(10 * np.log10((heart**2).mean() / ((both - heart) ** 2).mean()) - snr_db)
    assert len(errors) > 0.8 * N_RECORDS
    assert np.abs(errors).max() < 0.05
