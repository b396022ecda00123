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
Words = npt.NDArray[np.uint64]

ALL_LEADS: Final = (*MEASURED, *DERIVED_LEADS)
_III, _AVR, _AVL = (ALL_LEADS.index(lead) for lead in ("III", "aVR", "aVL"))
_LOW: Final = np.uint64(0xFFFF)
_BITS, _TWICE, _THRICE = np.uint64(16), np.uint64(32), np.uint64(48)  # of one step, two, three
_ROUND: Final = np.float32(1.5 * 2**23)  # added and taken away: to the nearest whole number, ties to even


@compiled("void(float32[:, ::1], float32, float32, int16[:, ::1])")
def _to_steps(x: Samples, gain: np.float32, most: np.float32, out: Steps) -> None:
    """Whole steps within the converter's range."""
    flat, steps = x.reshape(x.size), out.reshape(out.size)
    for i in range(flat.size):
        steps[i] = np.int16(np.int32((min(max(flat[i] * gain, -most), most) + _ROUND) - _ROUND))


@compiled("uint64(uint64, uint64, uint64, uint64, uint64)")
def _word(p: np.uint64, q: np.uint64, r: np.uint64, s: np.uint64, lead: np.uint64) -> np.uint64:
    """The steps of one lead out of the words of four samples."""
    shift = lead * _BITS
    p, q, r, s = (p >> shift) & _LOW, (q >> shift) & _LOW, (r >> shift) & _LOW, (s >> shift) & _LOW
    return p | (q << _BITS) | (r << _TWICE) | (s << _THRICE)


@compiled("void(uint64[:, ::1], int64, uint64[::1], uint64[::1], uint64[::1], uint64[::1])")
def _turn_words(steps: Words, k: int, a: Words, b: Words, c: Words, d: Words) -> None:
    """From words of four leads to words of four samples, the first in the lowest bits: a quarter of the stores."""
    for i in range(a.size):
        p, q, r, s = steps[4 * i, k], steps[4 * i + 1, k], steps[4 * i + 2, k], steps[4 * i + 3, k]
        a[i], b[i] = _word(p, q, r, s, np.uint64(0)), _word(p, q, r, s, np.uint64(1))
        c[i], d[i] = _word(p, q, r, s, np.uint64(2)), _word(p, q, r, s, np.uint64(3))


@compiled("void(int16[:, ::1], int64, int16[::1])")
def _take(steps: Steps, k: int, out: Steps) -> None:
    for i in range(out.size):
        out[i] = steps[i, k]


@compiled("void(int16[:, ::1], int16[:, ::1])")
def _turn(steps: Steps, out: Steps) -> None:
    """(K, S) from (S, K)."""
    n, leads = steps.shape
    if n % 4 == 0 and leads % 4 == 0:
        words, rows = steps.view(np.uint64), out.view(np.uint64)
        for k in range(leads // 4):
            _turn_words(words, k, rows[4 * k], rows[4 * k + 1], rows[4 * k + 2], rows[4 * k + 3])
    else:
        for k in range(leads):
            _take(steps, k, out[k])


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
    """(L, S) int16 of `leads` from (S, K) mV: III = II - I exactly, the augmented leads to rounding."""
    steps = np.empty(x.shape, dtype=np.int16)
    _to_steps(x, np.float32(gain_per_mv), np.float32(FULL_SCALE_MV * gain_per_mv), steps)
    measured = np.empty((x.shape[1], x.shape[0]), dtype=np.int16)
    _turn(steps, measured)
    for row in range(leads.size):
        if leads[row] < len(MEASURED):
            k = 0
            while columns[k] != leads[row]:
                k += 1
            out[row] = measured[k]
        else:
            _derive(leads[row], measured[0], measured[1], out[row])


@compiled("void(float32[:, ::1], float32[:, ::1], float32, float32)")
def mix(x: Samples, noise: Samples, heart: np.float32, scale: np.float32) -> None:
    """The heart, if it is heard, with its noise; in place."""
    flat, added = x.reshape(x.size), noise.reshape(noise.size)
    for i in range(flat.size):
        flat[i] = heart * flat[i] + scale * added[i]
