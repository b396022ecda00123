import numpy as np
import pytest

from chiron.synthesis.leads import DOWER, DOWER_INVERSE, measured_leads, rotation, turning
from schemas.cohort import LEADS

MEASURED = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def test_only_what_is_needed_is_measured():
    assert measured_leads(("I",)) == ("I",)
    assert measured_leads(("aVL", "V2")) == ("I", "II", "V2")
    assert measured_leads(LEADS) == MEASURED


def test_the_dipole_projects_as_dower_1980_published():
    assert DOWER.shape == (8, 3)
    assert DOWER[0].tolist() == [0.632, -0.235, 0.059]  # I
    assert DOWER[4].tolist() == [0.882, 0.098, -1.277]  # V3


def test_the_inverse_is_the_pseudo_inverse_of_linear_algebra():
    assert np.allclose(DOWER_INVERSE, np.linalg.pinv(DOWER), atol=1e-12)


@pytest.mark.parametrize("axis", range(3))
def test_turning_a_dipole_turns_its_leads_and_leaves_what_is_no_dipole(axis):
    dipole, turn = np.array([0.7, -0.4, 0.5]), rotation(axis, 0.6)
    assert np.allclose(turn @ turn.T, np.eye(3), atol=1e-9)
    leads = DOWER @ dipole
    assert np.allclose(leads + turning(turn) @ leads, DOWER @ (turn @ dipole), atol=1e-9)
    rest = np.random.default_rng(1).normal(size=8)
    rest -= DOWER @ np.linalg.pinv(DOWER) @ rest
    assert np.allclose(turning(turn) @ rest, 0, atol=1e-9)


def test_a_quarter_turn_about_the_front_back_axis_moves_left_to_down():
    assert np.allclose(rotation(2, np.pi / 2) @ [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], atol=1e-9)
