"""Where the waves of a record lie and how large they are: what is drawn before any sample is computed.

K leads (those that the record needs), P waves. What the waves look like does not belong here.
"""

from typing import Final, NamedTuple

import numpy as np

from chiron.synthesis.arithmetic import TWO_PI, Floats, exp, sin
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, log_normal, log_uniform, normal, uniform, unit
from chiron.synthesis.structures import Beat, Condition, Ints, Plan, Shapes, Wave

__all__ = ["KNOT_S", "FWaves", "Placements", "draw_f_waves", "place_waves"]

KNOT_S: Final = 0.05  # between two steps of how fibrillatory waves wander

_P, _ECTOPIC_P, _QRS, _T = int(Wave.P), int(Wave.ECTOPIC_P), int(Wave.QRS), int(Wave.T)
_WIDE_QRS, _WIDE_T, _FLUTTER, _SPIKE = int(Wave.WIDE_QRS), int(Wave.WIDE_T), int(Wave.FLUTTER), int(Wave.SPIKE)
_NARROW: Final = (int(Beat.NORMAL), int(Beat.ATRIAL), int(Beat.JUNCTIONAL))


class Placements(NamedTuple):
    """Every wave of a record, (P,) each: which `Wave`, where its reference point lies, how long and how large it is.

    breath: how far the chest has moved, from -1 to 1.
    """

    wave: Ints
    at_s: Floats
    stretch: Floats
    gain: Floats
    breath: Floats


class FWaves(NamedTuple):
    """Fibrillatory waves. sharpness: 0, a sine, to 1, a sawtooth. pace, swell: (knots,) how rate and size wander. turn:
    (3,) of each axis before the first sample. size_mv: (3, K) of each axis in each lead."""

    rate_hz: float
    rms_mv: float
    sharpness: float
    pace: Floats
    swell: Floats
    turn: Floats
    size_mv: Floats


@compiled("boolean(int64)")
def _is_narrow(kind: int) -> bool:
    return kind in _NARROW


@compiled()
def _place(to: Placements, i: int, wave: int, at_s: float, stretch: float, gain: float, breath: float) -> None:
    to.wave[i], to.at_s[i], to.stretch[i], to.gain[i], to.breath[i] = wave, at_s, stretch, gain, breath


@compiled()
def _place_beats(
    stream: Bits, to: Placements, condition: Condition, plan: Plan, t_stretch: Floats, t_gain: Floats
) -> None:
    """QRS and T waves. Breathing turns the heart, and beats differ a little in size."""
    phase, spread = unit(stream), log_uniform(stream, 0.01, 0.08)
    for b in range(plan.count[0]):
        at_s = plan.beat_s[b]
        breath = sin(TWO_PI * (phase + condition.breathing_hz * at_s))
        gain = normal(stream, 1.0, spread)
        narrow = _is_narrow(plan.beat_kind[b])
        qrs, t = (_QRS, _T) if narrow else (_WIDE_QRS, _WIDE_T)
        _place(to, 2 * b, qrs, at_s, 1.0, gain, breath)
        _place(to, 2 * b + 1, t, at_s, t_stretch[b], gain * t_gain[b], breath)


@compiled()
def _place_atria(stream: Bits, to: Placements, i: int, plan: Plan, shapes: Shapes) -> None:
    """P waves from their onsets, turns of flutter, and the pacemaker's spikes; from place i on."""
    for p in range(plan.count[1]):
        wave = _ECTOPIC_P if plan.p_ectopic[p] else _P
        _place(to, i, wave, plan.p_s[p] - shapes.on_s[wave], 1.0, normal(stream, 1.0, 0.06), 0.0)
        i += 1
    for turn in range(plan.count[2]):
        _place(to, i, _FLUTTER, plan.turn_s[turn], 1.0, normal(stream, 1.0, 0.06), 0.0)
        i += 1
    for spike in range(plan.count[3]):
        _place(to, i, _SPIKE, plan.spike_s[spike], 1.0, 1.0, 0.0)
        i += 1


@compiled()
def place_waves(
    stream: Bits, condition: Condition, plan: Plan, shapes: Shapes, t_stretch: Floats, t_gain: Floats
) -> Placements:
    """Which waves there are, and where."""
    beats = plan.count[0]
    n = 2 * beats + plan.count[1] + plan.count[2] + plan.count[3]
    to = Placements(np.empty(n, dtype=np.int64), np.empty(n), np.empty(n), np.empty(n), np.empty(n))
    _place_beats(stream, to, condition, plan, t_stretch, t_gain)
    _place_atria(stream, to, 2 * beats, plan, shapes)
    return to


@compiled("void(uint64[::1], float64[::1])")
def _walk(stream: Bits, out: Floats) -> None:
    """An Ornstein-Uhlenbeck walk of half a second, of mean 0 and standard deviation 1, a step per knot."""
    keep = exp(-2.0 * KNOT_S)
    add, level = np.sqrt(1.0 - keep * keep), normal(stream, 0.0, 1.0)
    for i in range(out.size):
        level = keep * level + add * normal(stream, 0.0, 1.0)
        out[i] = level


@compiled("float64(float64)")
def _rms(sharpness: float) -> float:
    """Of a sawtooth: half the sum of the harmonics' squares, and the root of it."""
    h = sharpness * sharpness
    return np.sqrt(0.5 * (1.0 + h / 4.0 + h * h / 9.0))  # type: ignore[no-any-return]


@compiled()
def draw_f_waves(stream: Bits, shapes: Shapes, columns: Ints, duration_s: float) -> FWaves:
    """How fibrillatory waves go through a record."""
    n_knots = int(duration_s / KNOT_S) + 2
    pace, swell = np.empty(n_knots), np.empty(n_knots)
    _walk(stream, pace)
    _walk(stream, swell)
    rms_mv, rate_hz, sharpness = log_normal(stream, 0.022, 0.6), uniform(stream, 4.0, 8.5), unit(stream)
    turn, size_mv = np.empty(3), np.empty((3, columns.size))
    for axis in range(3):
        turn[axis] = unit(stream)
        axis_mv = log_normal(stream, rms_mv / _rms(sharpness), 0.3)
        for k in range(columns.size):
            size_mv[axis, k] = axis_mv * shapes.projection[columns[k], axis]
    return FWaves(rate_hz, rms_mv, sharpness, pace, swell, turn, size_mv)
