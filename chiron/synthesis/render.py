"""From a plan of beats and a person's waves to millivolts: the heart as the measured leads see it, without noise.

S samples, K leads (those that the record needs), B beats. Every Gaussian is evaluated where it is not zero only, on
unwrapped time, and added to what is there: neighbouring beats overlap, and nothing jumps where one ends. The recorder's
upper band limit is a Gaussian too, and so makes each wave wider: exactly where a wave is symmetric.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import TWO_PI, Floats, cos, sin
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits
from chiron.synthesis.placements import KNOT_S, FWaves, draw_f_waves, place_waves
from chiron.synthesis.structures import Condition, Ints, Plan, Shapes

__all__ = ["FIBRILLATION", "REACH", "Grid", "Work", "new_work", "render_heart"]

Samples = npt.NDArray[np.float32]

FIBRILLATION: Final = ("f_wave_rate_hz", "f_wave_uv")  # what fibrillatory waves are drawn with
REACH: Final = 4.2  # widths; what lies beyond is below 0.2 uV of each mV

_EXP_1, _EXP_2, _EXP_3 = np.float32(1.0), np.float32(1 / 2), np.float32(1 / 6)
_EXP_4, _EXP_5, _EXP_6 = np.float32(1 / 24), np.float32(1 / 120), np.float32(1 / 720)
_SIXTEENTH: Final = np.float32(-1 / 32)  # of -z^2 / 2


class Grid(NamedTuple):
    """Where the samples lie, and through which band. columns: (K,) the measured leads that the record needs."""

    fs_hz: float
    blur_s: float  # the width of the band limit: a Gaussian filter is 3 dB down at 0.1325 / blur_s
    columns: Ints


class Work(NamedTuple):
    """Memory that is used again for every record. leads: (K, S) mV; bump: (S,) one Gaussian; size: (K,) of it."""

    leads: Samples
    bump: Samples
    size: Samples


def new_work(n_samples: int, n_leads: int) -> Work:
    """Room for records of that size."""
    leads = np.empty((n_leads, n_samples), dtype=np.float32)
    return Work(leads, np.empty(n_samples, dtype=np.float32), np.empty(n_leads, dtype=np.float32))


@compiled("void(float32[::1], int64, float32, float32)")
def _half_bump(bump: Samples, n: int, start: float, step: float) -> None:
    """bump[i] = exp(-z^2 / 2) at z = start + i step, |z| < 5: a polynomial, then raised to the 16th power."""
    for i in range(n):
        z = start + np.float32(i) * step
        r = z * z * _SIXTEENTH
        p = _EXP_1 + r * (_EXP_1 + r * (_EXP_2 + r * (_EXP_3 + r * (_EXP_4 + r * (_EXP_5 + r * _EXP_6)))))
        p *= p
        p *= p
        p *= p
        bump[i] = p * p


@compiled("void(float32[::1], float32[::1], float32)")
def _add_bump(out: Samples, bump: Samples, size: float) -> None:
    for i in range(out.size):
        out[i] += bump[i] * size


@compiled()
def _add_gaussian(work: Work, grid: Grid, centre_s: float, rise_s: float, fall_s: float) -> None:
    """Add one Gaussian to every lead, in the sizes of `work.size`."""
    first = max(int(np.ceil((centre_s - REACH * rise_s) * grid.fs_hz)), 0)
    stop = min(int(np.floor((centre_s + REACH * fall_s) * grid.fs_hz)) + 1, work.bump.size)
    if first >= stop:
        return
    turn = min(max(int(np.ceil(centre_s * grid.fs_hz)), first), stop)
    step_s = 1.0 / grid.fs_hz
    before_s, after_s = first * step_s - centre_s, turn * step_s - centre_s
    _half_bump(work.bump[first:turn], turn - first, np.float32(before_s / rise_s), np.float32(step_s / rise_s))
    _half_bump(work.bump[turn:stop], stop - turn, np.float32(after_s / fall_s), np.float32(step_s / fall_s))
    for k in range(work.leads.shape[0]):
        _add_bump(work.leads[k, first:stop], work.bump[first:stop], work.size[k])


@compiled()
def _add_wave(
    work: Work,
    grid: Grid,
    shapes: Shapes,
    wave: int,
    at_s: float,
    stretch: float,
    gain: float,
    breath: float,
) -> None:
    """Add one wave of a beat."""
    for w in range(shapes.n[wave]):
        rise_s, fall_s = stretch * shapes.rise[wave, w], stretch * shapes.fall[wave, w]
        soft_rise_s = np.sqrt(rise_s * rise_s + grid.blur_s * grid.blur_s)
        soft_fall_s = np.sqrt(fall_s * fall_s + grid.blur_s * grid.blur_s)
        scale = gain * (rise_s + fall_s) / (soft_rise_s + soft_fall_s)
        for k in range(grid.columns.size):
            lead = grid.columns[k]
            size = shapes.amplitude[wave, w, lead] + breath * shapes.swing[wave, w, lead]
            work.size[k] = np.float32(scale * size)
        _add_gaussian(work, grid, at_s + stretch * shapes.centre[wave, w], soft_rise_s, soft_fall_s)


@compiled("void(float64[:, ::1], int64, float64)")
def _turn(phasor: Floats, axis: int, angle: float) -> None:
    """Turn a phasor (cosine, sine) on by a small angle, and keep its length at 1."""
    q = angle * angle
    c, s = 1.0 - q * (0.5 - q / 24.0), angle * (1.0 - q / 6.0 * (1.0 - q / 20.0))
    x, y = phasor[axis, 0], phasor[axis, 1]
    x, y = x * c - y * s, x * s + y * c
    length = 1.5 - 0.5 * (x * x + y * y)
    phasor[axis, 0], phasor[axis, 1] = x * length, y * length


@compiled("float64(float64[::1], float64)")
def _between(knots: Floats, at: float) -> float:
    """The value between two knots."""
    k = int(at)
    return knots[k] + (at - k) * (knots[k + 1] - knots[k])  # type: ignore[no-any-return]


@compiled("float64(float64[:, ::1], int64, float64)")
def _saw(phasor: Floats, axis: int, sharpness: float) -> float:
    """sin(x) + h sin(2x) / 2 + h^2 sin(3x) / 3: a sawtooth for sharpness h = 1, a sine for 0."""
    c, s = phasor[axis, 0], phasor[axis, 1]
    return s * (1.0 + sharpness * (c + sharpness * (3.0 - 4.0 * s * s) / 3.0))  # type: ignore[no-any-return]


@compiled()
def _add_fibrillation(out: Samples, fs_hz: float, f: FWaves, from_s: float, to_s: float) -> None:
    """Fibrillatory waves: per axis a soft or sharp sawtooth of three harmonics, whose rate and size wander."""
    step_s, phasor = 1.0 / fs_hz, np.empty((3, 2))
    for axis in range(3):
        phasor[axis, 0], phasor[axis, 1] = cos(TWO_PI * f.turn[axis]), sin(TWO_PI * f.turn[axis])
    for i in range(out.shape[0]):
        t, at = i * step_s, i * step_s / KNOT_S
        angle = TWO_PI * f.rate_hz * step_s * (1.0 + 0.12 * _between(f.pace, at))
        _turn(phasor, 0, angle)
        _turn(phasor, 1, 0.95 * angle)
        _turn(phasor, 2, 1.05 * angle)
        fade = max(min(1.0, (t - from_s) / 0.2, (to_s - t) / 0.2), 0.0)
        height = fade * max(1.0 + 0.4 * _between(f.swell, at), 0.1)
        x, y, z = _saw(phasor, 0, f.sharpness), _saw(phasor, 1, f.sharpness), _saw(phasor, 2, f.sharpness)
        for k in range(out.shape[1]):
            out[i, k] += np.float32(height * (x * f.size_mv[0, k] + y * f.size_mv[1, k] + z * f.size_mv[2, k]))


@compiled()
def render_heart(
    stream: Bits, out: Samples, work: Work, grid: Grid, condition: Condition, plan: Plan, shapes: Shapes,
    t_stretch: Floats, t_gain: Floats, numbers: Floats,
) -> None:  # fmt: skip
    """Fill `out`, (S, K) mV. numbers: by `FIBRILLATION`, nan where there is none."""
    work.leads[:, :] = np.float32(0.0)
    numbers[:] = np.nan
    at = place_waves(stream, condition, plan, shapes, t_stretch, t_gain)
    for i in range(at.wave.size):
        _add_wave(work, grid, shapes, at.wave[i], at.at_s[i], at.stretch[i], at.gain[i], at.breath[i])
    for i in range(out.shape[0]):
        for k in range(out.shape[1]):
            out[i, k] = work.leads[k, i]
    from_s, to_s = plan.fibrillation_s[0], plan.fibrillation_s[1]
    if from_s < to_s:
        f = draw_f_waves(stream, shapes, grid.columns, out.shape[0] * (1.0 / grid.fs_hz))
        numbers[0], numbers[1] = f.rate_hz, 1000.0 * f.rms_mv
        _add_fibrillation(out, grid.fs_hz, f, from_s, to_s)
