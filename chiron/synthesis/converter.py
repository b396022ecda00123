"""From millivolts to the converter's steps, and from the measured leads to all.

Samples S, measured leads K, leads L of the specification.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.synthesis.compiled import compiled
from chiron.synthesis.leads import DERIVED_LEADS
from chiron.synthesis.structures import MEASURED, Ints
from schemas.cohort import FULL_SCALE_MV

__all__ = ["ALL_LEADS", "digitise", "mix"]

Samples = npt.NDArray[np.float32]
Steps = npt.NDArray[np.int16]

ALL_LEADS: Final = (*MEASURED, *DERIVED_LEADS)
_III, _AVR, _AVL = (ALL_LEADS.index(lead) for lead in ("III", "aVR", "aVL"))
_ROUND: Final = np.float32(1.5 * 2**23)  # added and taken away: to the nearest whole number, ties to even


@compiled("void(float32[:, ::1], float32, float32)")
def _to_steps(x: Samples, gain: np.float32, most: np.float32) -> None:
    """Whole steps within the converter's range, in place."""
    flat = x.reshape(x.size)
    for i in range(flat.size):
        flat[i] = (min(max(flat[i] * gain, -most), most) + _ROUND) - _ROUND


@compiled("void(float32[:, ::1], int64, int16[::1])")
def _take(x: Samples, k: int, out: Steps) -> None:
    for i in range(out.size):
        out[i] = np.int16(x[i, k])


@compiled("void(int64, int16[::1], int16[::1], int16[::1])")
def _derive(lead: int, first: Steps, second: Steps, out: Steps) -> None:
    """III and the augmented leads from I and II (Einthoven, Goldberger)."""
    for i in range(out.size):
        one, two = np.int32(first[i]), np.int32(second[i])
        if lead == _III:
            out[i] = two - one
        elif lead == _AVR:
            out[i] = -((one + two) >> 1)
        elif lead == _AVL:
            out[i] = one - (two >> 1)
        else:
            out[i] = two - (one >> 1)


@compiled("void(float32[:, ::1], int64[::1], int64[::1], float64, int16[:, ::1])")
def digitise(x: Samples, columns: Ints, leads: Ints, gain_per_mv: float, out: npt.NDArray[np.int16]) -> None:
    """(L, S) int16 of `leads` from (S, K) mV: III = II - I exactly, the augmented leads to rounding. Spoils `x`."""
    _to_steps(x, np.float32(gain_per_mv), np.float32(FULL_SCALE_MV * gain_per_mv))
    limbs = np.empty((2, x.shape[0]), dtype=np.int16)
    if x.shape[1] > 1:
        _take(x, 0, limbs[0])
        _take(x, 1, limbs[1])
    for row in range(leads.size):
        if leads[row] < len(MEASURED):
            k = 0
            while columns[k] != leads[row]:
                k += 1
            _take(x, k, out[row])
        else:
            _derive(leads[row], limbs[0], limbs[1], out[row])


@compiled("void(float32[:, ::1], float32[:, ::1], float32, float32)")
def mix(x: Samples, noise: Samples, heart: np.float32, scale: np.float32) -> None:
    """The heart, if it is heard, with its noise; in place."""
    flat, added = x.reshape(x.size), noise.reshape(noise.size)
    for i in range(flat.size):
        flat[i] = heart * flat[i] + scale * added[i]
