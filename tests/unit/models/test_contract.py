"""What a model accepts: leads by name or by algebra, everything else refused with what is expected."""

import numpy as np
import pytest

from chiron.errors import BadParameters
from chiron.models.contract import conformed, doubts
from schemas.card import InputLimits, Range
from tests.unit.models.test_file import CARD

FS_HZ = 250.0
LIMB = ("I", "II", "III", "aVR", "aVL", "aVF")
TWELVE = (*LIMB, *(f"V{i}" for i in range(1, 7)))


def card_for(*leads: str, **limits: object):
    return CARD.model_copy(update={"leads": leads, "limits": InputLimits(**limits)})


def limb_leads() -> dict[str, np.ndarray]:
    """All six, by Einthoven's law and Goldberger's definitions."""
    rng = np.random.default_rng(1)
    right, left, foot = rng.standard_normal((3, 2500))
    return {
        "I": left - right,
        "II": foot - right,
        "III": foot - left,
        "aVR": right - (left + foot) / 2,
        "aVL": left - (right + foot) / 2,
        "aVF": foot - (right + left) / 2,
    }


@pytest.mark.parametrize("first", LIMB)
@pytest.mark.parametrize("second", LIMB)
def test_any_two_limb_leads_give_all_six(first, second):
    leads = limb_leads()
    if first == second:
        return
    found = conformed(np.stack([leads[first], leads[second]]), FS_HZ, (first, second), card_for(*LIMB))
    np.testing.assert_allclose(found.signal_mv, np.stack(list(leads.values())), atol=1e-5)
    assert found.note.count("derived") == 4


def test_leads_are_taken_by_name_in_any_order_and_case_and_further_ones_are_left():
    leads = limb_leads()
    found = conformed(
        np.stack([leads["aVR"], leads["II"], leads["I"]]), FS_HZ, ("AVR", "ii", "I"), card_for("I", "aVR")
    )
    np.testing.assert_allclose(found.signal_mv, np.stack([leads["I"], leads["aVR"]]).astype(np.float32))
    assert not found.note


def test_a_missing_sample_is_missing_only_in_leads_that_need_it():
    leads = limb_leads()
    leads["I"][3] = np.inf
    found = conformed(np.stack([leads["I"], leads["II"]]), FS_HZ, ("I", "II"), card_for("I", "II", "III"))
    assert np.isnan(found.signal_mv[:, 3]).tolist() == [True, False, True]
    assert np.isfinite(np.delete(found.signal_mv, 3, axis=1)).all()


@pytest.mark.parametrize("own", ["ECG", "ekg 1", "", "lead1", "CH1"])
def test_the_only_lead_of_a_recorder_without_a_name_is_taken_and_that_is_said(own):
    found = conformed(np.ones((1, 2500)), FS_HZ, (own,), card_for("I"))
    assert found.note.endswith("is taken as I")


@pytest.mark.parametrize(
    ("own", "wanted"),
    [(("V5",), ("I",)), (("MLII",), ("II",)), (("I",), ("II",)), (("ECG", "ECG2"), ("I",)), (("I", "I"), ("I",))],
)
def test_a_lead_of_another_name_is_another_lead(own, wanted):
    with pytest.raises(BadParameters, match=f"leads: expected {wanted[0]}, found {', '.join(own)}"):
        conformed(np.ones((len(own), 2500)), FS_HZ, own, card_for(*wanted))


def test_a_chest_lead_can_not_be_derived():
    with pytest.raises(BadParameters, match="V1 is neither there nor can it be derived"):
        conformed(np.ones((2, 2500)), FS_HZ, ("I", "II"), card_for(*TWELVE))


@pytest.mark.parametrize(
    ("signal", "fs_hz", "said"),
    [
        (np.ones(2500), 250, "a row for each of the leads"),
        (np.ones((2, 2500)), 250, "a row for each of the leads"),
        (np.full((1, 2500), "x"), 250, "expected numbers"),
        (np.ones((1, 2500)), 99, "expected a rate of 100 to 1000 Hz, found 99 Hz"),
        (np.ones((1, 2500)), 0, "expected a rate"),
        (np.ones((1, 2500)), float("nan"), "expected a rate"),
        (np.ones((1, 2500)), -250, "expected a rate"),
        (np.ones((1, 1249)), 250, "expected 5 to 3600 s, found 4.996 s"),
        (np.ones((1, 250 * 3601)), 250, "expected 5 to 3600 s"),
        (np.full((1, 2500), np.nan), 250, "only missing ones"),
        (np.full((1, 2500), np.inf), 250, "only missing ones"),
    ],
)
def test_what_the_card_does_not_allow_is_refused_with_what_is_expected(signal, fs_hz, said):
    card = card_for("I", fs_hz=Range(low=100, high=1000), duration_s=Range(low=5, high=3600))
    with pytest.raises(BadParameters, match=said):
        conformed(signal, fs_hz, ("I",), card)


def test_what_is_far_from_the_training_recordings_is_doubted_with_a_reason():
    card = card_for("I", peak_mv=Range(low=0.1, high=6), max_missing_share=0.2, min_quality=0.3)
    assert doubts(0.1, 1.0, 0.9, card) == ""
    assert doubts(0.3, 1.0, 0.9, card) == "30% of a lead is missing, at most 20% is expected"
    assert "R amplitude of 1e+03 mV, 0.1 to 6 is expected" in doubts(0.1, 1000.0, 0.9, card)
    assert "signal quality of 0.10" in doubts(0.1, 1.0, 0.1, card)
    assert "signal quality of nan" in doubts(0.1, 1.0, float("nan"), card)
    assert doubts(0.3, 0.0, 0.1, card).count(";") == 2
