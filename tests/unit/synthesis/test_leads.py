import numpy as np
import pytest

from chiron.synthesis.leads import derive_leads, lead_matrix, measured_leads
from chiron.synthesis.record import synthesize_record
from schemas.cohort import LEADS, CohortSpec


def test_limb_leads_obey_einthoven_and_goldberger_to_the_converters_step():
    for index in range(6):
        spec = CohortSpec(leads=LEADS, duration_s=8)
        lead = dict(zip(LEADS, synthesize_record(spec, index).signal.astype(int), strict=True))
        assert np.array_equal(lead["III"], lead["II"] - lead["I"])
        assert np.abs(lead["aVR"] + (lead["I"] + lead["II"]) / 2).max() <= 0.5
        assert np.abs(lead["aVL"] - (lead["I"] - lead["II"] / 2)).max() <= 0.5
        assert np.abs(lead["aVF"] - (lead["II"] - lead["I"] / 2)).max() <= 0.5


@pytest.mark.parametrize("leads", [("I",), ("II", "V5"), ("aVF",), ("V1", "III", "I"), LEADS])
@pytest.mark.parametrize("fs_hz", [100, 257, 1000])
def test_any_leads_at_any_rate_have_a_signal(leads, fs_hz):
    signal = synthesize_record(CohortSpec(leads=leads, fs_hz=fs_hz, duration_s=5), 0).signal
    assert signal.shape == (len(leads), round(5 * fs_hz))
    assert (np.ptp(signal, axis=1) > 50).all()


def test_swapped_arms_turn_lead_one_over_and_exchange_two_and_three():
    measured = ("I", "II", "V1")
    right, swapped = (lead_matrix(measured, arms_swapped=s) for s in (False, True))
    assert np.array_equal(swapped[0], -right[0])
    assert np.allclose(swapped[1], right[1] - right[0])
    assert np.array_equal(swapped[2], right[2])
    assert np.allclose(swapped[1] - swapped[0], right[1])  # III is now what II was


def test_only_what_is_needed_is_measured():
    assert measured_leads(("I",)) == ("I",)
    assert measured_leads(("aVL", "V2")) == ("I", "II", "V2")
    digital = np.array([[3, -3], [4, 5]], dtype=np.int32)
    assert derive_leads(digital, ("I", "II"), ("III", "I")).tolist() == [[1, 8], [3, -3]]
