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

__all__ = ["ALL_LEADS", "digitise", "mean_square", "mix"]

Samples = npt.NDArray[np.float32]

ALL_LEADS: Final = (*MEASURED, *DERIVED_LEADS)
_III, _AVR, _AVL = (ALL_LEADS.index(lead) for lead in ("III", "aVR", "aVL"))
_ROUND: Final = np.float32(1.5 * 2**23)  # added and taken away: to the nearest whole number, ties to even


@compiled("int32(float32[:, ::1], int64, int64, float32, float32)")
def _steps(x: Samples, i: int, k: int, gain: np.float32, most: np.float32) -> np.int32:
    """Whole steps of the converter, within its range."""
    value = min(max(x[i, k] * gain, -most), most)
    return np.int32((value + _ROUND) - _ROUND)


@compiled("void(float32[:, ::1], int64[::1], int64[::1], float64, int16[:, ::1])")
def digitise(x: Samples, columns: Ints, leads: Ints, gain_per_mv: float, out: npt.NDArray[np.int16]) -> None:
    """(L, S) int16 of `leads` from (S, K) mV: III = II - I exactly, the augmented leads to rounding."""
    gain, most = np.float32(gain_per_mv), np.float32(FULL_SCALE_MV * gain_per_mv)
    for row in range(leads.size):
        lead = leads[row]
        if lead < len(MEASURED):
            k = 0
            while columns[k] != lead:
                k += 1
            for i in range(x.shape[0]):
                out[row, i] = _steps(x, i, k, gain, most)
            continue
        for i in range(x.shape[0]):
            first, second = _steps(x, i, 0, gain, most), _steps(x, i, 1, gain, most)
            if lead == _III:
                out[row, i] = second - first
            elif lead == _AVR:
                out[row, i] = -((first + second) >> 1)
            elif lead == _AVL:
                out[row, i] = first - (second >> 1)
            else:
                out[row, i] = second - (first >> 1)


@compiled("float64(float32[:, ::1])")
def mean_square(x: Samples) -> float:
    """Over all leads."""
    sums = np.zeros(x.shape[1], dtype=np.float64)
    for i in range(x.shape[0]):
        for k in range(x.shape[1]):
            sums[k] += x[i, k] * x[i, k]
    total = 0.0
    for k in range(x.shape[1]):
        total += sums[k]
    return total / (x.shape[0] * x.shape[1])  # type: ignore[no-any-return]


@compiled("void(float32[:, ::1], float32[:, ::1], float32, float32)")
def mix(x: Samples, noise: Samples, heart: np.float32, scale: np.float32) -> None:
    """The heart, if it is heard, with its noise; in place."""
    for i in range(x.shape[0]):
        for k in range(x.shape[1]):
            x[i, k] = heart * x[i, k] + scale * noise[i, k]
