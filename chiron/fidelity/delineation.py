"""Waves of an averaged beat: where they begin and end, and how high they are. The same code for real and synthetic.

Widths are a little wide at 100 Hz, on both sides alike: they serve comparison, not diagnosis.
Shapes: W samples of a beat.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

__all__ = ["AFTER_S", "BEFORE_S", "Waves", "delineated"]

BEFORE_S: Final = 0.35  # of the R peak, in an averaged beat
AFTER_S: Final = 0.60
_STEP_S: Final = 0.0025
_QRS_S: Final = (-0.15, 0.18)  # where a QRS complex begins at the earliest and ends at the latest
_STEEP: Final = 0.08  # of the steepest slope: what is less is no longer QRS
_QUIET_S: Final = 0.0125  # the slope stays small for so long
_LEVEL_S: Final = (-0.03, -0.01)  # before the onset: the isoelectric line
_ST_S: Final = (0.04, 0.08)  # after the end
_T_BEGINS_S: Final = 0.08  # after the end of QRS
_T_SHARE: Final = 0.65  # of the RR interval: the T wave peaks before, the next P wave comes after
_P_S: Final = 0.27  # before the onset

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Waves:
    """Of one beat, turned so that its largest deflection points up. Heights in mV above the isoelectric line."""

    onset_s: float  # of QRS, from the R peak: below zero
    end_s: float
    level_mv: float
    r_mv: float
    depth_mv: float  # of the deepest point of QRS, as a positive number
    p_mv: float  # signed
    p_to_qrs_s: float
    st_mv: float
    t_mv: float  # signed
    t_peak_s: float
    t_end_s: float


def delineated(beat: Floats, rate_hz: float, rr_s: float) -> Waves:
    """The waves of an averaged beat.

    beat: (W,) mV from `BEFORE_S` before the R peak, W = (BEFORE_S + AFTER_S) * rate; rr_s: the usual interval.
    """
    own = np.arange(beat.size) / rate_hz - round(BEFORE_S * rate_hz) / rate_hz
    t = np.arange(own[0], own[-1], _STEP_S)
    x = np.asarray(CubicSpline(own, beat)(t))
    onset, end = _qrs(x, t)
    level = _mean(x, t, onset + _LEVEL_S[0], onset + _LEVEL_S[1])
    x = x - level
    qrs = x[(t >= onset) & (t <= end)]
    p_at, p_mv = _bump(x, t, (onset - _P_S, onset - 0.02), tilted=True)  # the T wave before may reach in
    latest = min(max(_T_SHARE * rr_s, end + 0.15), t[-1])
    t_at, t_mv = _bump(x, t, (end + _T_BEGINS_S, latest), tilted=False)
    return Waves(
        onset_s=onset,
        end_s=end,
        level_mv=level,
        r_mv=float(qrs.max()),
        depth_mv=float(max(-qrs.min(), 0.0)),
        p_mv=p_mv,
        p_to_qrs_s=onset - p_at,
        st_mv=_mean(x, t, end + _ST_S[0], end + _ST_S[1]),
        t_mv=t_mv,
        t_peak_s=t_at,
        t_end_s=_tangent_end(x, t, t_at, t_mv),
    )


def _qrs(x: Floats, t: Floats) -> tuple[float, float]:
    """Where the slope around the R peak first stays small, to either side."""
    slope = np.abs(np.gradient(x, t))
    near = np.abs(t) <= 0.06
    calm = slope < _STEEP * slope[near].max()
    n = round(_QUIET_S / _STEP_S)
    steep = np.flatnonzero(near & ~calm)
    return (
        _first_calm(calm[: steep[0] + 1][::-1], t[: steep[0] + 1][::-1], n, _QRS_S[0]),
        _first_calm(calm[steep[-1] :], t[steep[-1] :], n, _QRS_S[1]),
    )


def _first_calm(calm: npt.NDArray[np.bool_], t: Floats, n: int, limit_s: float) -> float:
    runs = np.lib.stride_tricks.sliding_window_view(calm, n).all(axis=1)
    found = float(t[runs.argmax()]) if runs.any() else limit_s
    return max(found, limit_s) if limit_s < 0 else min(found, limit_s)


def _mean(x: Floats, t: Floats, from_s: float, to_s: float) -> float:
    return float(x[(t >= from_s) & (t <= to_s)].mean())


def _bump(x: Floats, t: Floats, window_s: tuple[float, float], *, tilted: bool) -> tuple[float, float]:
    """Time and height of the point farthest from the isoelectric line, or from the line between the window's ends."""
    inside = np.flatnonzero((t >= window_s[0]) & (t <= window_s[1]))
    line = np.linspace(x[inside[0]], x[inside[-1]], inside.size) if tilted else 0.0
    height = x[inside] - line
    at = int(np.abs(height).argmax())
    return float(t[inside[at]]), float(height[at])


def _tangent_end(x: Floats, t: Floats, peak_s: float, height: float) -> float:
    """Where the steepest line after the T wave's peak meets the isoelectric line (Lepeschkin & Surawicz 1952)."""
    after = (t > peak_s) & (t <= peak_s + 0.2)
    if after.sum() < 3 or height == 0:
        return peak_s
    y, own_t = np.sign(height) * x[after], t[after]
    slope = np.gradient(y, own_t)
    steepest = int(slope.argmin())
    if slope[steepest] >= 0:
        return float(own_t[-1])
    return float(np.clip(own_t[steepest] - y[steepest] / slope[steepest], peak_s, t[-1]))
