"""What a heart with several findings is in, case by case."""

import pytest

from chiron.populations.aims import AIMS, Aim
from chiron.populations.combined import is_modelled, states_of, without_vague
from schemas.codes import (
    ATRIAL_FIBRILLATION,
    NOISE,
    OTHER_RHYTHM,
    PREMATURE_VENTRICULAR,
    SINUS_RHYTHM,
    Code,
    CodeSystem,
)
from schemas.states import AvConduction, Ectopy, Repolarisation, Rhythm, Territory, VentricularConduction, Voltage

LBBB, FIRST_DEGREE, SLOW, LATERAL, LVH = (
    Code(CodeSystem.SNOMED_CT, code) for code in ("164909002", "270492004", "426177001", "425623009", "164873001")
)
NORM, SEPTAL, IMI = (Code(CodeSystem.SCP_ECG, code) for code in ("NORM", "SEHYP", "IMI"))


def states(*codes):
    (one,) = states_of(without_vague(codes))
    return one


def test_findings_that_go_together_are_in_one_heart():
    both = states(ATRIAL_FIBRILLATION, LBBB, PREMATURE_VENTRICULAR, LVH, LATERAL)
    assert both == Aim(
        rhythm=Rhythm.ATRIAL_FIBRILLATION,
        ventricular=VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK,
        ectopy=Ectopy.VENTRICULAR,
        voltage=Voltage.LEFT_HYPERTROPHY,
        repolarisation=Repolarisation.T_INVERSION,
        territory=Territory.LATERAL,
    )


def test_what_contradicts_the_rhythm_is_left_out():
    assert states(ATRIAL_FIBRILLATION, FIRST_DEGREE) == Aim(rhythm=Rhythm.ATRIAL_FIBRILLATION)
    assert states(FIRST_DEGREE).av is AvConduction.FIRST_DEGREE_BLOCK


def test_one_heart_has_one_wall():
    """Lateral ischaemia and an inferior scar would need two; the first in order is kept."""
    assert states(LATERAL, IMI).territory is Territory.LATERAL
    assert not states(LATERAL, IMI).scar


def test_sinus_rhythm_says_nothing_beside_another_finding():
    assert states(SINUS_RHYTHM, SLOW).rate_bpm == (0, 60)
    assert states(SINUS_RHYTHM, NORM).rate_bpm == (50, 100)
    assert without_vague([SINUS_RHYTHM, NORM, LBBB]) == {LBBB}
    assert without_vague([OTHER_RHYTHM, NOISE]) == {NOISE}


def test_other_rhythm_alone_is_one_of_many():
    ways = states_of(without_vague([OTHER_RHYTHM]))
    assert ways == AIMS[OTHER_RHYTHM]
    assert {way.rhythm for way in ways} >= {Rhythm.SINUS, Rhythm.ATRIAL_FLUTTER, Rhythm.JUNCTIONAL}


@pytest.mark.parametrize(("code", "modelled"), [(SEPTAL, False), (LBBB, True), (Code(CodeSystem.CINC2017, "A"), True)])
def test_what_no_state_makes_is_not_modelled(code, modelled):
    assert is_modelled(code) is modelled


def test_without_a_modelled_finding_a_heart_is_plain():
    assert states(SEPTAL) == Aim()
