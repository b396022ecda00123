"""Exchanged arms, against the potentials of electrodes and against a heart's dipole."""

import numpy as np
import pytest

from chiron.learning.limb_leads import arms_exchanged

TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def leads_of(right: np.ndarray, left: np.ndarray, foot: np.ndarray, chest: np.ndarray) -> np.ndarray:
    """The twelve leads from potentials of the electrodes, as Einthoven, Goldberger and Wilson define them."""
    i, ii, iii = left - right, foot - right, foot - left
    augmented = (right - (left + foot) / 2, left - (right + foot) / 2, foot - (right + left) / 2)
    return np.stack([i, ii, iii, *augmented, *(chest - (right + left + foot) / 3)])


def potentials() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of a moving dipole in a sphere: its projection upon the direction of each electrode."""
    dipole = np.cumsum(np.random.default_rng(1).standard_normal((200, 3)), axis=0)
    places = np.random.default_rng(2).standard_normal((9, 3))
    right, left, foot, *chest = places @ dipole.T
    return right, left, foot, np.stack(chest)


@pytest.mark.parametrize(
    "leads",
    [
        TWELVE,
        ("I", "II"),
        ("II", "aVF"),
        ("I", "aVF"),
        ("III", "aVR", "V3"),
        ("I",),
        ("aVF", "V1"),
        ("V5", "aVL", "aVR", "II"),
    ],
)
def test_exchanged_electrodes_give_what_the_matrix_gives(leads):
    right, left, foot, chest = potentials()
    rows = [TWELVE.index(lead) for lead in leads]
    true, exchanged = (leads_of(a, b, foot, chest)[rows] for a, b in ((right, left), (left, right)))
    matrix = arms_exchanged(leads)
    np.testing.assert_allclose(matrix @ true, exchanged, atol=1e-4)
    np.testing.assert_allclose(matrix @ matrix @ true, true, atol=1e-4)  # twice is as it was


def test_of_twelve_leads_two_change_sign_or_place_by_whole_numbers_only():
    matrix = arms_exchanged(TWELVE)
    assert set(np.unique(matrix)) == {-1.0, 0.0, 1.0}
    assert (np.abs(matrix).sum(axis=1) == 1).all()
    assert matrix[0, 0] == -1
    assert matrix[1, 2] == matrix[2, 1] == matrix[3, 4] == matrix[4, 3] == 1
    assert (np.diag(matrix)[5:] == 1).all()


@pytest.mark.parametrize(
    "leads", [("II",), ("aVR",), ("aVL", "V1"), ("V1", "V2"), ("MLII", "V1"), ("I", "II", "X"), ()]
)
def test_leads_that_do_not_tell_are_left_alone(leads):
    assert arms_exchanged(leads) is None


def test_names_count_in_any_case():
    np.testing.assert_array_equal(arms_exchanged(("I", "AVR", "AVL")), arms_exchanged(("I", "aVR", "aVL")))
