"""The metric of the PhysioNet/CinC Challenge 2021 by hand, on a few records with the published table."""

import numpy as np
import pytest

from chiron.errors import BadParameters
from chiron.evaluation.challenge2021 import challenge_2021, challenge_table, merged_classes

FIBRILLATION, FLUTTER, SINUS, FIRST_DEGREE = "164889003", "164890007", "426783006", "270492004"


def called(*records: tuple[str, ...]) -> np.ndarray:
    """(records, classes) from the codes of each record."""
    codes = [FIBRILLATION, FLUTTER, SINUS, FIRST_DEGREE]
    return merged_classes([[code in record for code in codes] for record in records], codes)


def test_the_table_is_the_published_one():
    """Reyna et al. 2021: 26 classes of 30 diagnoses; symmetric; sinus rhythm for fibrillation is worth a quarter."""
    table = challenge_table()
    assert table.weight_CC.shape == (26, 26)
    assert sum(map(len, table.classes)) == 30
    assert sorted(codes for codes in table.classes if len(codes) > 1) == [
        ("284470004", "63593006"),
        ("427172004", "17338001"),
        ("713427006", "59118001"),
        ("733534002", "164909002"),
    ]
    np.testing.assert_array_equal(table.weight_CC, table.weight_CC.T)
    np.testing.assert_array_equal(np.diag(table.weight_CC), 1)
    place = {codes[0]: i for i, codes in enumerate(table.classes)}
    assert table.weight_CC[place[FIBRILLATION], place[SINUS]] == 0.25
    assert table.weight_CC[place[FIBRILLATION], place[FLUTTER]] == 0.5
    assert table.weight_CC[place[FIRST_DEGREE], place[SINUS]] == 0.45


def test_the_score_by_hand():
    """Three records: fibrillation called flutter; fibrillation with first-degree block, only the block called; sinus.

    Observed: 0.5 / 2 + (1 + 0.3) / 2 + 1 = 1.9; each over the number of classes true or called. All right: 1 + (1 + 1 +
    2 x 0.3) / 2 + 1 = 3.3. Always sinus: 0.25 / 2 + (0.25 + 0.45) / 3 + 1 = 1.358333.
    """
    truth = called((FIBRILLATION,), (FIBRILLATION, FIRST_DEGREE), (SINUS,))
    said = called((FLUTTER,), (FIRST_DEGREE,), (SINUS,))
    least = 0.25 / 2 + 0.7 / 3 + 1
    assert challenge_2021(truth, said) == pytest.approx((1.9 - least) / (3.3 - least))


def test_a_perfect_classifier_scores_one_an_inactive_one_zero_and_a_silent_one_less():
    truth = called((FIBRILLATION,), (SINUS,), (FLUTTER, FIRST_DEGREE))
    assert challenge_2021(truth, truth) == 1.0
    assert challenge_2021(truth, called((SINUS,), (SINUS,), (SINUS,))) == 0.0
    assert challenge_2021(truth, called((), (), ())) < 0


def test_where_sinus_rhythm_is_right_for_all_the_score_is_zero():
    """As in the challenge's own code: there is nothing between inactive and perfect."""
    assert challenge_2021(called((SINUS,)), called((SINUS,))) == 0.0


def test_codes_that_mean_the_same_are_one_class_and_others_are_left_out():
    has = merged_classes([[True, False, True], [False, True, False]], ["713427006", "59118001", "429622005"])
    assert has.sum() == 2
    np.testing.assert_array_equal(has[0], has[1])


def test_a_weight_of_two_is_the_record_twice():
    truth, said = called((FIBRILLATION,), (FLUTTER,)), called((FLUTTER,), (FLUTTER,))
    assert challenge_2021(truth, said, [2.0, 1.0]) == pytest.approx(challenge_2021(truth[[0, 0, 1]], said[[0, 0, 1]]))


def test_columns_that_are_not_those_of_the_table_are_refused():
    with pytest.raises(BadParameters, match=r"\(records, 26\)"):
        challenge_2021(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(BadParameters, match="one column for each of 2 codes"):
        merged_classes(np.ones((2, 3)), ["1", "2"])
