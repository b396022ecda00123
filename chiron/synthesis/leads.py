"""Leads: which ones are measured, how a dipole projects onto them, and how the others follow from them exactly.

The shapes of waves do not belong here.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import Floats

__all__ = ["DERIVED_LEADS", "derive_leads", "lead_matrix", "measured_leads"]

# Dower 1980: lead = row . (X, Y, Z) of the dipole.
_DOWER: Final[dict[str, tuple[float, float, float]]] = {
    "I": (0.632, -0.235, 0.059),
    "II": (0.235, 1.066, -0.132),
    "V1": (-0.515, 0.157, -0.917),
    "V2": (0.044, 0.164, -1.387),
    "V3": (0.882, 0.098, -1.277),
    "V4": (1.213, 0.127, -0.601),
    "V5": (1.125, 0.127, -0.086),
    "V6": (0.831, 0.076, 0.230),
}
DERIVED_LEADS: Final = ("III", "aVR", "aVL", "aVF")  # each follows from I and II (Einthoven, Goldberger)


def measured_leads(leads: tuple[str, ...]) -> tuple[str, ...]:
    """The independent leads (of I, II, V1-V6) from which all of `leads` follow."""
    limbs = ("I", "II") if any(lead in DERIVED_LEADS for lead in leads) else ()
    return tuple(lead for lead in _DOWER if lead in leads or lead in limbs)


def lead_matrix(measured: tuple[str, ...], *, arms_swapped: bool) -> Floats:
    """(n_leads, 3): the projection of the dipole. Swapped arms turn I over and exchange II and III."""
    first, second = np.array(_DOWER["I"]), np.array(_DOWER["II"])
    swapped = {"I": -first, "II": second - first} if arms_swapped else {}
    return np.array([swapped.get(lead, np.array(_DOWER[lead])) for lead in measured])


def derive_leads(
    digital: npt.NDArray[np.int32], measured: tuple[str, ...], leads: tuple[str, ...]
) -> npt.NDArray[np.int16]:
    """(n_leads, n_samples) of `leads` from the measured ones: III = II - I exactly, the augmented leads to rounding."""
    row = dict(zip(measured, digital, strict=True))
    if "I" in row and "II" in row:
        first, second = row["I"], row["II"]
        row["III"] = second - first
        row["aVR"] = -((first + second) // 2)
        row["aVL"] = first - second // 2
        row["aVF"] = second - first // 2
    return np.stack([row[lead] for lead in leads]).astype(np.int16)
