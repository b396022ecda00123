"""Leads: which ones are measured, how a dipole projects onto them, and how the others follow from them exactly.

The shapes of waves do not belong here.
"""

from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import Floats, cos, matmul, sin
from chiron.synthesis.compiled import compiled
from chiron.synthesis.structures import MEASURED

__all__ = ["DERIVED_LEADS", "DOWER", "DOWER_INVERSE", "measured_leads", "rotation", "turning"]

DOWER: Final[Floats] = np.array(
    [
        [0.632, -0.235, 0.059],  # I
        [0.235, 1.066, -0.132],  # II
        [-0.515, 0.157, -0.917],  # V1
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],  # V6
    ]
)
"""(8, 3): `MEASURED` lead = row . (X, Y, Z) of the dipole: left, down, back. Source: Dower 1980."""

DERIVED_LEADS: Final = ("III", "aVR", "aVL", "aVF")  # each follows from I and II (Einthoven, Goldberger)


def _cofactor(g: list[list[float]], i: int, j: int) -> float:
    a, b, c, d = (i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3
    return g[a][c] * g[b][d] - g[a][d] * g[b][c]


def _inverse(table: list[list[float]]) -> Floats:
    """(D^T D)^-1 D^T in plain arithmetic: a linear algebra library's last bits differ between machines."""
    g = [[sum(row[i] * row[j] for row in table) for j in range(3)] for i in range(3)]
    cofactor = [[_cofactor(g, i, j) for j in range(3)] for i in range(3)]
    determinant = sum(g[0][j] * cofactor[0][j] for j in range(3))
    return np.array([[sum(cofactor[i][j] * row[j] for j in range(3)) / determinant for row in table] for i in range(3)])


DOWER_INVERSE: Final[Floats] = _inverse(DOWER.tolist())
"""(3, 8): the dipole that explains the leads best."""


@compiled("float64[:, ::1](int64, float64)")
def rotation(axis: int, angle_rad: float) -> Floats:
    """(3, 3): a turn about X (0), Y (1) or Z (2)."""
    c, s = cos(angle_rad), sin(angle_rad)
    a, b = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.zeros((3, 3))
    matrix[axis, axis] = 1.0
    matrix[a, a] = matrix[b, b] = c
    matrix[a, b], matrix[b, a] = -s, s
    return matrix


@compiled("float64[:, ::1](float64[:, ::1])")
def turning(turn: Floats) -> Floats:
    """(8, 8): what turning the dipole by a (3, 3) rotation adds to the leads, of what the leads are."""
    less = turn.copy()
    for axis in range(3):
        less[axis, axis] -= 1.0
    return matmul(DOWER.copy(), matmul(less, DOWER_INVERSE.copy()))  # type: ignore[no-any-return]


def measured_leads(leads: tuple[str, ...]) -> tuple[str, ...]:
    """The independent leads (of I, II, V1-V6) from which all of `leads` follow."""
    limbs = ("I", "II") if any(lead in DERIVED_LEADS for lead in leads) else ()
    return tuple(lead for lead in MEASURED if lead in leads or lead in limbs)
