"""Records counted in kinds, by hand."""

import numpy as np
import pytest

from chiron.populations.kinds import kinds_of
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, OTHER_RHYTHM, SINUS_RHYTHM, Code, CodeSystem
from schemas.states import AvConduction, Ectopy, Rhythm, Territory, VentricularConduction

LBBB, RBBB, WPW, FIRST_DEGREE, IMI = (
    *(Code(CodeSystem.SNOMED_CT, code) for code in ("164909002", "713427006", "74390002", "270492004")),
    Code(CodeSystem.SCP_ECG, "IMI"),
)


def kinds(*codes, rates=None, fewest=2.0):
    rates = np.full(len(codes), 75.0) if rates is None else np.array(rates)
    return {kind.name: kind for kind in kinds_of([frozenset(each) for each in codes], rates, fewest=fewest)}


def test_records_with_the_same_findings_are_one_kind_the_most_frequent_first():
    found = kinds({ATRIAL_FIBRILLATION}, {SINUS_RHYTHM}, {SINUS_RHYTHM}, {ATRIAL_FIBRILLATION}, {SINUS_RHYTHM})
    assert list(found) == ["sinus 50-100", "atrial_fibrillation"]
    assert found["sinus 50-100"].rows.tolist() == [1, 2, 4]
    assert found["sinus 50-100"].rate_bpm == (50, 100)
    assert found["atrial_fibrillation"].states["rhythm"] is Rhythm.ATRIAL_FIBRILLATION


def test_rare_kinds_are_merged_with_shares_of_their_states():
    found = kinds({LBBB}, {RBBB}, {IMI}, {IMI, RBBB}, {ATRIAL_FIBRILLATION}, fewest=2.0)
    assert list(found) == ["other sinus", "other atrial_fibrillation"]
    states = found["other sinus"].states
    assert states["ventricular"] == {
        VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK: 0.25,
        VentricularConduction.RIGHT_BUNDLE_BRANCH_BLOCK: 0.5,
        VentricularConduction.NORMAL: 0.25,
    }
    assert states["scar_share"] == 0.5
    assert states["territory"] == {Territory.INFERIOR: 1.0}
    assert found["other sinus"].rate_bpm == (25, 220)


def test_preexcitation_is_not_merged_with_av_block():
    found = kinds({WPW}, {FIRST_DEGREE})
    assert set(found) == {"other sinus preexcitation", "other sinus"}
    assert found["other sinus"].states["av"] == {AvConduction.FIRST_DEGREE_BLOCK: 1.0}


def test_an_unknown_rhythm_counts_in_parts_for_what_its_rate_allows():
    """Of the ways to have another rhythm: below 50 per minute a slow one, above 100 a fast one."""
    (slow,) = (kinds({OTHER_RHYTHM}, rates=[40.0], fewest=0.0),)
    (fast,) = (kinds({OTHER_RHYTHM}, rates=[150.0], fewest=0.0),)
    assert "sinus 0-50" in slow
    assert "supraventricular_tachycardia" not in slow
    assert {"sinus 100-300", "supraventricular_tachycardia"} <= set(fast)
    for found in (slow, fast):
        assert sum(kind.weights.sum() for kind in found.values()) == pytest.approx(1)
    assert slow["sinus atrial"].weights[0] > slow["sinus ventricular"].weights[0]
    assert slow["sinus atrial"].states["ectopy"] == {Ectopy.ATRIAL: 1.0}


def test_an_unknown_rate_allows_every_way():
    found = kinds({OTHER_RHYTHM}, rates=[np.nan], fewest=0.0)
    assert {"sinus 0-50", "sinus 100-300"} <= set(found)


def test_noise_is_a_kind_of_its_own():
    found = kinds({NOISE}, {NOISE}, {SINUS_RHYTHM}, {SINUS_RHYTHM})
    assert [kind.unreadable for kind in found.values()] == [True, False]
