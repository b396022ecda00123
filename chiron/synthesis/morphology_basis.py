"""The Gaussians that beats are made of, and where a wave begins and ends: one rule for drawing and fitting.

Times are in seconds from the R peak, for the P wave from its own peak.
"""

from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import Floats, decay
from chiron.synthesis.compiled import compiled

__all__ = [
    "CENTRES_S", "N_P", "N_QRS", "N_T", "P_SHARE", "QRS_SHARE", "TYPICAL_QRS_S", "TYPICAL_T_END_S", "T_SHARE",
    "WIDTHS_S", "limits", "trace",
]  # fmt: skip

N_P: Final = 4
N_QRS: Final = 11
N_T: Final = 8
CENTRES_S: Final = np.concatenate(
    [np.linspace(-0.036, 0.036, N_P), np.linspace(-0.055, 0.055, N_QRS), np.linspace(0.1, 0.415, N_T)]
)
"""(W,) of a person with typical durations: P, QRS and T, in this order."""
WIDTHS_S: Final = np.repeat([0.016, 0.0075, 0.035], [N_P, N_QRS, N_T])
"""(W,) standard deviations."""
P_SHARE: Final = 0.13
"""Of its largest size, where a wave is said to begin and end."""
QRS_SHARE: Final = 0.025
T_SHARE: Final = 0.1
TYPICAL_QRS_S: Final = 0.095  # how long the QRS is where the Gaussians lie as above
TYPICAL_T_END_S: Final = 0.36  # and where the T wave ends


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
