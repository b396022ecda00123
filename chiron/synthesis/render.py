"""From a plan of beats and a person's waves to millivolts: the heart as the measured leads see it, without noise.

S samples, K leads (those that the record needs), B beats. Every Gaussian is evaluated where it is not zero only, on
unwrapped time, and added to what is there: neighbouring beats overlap, and nothing jumps where one ends. The recorder's
upper band limit is a Gaussian too, and so makes each wave wider: exactly where a wave is symmetric.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import borrowing, compiled
from chiron.synthesis.draws import Bits
from chiron.synthesis.fibrillation import add_fibrillation
from chiron.synthesis.mixing import ROWS, SPARE, Work, add_rows
from chiron.synthesis.placements import draw_f_waves, place_waves
from chiron.synthesis.structures import Condition, Ints, Plan, Shapes

__all__ = ["FIBRILLATION", "REACH", "Grid", "blur_s", "render_heart"]

Samples = npt.NDArray[np.float32]

FIBRILLATION: Final = ("f_wave_rate_hz", "f_wave_uv")  # what fibrillatory waves are drawn with
REACH: Final = 4.2  # widths; what lies beyond is below 0.2 uV of each mV

_EXP_1, _EXP_2, _EXP_3 = np.float32(1.0), np.float32(1 / 2), np.float32(1 / 6)
_EXP_4, _EXP_5, _EXP_6 = np.float32(1 / 24), np.float32(1 / 120), np.float32(1 / 720)
_SIXTEENTH: Final = np.float32(-1 / 32)  # of -z^2 / 2
_LEAST: Final = np.float32(-1.6)  # beyond, the polynomial no longer falls; its 16th power there is 1e-11
_ZERO: Final = np.float32(0.0)


class Grid(NamedTuple):
    """Where the samples lie, and through which band. columns: (K,) the measured leads that the record needs."""

    fs_hz: float
    blur_s: float  # the width of the band limit, as `blur_s`
    columns: Ints


@compiled("float64(float64)")
def blur_s(low_pass_hz: float) -> float:
    """The width of the Gaussian filter that is 3 dB down there: sqrt(ln 2) / (2 pi f)."""
    return 0.1325 / low_pass_hz


@borrowing("void(float32[::1], float32, float32, float32)")
def _fill_bump(bump: Samples, first: float, per_rise: float, per_fall: float) -> None:
    """exp(-z^2 / 2), z the distance first + i, in samples, over the width: a polynomial, raised to the 16th power."""
    for i in range(bump.size):
        distance = first + np.float32(np.int32(i))
        z = distance * (per_rise if distance < _ZERO else per_fall)
        r = max(z * z * _SIXTEENTH, _LEAST)
        p = _EXP_1 + r * (_EXP_1 + r * (_EXP_2 + r * (_EXP_3 + r * (_EXP_4 + r * (_EXP_5 + r * _EXP_6)))))
        p *= p
        p *= p
        p *= p
        bump[i] = p * p


@borrowing("void(float32[::1], int64, int64, float64, float64, float64)")
def _fill_row(row: Samples, first: int, n: int, centre: float, rise: float, fall: float) -> None:
    """One Gaussian in n samples from `first` on: computed where it is not zero, by whole vectors of the processor."""
    begin = min(max(int(np.ceil(centre - REACH * rise)) - first, 0), n)
    end = min(max(int(np.floor(centre + REACH * fall)) + 1 - first, begin), n)
    end = begin + (end - begin + SPARE - 1) // SPARE * SPARE
    row[:begin] = _ZERO
    start = np.float32(first + begin - centre)
    _fill_bump(row[begin:end], start, np.float32(1.0 / rise), np.float32(1.0 / fall))
    row[end:n] = _ZERO


@borrowing()
def _size_gaussian(
    work: Work, row: int, grid: Grid, shapes: Shapes, wave: int, w: int, at_s: float, stretch: float, gain: float,
    breath: float,
) -> None:  # fmt: skip
    """Fill in where a Gaussian of a beat lies behind the recorder's band limit, and its size in every lead."""
    rise_s, fall_s = stretch * shapes.rise[wave, w], stretch * shapes.fall[wave, w]
    soft_rise_s = np.sqrt(rise_s * rise_s + grid.blur_s * grid.blur_s)
    soft_fall_s = np.sqrt(fall_s * fall_s + grid.blur_s * grid.blur_s)
    work.places[row, 0] = (at_s + stretch * shapes.centre[wave, w]) * grid.fs_hz
    work.places[row, 1], work.places[row, 2] = soft_rise_s * grid.fs_hz, soft_fall_s * grid.fs_hz
    scale = gain * (rise_s + fall_s) / (soft_rise_s + soft_fall_s)
    for k in range(grid.columns.size):
        lead = grid.columns[k]
        size = shapes.amplitude[wave, w, lead] + breath * shapes.swing[wave, w, lead]
        work.sizes[row, k] = np.float32(scale * size)


@borrowing()
def _add_gaussians(out: Samples, work: Work, n: int) -> None:
    """Add the first n Gaussians of `work` to every lead."""
    places, begin, end = work.places, np.float64(out.shape[0]), -1.0
    for row in range(n):
        begin = min(begin, places[row, 0] - REACH * places[row, 1])
        end = max(end, places[row, 0] + REACH * places[row, 2])
    first, stop = int(np.ceil(max(begin, 0.0))), min(int(np.floor(end)) + 1, out.shape[0])
    if first >= stop:
        return
    for row in range(n):
        _fill_row(work.rows[row], first, stop - first, places[row, 0], places[row, 1], places[row, 2])
    work.sizes[n:] = _ZERO
    add_rows(out[first:stop], work.rows, work.sizes)


@borrowing()
def _add_wave(
    out: Samples, work: Work, grid: Grid, shapes: Shapes, wave: int, at_s: float, stretch: float, gain: float,
    breath: float,
) -> None:  # fmt: skip
    """Add one wave of a beat."""
    for first in range(0, shapes.n[wave], ROWS):
        n = min(ROWS, shapes.n[wave] - first)
        for row in range(n):
            _size_gaussian(work, row, grid, shapes, wave, first + row, at_s, stretch, gain, breath)
        _add_gaussians(out, work, n)


@compiled()
def render_heart(
    stream: Bits, out: Samples, work: Work, grid: Grid, condition: Condition, plan: Plan, shapes: Shapes,
    t_stretch: Floats, t_gain: Floats, numbers: Floats,
) -> None:  # fmt: skip
    """Fill `out`, (S, K) mV. numbers: by `FIBRILLATION`, nan where there is none."""
    out[:, :] = _ZERO
    numbers[:] = np.nan
    at = place_waves(stream, condition, plan, shapes, t_stretch, t_gain)
    for i in range(at.wave.size):
        _add_wave(out, work, grid, shapes, at.wave[i], at.at_s[i], at.stretch[i], at.gain[i], at.breath[i])
    from_s, to_s = plan.fibrillation_s[0], plan.fibrillation_s[1]
    if from_s < to_s:
        f = draw_f_waves(stream, shapes, grid.columns, out.shape[0] * (1.0 / grid.fs_hz))
        numbers[0], numbers[1] = f.rate_hz, 1000.0 * f.rms_mv
        add_fibrillation(out, work, grid.fs_hz, f, from_s, to_s)
