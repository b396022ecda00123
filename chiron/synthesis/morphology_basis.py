"""The Gaussians that beats are made of, and where a wave begins and ends: one rule for drawing and fitting.

Times are in seconds from the R peak, for the P wave from its own peak. The last Gaussian of P is the recovery of the
atria (Ta), under PR segment, QRS and ST: it goes where P goes, but is no part of its duration or size.
"""

from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import Floats, decay, exp
from chiron.synthesis.compiled import compiled

__all__ = [
    "CENTRES_S", "N_P", "N_P_SEEN", "N_QRS", "N_T", "P_SHARE", "QRS_SHARE", "TYPICAL_QRS_S", "TYPICAL_T_END_S",
    "T_SHARE", "WIDTHS_S", "limits", "overlap", "trace", "wave_sizes",
]  # fmt: skip

N_P_SEEN: Final = 4  # of the P wave itself
N_P: Final = N_P_SEEN + 1
N_QRS: Final = 11
N_T: Final = 8
CENTRES_S: Final = np.concatenate(
    [np.linspace(-0.036, 0.036, N_P_SEEN), [0.1], np.linspace(-0.055, 0.055, N_QRS), np.linspace(0.1, 0.415, N_T)]
)
"""(W,) of a person with typical durations: P, QRS and T, in this order."""
WIDTHS_S: Final = np.repeat([0.016, 0.05, 0.0075, 0.035], [N_P_SEEN, 1, N_QRS, N_T])
"""(W,) standard deviations."""
P_SHARE: Final = 0.13
"""Of its largest size, where a wave is said to begin and end."""
QRS_SHARE: Final = 0.025
T_SHARE: Final = 0.1
TYPICAL_QRS_S: Final = 0.095  # how long the QRS is where the Gaussians lie as above
TYPICAL_T_END_S: Final = 0.36  # and where the T wave ends
_BEGIN: Final = np.array([0, N_P, N_P + N_QRS])  # of P, QRS and T among the Gaussians
_END: Final = np.array([N_P_SEEN, N_P + N_QRS, N_P + N_QRS + N_T])
_ROOT_OF_TWO_PI: Final = 2.5066282746310002


@compiled("float64(int64, int64)")
def overlap(first: int, second: int) -> float:
    """The integral of the product of two Gaussians of height one, s."""
    squares = WIDTHS_S[first] * WIDTHS_S[first] + WIDTHS_S[second] * WIDTHS_S[second]
    apart = CENTRES_S[first] - CENTRES_S[second]
    height = _ROOT_OF_TWO_PI * WIDTHS_S[first] * WIDTHS_S[second] / np.sqrt(squares)
    return height * exp(-0.5 * apart * apart / squares)  # type: ignore[no-any-return]


def _overlaps() -> Floats:
    n = len(CENTRES_S)
    return np.array([[overlap(i, j) for j in range(n)] for i in range(n)])


_OVERLAPS: Final = _overlaps()


@compiled("float64[::1](float64[:, ::1])")
def wave_sizes(amplitude: Floats) -> Floats:
    """(3,) mV s^1/2: the root of the integral of the squares, over all leads, of P, QRS and T.

    amplitude: (W, 8) mV. The recovery of the atria counts for nothing.
    """
    out = np.zeros(3)
    for wave in range(3):
        for i in range(_BEGIN[wave], _END[wave]):
            for j in range(_BEGIN[wave], _END[wave]):
                product = 0.0
                for lead in range(8):
                    product += amplitude[i, lead] * amplitude[j, lead]
                out[wave] += _OVERLAPS[i, j] * product
    return np.sqrt(np.maximum(out, 0.0))


@compiled("void(float64[:, ::1], float64[::1], float64, float64, float64, float64)")
def _add(out: Floats, leads_mv: Floats, first_s: float, step_s: float, rise_s: float, fall_s: float) -> None:
    """Add a Gaussian to points from `first_s` after its centre on."""
    size = np.empty(out.shape[0])
    for i in range(size.size):
        distance = first_s + i * step_s
        z = distance / (rise_s if distance < 0.0 else fall_s)
        size[i] = decay(0.5 * z * z)
    for i in range(size.size):
        for lead in range(8):
            out[i, lead] += size[i] * leads_mv[lead]


@compiled("float64[:, ::1](int64, float64[:, ::1], float64, int64, float64)")
def trace(n: int, gaussians: Floats, first_s: float, n_points: int, step_s: float) -> Floats:
    """(n_points, 8) mV: the sum of the first n Gaussians, every `step_s` from `first_s` on.

    gaussians: rows of centre, rising and falling standard deviation (s) and the amplitude in eight leads (mV).
    """
    out = np.zeros((n_points, 8))
    for w in range(n):
        centre, rise, fall = gaussians[w, 0], gaussians[w, 1], gaussians[w, 2]
        begin = max(int(np.ceil((centre - 4.0 * rise - first_s) / step_s)), 0)
        end = min(int(np.floor((centre + 4.0 * fall - first_s) / step_s)), n_points - 1)
        if begin <= end:
            _add(out[begin : end + 1], gaussians[w][3:], first_s + begin * step_s - centre, step_s, rise, fall)
    return out


@compiled("UniTuple(float64, 3)(float64[:, ::1], float64, float64, float64)")
def limits(mv: Floats, first_s: float, step_s: float, share: float) -> tuple[float, float, float]:
    """From when to when, around its maximum, the root mean square over the leads is above this share; and the maximum.

    mv: (n_points, L) as of `trace`. Between points it is taken as linear.
    """
    size = np.empty(mv.shape[0])
    top = 0
    for i in range(mv.shape[0]):
        total = 0.0
        for lead in range(mv.shape[1]):
            total += mv[i, lead] * mv[i, lead]
        size[i] = np.sqrt(total)
        if size[i] > size[top]:
            top = i
    level = share * size[top]
    begin = end = top
    while begin > 0 and size[begin] > level:
        begin -= 1
    while end < mv.shape[0] - 1 and size[end] > level:
        end += 1
    on, off = float(begin), float(end)
    if size[begin] < level:
        on += (level - size[begin]) / (size[begin + 1] - size[begin])
    if size[end] < level:
        off -= (level - size[end]) / (size[end - 1] - size[end])
    at = float(top)
    if 0 < top < mv.shape[0] - 1:  # of the parabola through three points
        before, after = size[top - 1], size[top + 1]
        at += 0.5 * (before - after) / min(before - 2.0 * size[top] + after, -1e-12)
    return first_s + on * step_s, first_s + off * step_s, first_s + at * step_s
