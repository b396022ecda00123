"""Recursive filters of second order along time, compiled: the same bits on every processor.

S samples, L leads. Arrays are (S, L), so that one instruction works on all leads; state is kept in double precision,
because a corner far below the sampling rate has poles next to 1. Which band a recorder has does not belong here.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import TWO_PI, Floats, cos, sin
from chiron.synthesis.compiled import compiled

__all__ = [
    "MOST_LEADS",
    "PASS_ALL",
    "Biquad",
    "Device",
    "Floats32",
    "filter_row",
    "filter_row_twice",
    "gain_at",
    "gentle_low_pass",
    "high_pass",
    "low_pass",
    "pass_band",
    "settle_leads",
    "start_band",
]

Floats32 = npt.NDArray[np.float32]
Biquad = tuple[float, float, float, float, float]
"""b0, b1, b2, a1, a2 of b(z) / a(z), a0 = 1."""

MOST_LEADS: Final = 64  # that one call of `pass_band` takes
PASS_ALL: Final = (1.0, 0.0, 0.0, 0.0, 0.0)
_SQRT2: Final = 1.4142135623730951
_HIGHEST: Final = 0.48  # of a corner, as a share of the sampling rate


class Device(NamedTuple):
    """The band that a recorder passes; no high pass where `high_pass_hz` is 0."""

    low_pass_hz: float
    high_pass_hz: float


@compiled("float64(float64, float64)")
def _warped(hz: float, fs_hz: float) -> float:
    """tan(pi f / fs), the bilinear transform's frequency."""
    angle = 0.5 * TWO_PI * min(hz / fs_hz, _HIGHEST)
    return sin(angle) / cos(angle)  # type: ignore[no-any-return]


@compiled("UniTuple(float64, 5)(float64, float64)")
def low_pass(corner_hz: float, fs_hz: float) -> Biquad:
    """Butterworth of second order."""
    k = _warped(corner_hz, fs_hz)
    norm = 1.0 / (1.0 + _SQRT2 * k + k * k)
    b = k * k * norm
    return b, 2.0 * b, b, 2.0 * (k * k - 1.0) * norm, (1.0 - _SQRT2 * k + k * k) * norm


@compiled("UniTuple(float64, 5)(float64, float64)")
def high_pass(corner_hz: float, fs_hz: float) -> Biquad:
    """Butterworth of second order; passes everything where the corner is 0."""
    if corner_hz == 0.0:
        return PASS_ALL
    k = _warped(corner_hz, fs_hz)
    norm = 1.0 / (1.0 + _SQRT2 * k + k * k)
    return norm, -2.0 * norm, norm, 2.0 * (k * k - 1.0) * norm, (1.0 - _SQRT2 * k + k * k) * norm


@compiled("UniTuple(float64, 5)(float64, float64)")
def gentle_low_pass(corner_hz: float, fs_hz: float) -> Biquad:
    """First order: 6 dB per octave."""
    k = _warped(corner_hz, fs_hz)
    norm = 1.0 / (1.0 + k)
    return k * norm, k * norm, 0.0, (k - 1.0) * norm, 0.0


@compiled("float64(float64, float64, float64)")
def gain_at(hz: float, corner_hz: float, fs_hz: float) -> float:
    """What `low_pass` leaves of a sine's amplitude; nothing from half the sampling rate on."""
    if hz >= _HIGHEST * fs_hz:
        return 0.0
    ratio = _warped(hz, fs_hz) / _warped(corner_hz, fs_hz)
    return 1.0 / np.sqrt(1.0 + ratio * ratio * ratio * ratio)  # type: ignore[no-any-return]


@compiled("UniTuple(float64, 5)(UniTuple(float64, 5))")
def _by_state(biquad: Biquad) -> Biquad:
    """b0, c1, c2, a1, a2: what an input and the state add to the next state.

    Direct form II transposed with its output put in: the next state waits for one product less.
    """
    b0, b1, b2, a1, a2 = biquad
    return b0, b1 - a1 * b0, b2 - a2 * b0, a1, a2


@compiled("UniTuple(float64, 3)(float64, UniTuple(float64, 5), float64, float64)")
def _step(v: float, form: Biquad, p: float, q: float) -> tuple[float, float, float]:
    """What leaves the filter when v enters, and its next state; form: of `_by_state`."""
    return form[0] * v + p, (form[1] * v + q) - form[3] * p, form[2] * v - form[4] * p


@compiled("UniTuple(float64, 3)(float64, UniTuple(float64, 5))")
def _at_rest(v: float, biquad: Biquad) -> tuple[float, float, float]:
    """What leaves the filter when v has entered for ever, and its state then."""
    y = v * (biquad[0] + biquad[1] + biquad[2]) / (1.0 + biquad[3] + biquad[4])
    return y, y - biquad[0] * v, biquad[2] * v - biquad[4] * y


@compiled("void(float32[::1], UniTuple(float64, 5))")
def filter_row(x: Floats32, biquad: Biquad) -> None:
    """Filter one lead in place, from rest."""
    form, p, q = _by_state(biquad), 0.0, 0.0
    for i in range(x.size):
        y, p, q = _step(x[i], form, p, q)
        x[i] = y


@compiled("void(float32[::1], UniTuple(float64, 5), UniTuple(float64, 5))")
def filter_row_twice(x: Floats32, first: Biquad, second: Biquad) -> None:
    """Filter one lead in place through two filters, from rest."""
    one, two = _by_state(first), _by_state(second)
    p, q, r, t = 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        y, p, q = _step(x[i], one, p, q)
        y, r, t = _step(y, two, r, t)
        x[i] = y


@compiled("float64[:, ::1](float32[::1], UniTuple(float64, 5), UniTuple(float64, 5))")
def start_band(first_L: Floats32, low: Biquad, high: Biquad) -> Floats:  # noqa: N803 - the shape
    """(5, L) the state of `pass_band` where the first sample has lasted for ever; the last row sums squares."""
    state = np.zeros((5, first_L.size))
    for j in range(first_L.size):
        y, state[0, j], state[1, j] = _at_rest(first_L[j], low)
        _, state[2, j], state[3, j] = _at_rest(y, high)
    return state


@compiled("float64(float32[:, ::1], UniTuple(float64, 5))")
def settle_leads(x_SL: Floats32, biquad: Biquad) -> float:  # noqa: N803
    """Filter every lead in place, settled on its first sample. Returns the sum of squares of what is left.

    L is at most MOST_LEADS; two samples at once, as in `pass_band`.
    """
    n, leads = x_SL.shape
    form, s = _by_state(biquad), np.zeros((3, MOST_LEADS))
    for j in range(leads):
        _, s[0, j], s[1, j] = _at_rest(x_SL[0, j], biquad)
    for i in range(0, n - 1, 2):
        for j in range(leads):
            v, p, q = _step(np.float64(x_SL[i, j]), form, s[0, j], s[1, j])
            w, p, q = _step(np.float64(x_SL[i + 1, j]), form, p, q)
            s[0, j], s[1, j] = p, q
            s[2, j] += v * v + w * w
            x_SL[i, j], x_SL[i + 1, j] = v, w
    total = 0.0
    for j in range(leads):
        if n % 2:
            v, _, _ = _step(np.float64(x_SL[n - 1, j]), form, s[0, j], s[1, j])
            s[2, j] += v * v
            x_SL[n - 1, j] = v
        total += s[2, j]
    return total


@compiled("void(float32[:, ::1], UniTuple(float64, 5), UniTuple(float64, 5), float64[:, ::1])")
def pass_band(x_SL: Floats32, low: Biquad, high: Biquad, state: Floats) -> None:  # noqa: N803 - the shape
    """Low-pass, then high-pass every lead in place; what follows may be passed later, with the same state.

    L is at most MOST_LEADS. Two samples at once halve the traffic of the state, and with a shape of its own that is
    known beforehand the compiler sees that leads do not overlap: both are needed for one instruction on all leads.
    """
    n, leads = x_SL.shape
    s = np.empty((5, MOST_LEADS))
    s[:, :leads] = state
    low_form, high_form = _by_state(low), _by_state(high)
    for i in range(0, n - 1, 2):
        for j in range(leads):
            p, q, r, t = s[0, j], s[1, j], s[2, j], s[3, j]
            v, w = np.float64(x_SL[i, j]), np.float64(x_SL[i + 1, j])
            y, p, q = _step(v, low_form, p, q)
            v, r, t = _step(y, high_form, r, t)
            y, p, q = _step(w, low_form, p, q)
            w, r, t = _step(y, high_form, r, t)
            s[0, j], s[1, j], s[2, j], s[3, j] = p, q, r, t
            s[4, j] += v * v + w * w
            x_SL[i, j], x_SL[i + 1, j] = v, w
    if n % 2:
        for j in range(leads):
            y, s[0, j], s[1, j] = _step(x_SL[n - 1, j], low_form, s[0, j], s[1, j])
            v, s[2, j], s[3, j] = _step(y, high_form, s[2, j], s[3, j])
            s[4, j] += v * v
            x_SL[n - 1, j] = v
    state[:] = s[:, :leads]
