"""Fibrillatory waves: per axis a soft or sharp sawtooth of three harmonics, whose rate and size wander.

S samples, K leads. How a record's fibrillation is drawn does not belong here (`placements`).
"""

from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import compiled
from chiron.synthesis.filters import Floats32
from chiron.synthesis.mixing import Work, add_rows
from chiron.synthesis.placements import KNOT_S, FWaves

__all__ = ["add_fibrillation"]

_SPEED: Final = (1.0, 0.95, 1.05)  # of the three axes, relative to the stated rate
_FADE_PER_S: Final = 5.0
_ONE, _THREE, _FOUR, _THIRD = np.float32(1), np.float32(3), np.float32(4), np.float32(1 / 3)
_QUARTER, _THREE_QUARTERS = np.float32(0.25), np.float32(0.75)
# (2 pi)^n / n! with alternating signs
_SIN_1, _SIN_3, _SIN_5 = np.float32(6.2831853), np.float32(-41.341702), np.float32(81.605249)
_SIN_7, _SIN_9, _SIN_11 = np.float32(-76.705860), np.float32(42.058694), np.float32(-15.094643)


@compiled("float32(float32)")
def _sine_of(turns: np.float32) -> np.float32:
    """Of a quarter turn at most, either way; error below 1e-6."""
    q = turns * turns
    return turns * (_SIN_1 + q * (_SIN_3 + q * (_SIN_5 + q * (_SIN_7 + q * (_SIN_9 + q * _SIN_11)))))


@compiled("float64(float64[::1], float64)")
def _between(knots: Floats, at: float) -> float:
    """The value between two knots."""
    k = int(at)
    return knots[k] + (at - k) * (knots[k + 1] - knots[k])  # type: ignore[no-any-return]


@compiled("void(float64[::1], float64, float64, float64[::1])")
def _fill_turns(pace: Floats, rate_hz: float, fs_hz: float, turns: Floats) -> None:
    """How many turns there have been up to each sample."""
    per_sample = 1.0 / fs_hz / KNOT_S
    for i in range(turns.size):
        turns[i] = rate_hz / fs_hz * (1.0 + 0.12 * _between(pace, i * per_sample))
    total = 0.0
    for i in range(turns.size):
        total += turns[i]
        turns[i] = total


@compiled("void(float64[::1], float64, float64, float64, float32[::1])")
def _fill_height(swell: Floats, fs_hz: float, from_s: float, to_s: float, height: Floats32) -> None:
    """How large the waves are, relative to their usual size; 0 before and after."""
    step_s, per_sample = 1.0 / fs_hz, 1.0 / fs_hz / KNOT_S
    for i in range(height.size):
        t = i * step_s
        fade = max(min(1.0, (t - from_s) * _FADE_PER_S, (to_s - t) * _FADE_PER_S), 0.0)
        height[i] = fade * max(1.0 + 0.4 * _between(swell, i * per_sample), 0.1)


@compiled("void(float64[::1], float32[::1], float64, float64, float32, float32[::1])")
def _fill_saw(turns: Floats, height: Floats32, first: float, speed: float, sharpness: float, out: Floats32) -> None:
    """sin(x) + h sin(2x) / 2 + h^2 sin(3x) / 3: a sawtooth for sharpness h = 1, a sine for 0."""
    for i in range(turns.size):
        turn = first + speed * turns[i]
        x = np.float32(turn - np.floor(turn + 0.5))
        before = x + _THREE_QUARTERS if x < -_QUARTER else x - _QUARTER  # a sine is a cosine a quarter turn ago
        s, c = _sine_of(_QUARTER - abs(before)), _sine_of(_QUARTER - abs(x))
        out[i] = height[i] * s * (_ONE + sharpness * (c + sharpness * (_THREE - _FOUR * s * s) * _THIRD))


@compiled()
def add_fibrillation(out_SK: Floats32, work: Work, fs_hz: float, f: FWaves, from_s: float, to_s: float) -> None:  # noqa: N803
    """Add them to every lead, from `from_s` to `to_s`."""
    n = out_SK.shape[0]
    turns, height = np.empty(n), np.empty(n, dtype=np.float32)
    _fill_turns(f.pace, f.rate_hz, fs_hz, turns)
    _fill_height(f.swell, fs_hz, from_s, to_s, height)
    work.sizes[:] = np.float32(0.0)
    for axis in range(3):
        _fill_saw(turns, height, f.turn[axis], _SPEED[axis], np.float32(f.sharpness), work.rows[axis, :n])
        for k in range(out_SK.shape[1]):
            work.sizes[axis, k] = f.size_mv[axis, k]
    add_rows(out_SK, work.rows, work.sizes)
