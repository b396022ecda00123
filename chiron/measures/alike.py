"""How alike two traces are when one is laid over the other, and how much that place stands out.

Shapes: K and L leads, n samples at `TRACE_HZ`, S shifts.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, next_fast_len, rfft

from chiron.measures.fingerprint import TRACE_HZ, Trace

__all__ = ["Likeness", "likeness_of"]

_LEAST_OVERLAP: Final = 0.6  # of the shorter trace
_NEAR_S: Final = 0.25  # other shifts than these are other places
_PER_SAMPLE: Final = 2  # shifts

Floats = npt.NDArray[np.float64]


class Likeness(NamedTuple):
    """`correlation` in the best place, and `elsewhere` in the best of all others: one beat on, mostly."""

    correlation: float
    elsewhere: float


def likeness_of(a: Trace, b: Trace) -> Likeness:
    """The median over the leads of the trace with fewer, each beside its likest in the other; whatever the polarity.

    a: (K, n), b: (L, m), as of `trace_of`, of a lead and 5 s at least.
    """
    few, many = (a, b) if len(a) <= len(b) else (b, a)
    by_shift = np.median(_correlations(few, many).max(axis=1), axis=0)
    best = int(by_shift.argmax())
    near = round(_NEAR_S * TRACE_HZ * _PER_SAMPLE)
    others = by_shift.copy()
    others[max(best - near, 0) : best + near + 1] = 0
    return Likeness(_between_shifts(by_shift, best), _between_shifts(by_shift, int(others.argmax())))


def _correlations(a: Trace, b: Trace) -> Floats:
    """(K, L, S) magnitudes of Pearson's correlation of what lies over each other, at every shift of enough overlap.

    Shifts are in parts of a sample: where beats come like clockwork, whole ones would favour some of the places.
    """
    n, m = a.shape[1], b.shape[1]
    size = next_fast_len(n + m, real=True)
    fa, fb = rfft(a, n=size, axis=1), rfft(b, n=size, axis=1)
    finer = irfft(fa[:, None] * fb[None].conj(), n=_PER_SAMPLE * size, axis=2)  # at s: the sum of a[i + s] b[i]
    least = round(_LEAST_OVERLAP * min(n, m))
    shifts = np.arange(_PER_SAMPLE * (least - m), _PER_SAMPLE * (n - least) + 1)
    whole = np.rint(shifts / _PER_SAMPLE).astype(np.int64)
    start, stop = np.maximum(whole, 0), np.minimum(whole + m, n)
    energy = _energy(a, start, stop)[:, None] * _energy(b, start - whole, stop - whole)[None]
    return np.asarray(_PER_SAMPLE * np.abs(finer[:, :, shifts]) / np.sqrt(np.maximum(energy, 1e-12)))


def _energy(x: Trace, start: npt.NDArray[np.int64], stop: npt.NDArray[np.int64]) -> Floats:
    """(K, S) sums of squares from `start` to `stop`."""
    total = np.concatenate([np.zeros((len(x), 1)), np.cumsum(np.square(x, dtype=np.float64), axis=1)], axis=1)
    return np.asarray(total[:, stop] - total[:, start])


def _between_shifts(y: Floats, at: int) -> float:
    """The height of the parabola through a maximum and its neighbours, one at most."""
    if not 0 < at < y.size - 1:
        return float(y[at])
    left, middle, right = y[at - 1], y[at], y[at + 1]
    bend = left - 2 * middle + right
    return float(min(middle - (left - right) ** 2 / (8 * bend), 1.0)) if bend < 0 else float(min(middle, 1.0))
