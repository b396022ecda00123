"""What foreign codes say of the four classes of the PhysioNet/CinC Challenge 2017."""

import numpy as np
import pytest

from chiron.boost.related import OTHER_RHYTHMS, UNSURE_RHYTHMS, source_codes, targets_of, three_valued
from schemas.codes import (
    ATRIAL_FIBRILLATION,
    NOISE,
    OTHER_RHYTHM,
    PREMATURE_VENTRICULAR,
    SINUS_RHYTHM,
    Code,
    CodeSystem,
    canonical,
)

CLASSES = (ATRIAL_FIBRILLATION, SINUS_RHYTHM, OTHER_RHYTHM, NOISE)
FLUTTER = canonical(Code(CodeSystem.SCP_ECG, "AFLT"))
SLOW = canonical(Code(CodeSystem.SCP_ECG, "SBRAD"))
ALL_READ = {code: 0.0 for code in source_codes(CLASSES) if code not in (OTHER_RHYTHM, NOISE)}
NAN = np.nan


def classes_of(**found):
    names = {"af": ATRIAL_FIBRILLATION, "sinus": SINUS_RHYTHM, "pvc": PREMATURE_VENTRICULAR, "flutter": FLUTTER}
    known = ALL_READ | {(names | {"slow": SLOW})[name]: value for name, value in found.items()}
    one = {code: np.full(2, value, np.float32) for code, value in known.items()}
    one[ATRIAL_FIBRILLATION][1] = 0.0  # a second record, so that no code is unknown in all
    return targets_of(one, CLASSES, np.zeros(2, np.float32))[0].tolist()


def test_a_share_of_half_or_more_is_present_none_is_absent_and_between_is_unknown():
    share = np.array([0.0, 0.01, 0.49, 0.5, 1.0, np.nan])
    np.testing.assert_array_equal(three_valued(share), [0, NAN, NAN, 1, 1, NAN])


def test_the_three_rhythms_exclude_each_other():
    assert classes_of(af=1.0) == [1, 0, 0, 0]
    assert classes_of(af=1.0, pvc=1.0) == [1, 0, 0, 0]
    assert classes_of(sinus=1.0) == [0, 1, 0, 0]
    assert classes_of(sinus=1.0, pvc=1.0) == [0, 0, 1, 0]
    assert classes_of(flutter=1.0) == [0, 0, 1, 0]


def test_what_readers_may_call_either_is_unknown_but_known_not_to_fibrillate():
    np.testing.assert_array_equal(classes_of(sinus=1.0, slow=1.0), [0, NAN, NAN, 0])
    np.testing.assert_array_equal(classes_of(), [0, NAN, NAN, 0])  # some rhythm that has no name


def test_where_fibrillation_is_unknown_so_is_the_rest_of_the_rhythm():
    np.testing.assert_array_equal(classes_of(af=NAN, sinus=1.0), [NAN, NAN, NAN, 0])


def test_a_code_that_nobody_looked_for_is_unknown_and_not_absent():
    known = {ATRIAL_FIBRILLATION: np.array([0.0, 1.0], np.float32)}
    target = targets_of(known, (ATRIAL_FIBRILLATION, FLUTTER), np.full(2, np.nan, np.float32))
    np.testing.assert_array_equal(target, [[0, NAN], [1, NAN]])


def test_a_soft_label_of_the_same_code_stays_as_it_is():
    known = {FLUTTER: np.array([0.3, 0.8], np.float32)}
    np.testing.assert_array_equal(targets_of(known, (FLUTTER,), np.zeros(2, np.float32))[:, 0], np.float32([0.3, 0.8]))


@pytest.mark.parametrize("code", ["AFIB", "SR"])
def test_fibrillation_and_sinus_rhythm_are_no_other_rhythm(code):
    assert canonical(Code(CodeSystem.SCP_ECG, code)) not in OTHER_RHYTHMS | UNSURE_RHYTHMS


def test_no_rhythm_is_both_another_one_and_unsure():
    assert not OTHER_RHYTHMS & UNSURE_RHYTHMS
