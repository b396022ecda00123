"""The recorder: its band and its faults.

Works in place on millivolts of the measured leads at the recorder's output; samples S, leads L. What the electrodes
pick up all the time, and the converter, do not belong here.
"""

from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import TWO_PI, Floats, cos, exp, sin
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, chance, log_uniform, normal, pick, unit
from chiron.synthesis.filters import (
    Biquad,
    Device,
    Floats32,
    filter_row,
    filter_row_twice,
    gain_at,
    high_pass,
    low_pass,
    settle_leads,
)
from chiron.synthesis.noise import NoiseSettings
from schemas.cohort import FULL_SCALE_MV

__all__ = ["LOWEST_MV", "NUMBERS", "STEPS", "disturb", "settle"]

NUMBERS: Final = (
    "n_steps",
    "transient_mv",  # of switching on, at the electrode
    "powerline_uv",  # amplitude of the fundamental in the lead that has most
    "mains_hz",
    "lead_off",  # position of the measured lead that has no contact
    "saturation_mv",
    "gap_s",
)
STEPS: Final = (0.4, 0.3, 0.0, 0.2, 0.0, 0.0, 0.0, 0.1)  # how often there are 1, 2, ..., 8
_BLOCK: Final = 64  # samples of a sine that follow from one sine and cosine
LOWEST_MV: Final = 0.4  # of a saturating input


@compiled()
def settle(x_SL: Floats32, device: Device, fs_hz: float) -> float:  # noqa: N803 - the shape
    """Take away what lies below the band, settled on the first sample. Returns the mean square of what is left."""
    return settle_leads(x_SL, high_pass(device.high_pass_hz, fs_hz)) / x_SL.size  # type: ignore[no-any-return]


@compiled()
def disturb(
    stream: Bits,
    settings: NoiseSettings,
    group: int,
    x_SL: Floats32,  # noqa: N803
    fs_hz: float,
    device: Device,
    numbers: Floats,
) -> None:
    """Add what goes wrong, each fault in its share of the group's records. `numbers`: by NUMBERS; nan: not there."""
    numbers[: len(NUMBERS)] = np.nan
    high = high_pass(device.high_pass_hz, fs_hz)
    track = np.empty(x_SL.shape[0], dtype=np.float32)
    mains_hz = (50.0 if chance(stream, 0.5) else 60.0) + normal(stream, 0.0, 0.05)
    numbers[0] = 0.0
    if chance(stream, settings.step_share[group]):
        numbers[0] = _slip(stream, track, fs_hz)
        filter_row_twice(track, _draw_skin(stream, device.low_pass_hz, fs_hz), high)
        _add(track, _draw_gains(stream, x_SL.shape[1]), x_SL)
    if chance(stream, settings.transient_share[group]):
        numbers[1] = _switch_on(stream, track, fs_hz)
        filter_row_twice(track, _draw_skin(stream, device.low_pass_hz, fs_hz), high)
        _add(track, _draw_gains(stream, x_SL.shape[1]), x_SL)
    if chance(stream, settings.powerline_share[group]):
        numbers[2] = _hum(stream, track, mains_hz, fs_hz, device.low_pass_hz)
        numbers[3] = mains_hz
        _add(track, _draw_gains(stream, x_SL.shape[1]), x_SL)
    if chance(stream, settings.lead_off_share[group]):
        numbers[4] = np.floor(unit(stream) * x_SL.shape[1])
        _open_input(stream, track, mains_hz, fs_hz, device.low_pass_hz)
        filter_row(track, high)
        x_SL[:, np.int64(numbers[4])] = track
    if chance(stream, settings.saturation_share[group]):
        numbers[5] = log_uniform(stream, LOWEST_MV, FULL_SCALE_MV)
        _clip(x_SL, np.float32(numbers[5]))
    if chance(stream, settings.gap_share[group]):
        numbers[6] = _lose_contact(stream, x_SL, fs_hz)


@compiled("float32[::1](uint64[::1], int64)")
def _draw_gains(stream: Bits, leads: int) -> Floats32:
    """(L,) how much one electrode counts in each lead, with its sign; 1 where most."""
    gains, most = np.empty(leads, dtype=np.float32), 0.0
    for j in range(leads):
        gains[j] = normal(stream, 0.0, 1.0)
        most = max(most, abs(gains[j]))
    for j in range(leads):
        gains[j] /= most
    return gains


@compiled("void(float32[::1], float32[::1], float32[:, ::1])")
def _add(track: Floats32, gains: Floats32, x_SL: Floats32) -> None:  # noqa: N803
    for i in range(track.size):
        for j in range(gains.size):
            x_SL[i, j] += gains[j] * track[i]


@compiled("int64(uint64[::1], float32[::1], float64)")
def _slip(stream: Bits, track: Floats32, fs_hz: float) -> int:
    """An electrode slips or is knocked, once or more often; how often. Half of the steps come back."""
    track[:] = 0.0
    n_steps = 1 + int(pick(stream, np.array(STEPS)))
    for _ in range(n_steps):
        first = int(unit(stream) * track.size)
        last = first + int(log_uniform(stream, 0.08, 1.0) * fs_hz)
        if chance(stream, 0.4):
            last = track.size
        track[first:last] += np.float32(normal(stream, 0.0, 1.2))
    return n_steps


@compiled("float64(uint64[::1], float32[::1], float64)")
def _switch_on(stream: Bits, track: Floats32, fs_hz: float) -> float:
    """The charge that fades after switching on, and its mV at the start."""
    size_mv, keep = float(normal(stream, 0.0, 1.5)), exp(-1.0 / (log_uniform(stream, 0.05, 0.8) * fs_hz))
    left_mv = size_mv
    for i in range(track.size):
        track[i] = left_mv
        left_mv = left_mv * keep if abs(left_mv) > 1e-6 else 0.0  # never so small that arithmetic becomes slow
    return size_mv


@compiled("UniTuple(float64, 5)(uint64[::1], float64, float64)")
def _draw_skin(stream: Bits, low_pass_hz: float, fs_hz: float) -> Biquad:
    """Skin and gel give way slowly, and never faster than the recorder."""
    return low_pass(log_uniform(stream, 2.0, low_pass_hz), fs_hz)  # type: ignore[no-any-return]


@compiled("void(float32[::1], float64, float64, float64)")
def _add_sine(track: Floats32, turns_per_sample: float, first_turn: float, size: float) -> None:
    """Add a sine: one angle for a block, and within it the sum of two angles."""
    sines, cosines = np.empty(_BLOCK, dtype=np.float32), np.empty(_BLOCK, dtype=np.float32)
    for i in range(_BLOCK):
        sines[i] = sin(TWO_PI * turns_per_sample * i)
        cosines[i] = cos(TWO_PI * turns_per_sample * i)
    for first in range(0, track.size, _BLOCK):
        turn = first_turn + turns_per_sample * first
        angle = TWO_PI * (turn - np.floor(turn))
        of_cosine, of_sine = np.float32(size * sin(angle)), np.float32(size * cos(angle))
        block = track[first : first + _BLOCK]
        for i in range(block.size):
            block[i] += of_cosine * cosines[i] + of_sine * sines[i]


@compiled("float64(uint64[::1], float32[::1], float64, float64, float64)")
def _hum(stream: Bits, track: Floats32, mains_hz: float, fs_hz: float, low_pass_hz: float) -> float:
    """The mains and their third harmonic as the low pass leaves them; the amplitude of the mains in uV."""
    track[:] = 0.0
    size_mv = log_uniform(stream, 0.01, 0.15) * gain_at(mains_hz, low_pass_hz, fs_hz)
    third_mv = log_uniform(stream, 0.002, 0.03) * gain_at(3.0 * mains_hz, low_pass_hz, fs_hz)
    for harmonic, amplitude_mv in ((1.0, size_mv), (3.0, third_mv)):
        if amplitude_mv > 0.0:
            _add_sine(track, harmonic * mains_hz / fs_hz, unit(stream), amplitude_mv)
    return float(1000.0 * size_mv)


@compiled("void(uint64[::1], float32[::1], float64, float64, float64)")
def _open_input(stream: Bits, track: Floats32, mains_hz: float, fs_hz: float, low_pass_hz: float) -> None:
    """What an input shows that nothing is connected to: nothing at all, or the mains on a slow drift."""
    track[:] = 0.0
    if chance(stream, 0.3):
        return
    size_mv = log_uniform(stream, 0.05, 1.0) * gain_at(mains_hz, low_pass_hz, fs_hz)
    _add_sine(track, mains_hz / fs_hz, unit(stream), size_mv)
    _add_sine(track, log_uniform(stream, 0.03, 0.3) / fs_hz, unit(stream), log_uniform(stream, 0.1, 1.0))


@compiled("void(float32[:, ::1], float32)")
def _clip(x_SL: Floats32, limit: float) -> None:  # noqa: N803
    flat = x_SL.reshape(x_SL.size)
    for i in range(flat.size):
        flat[i] = min(max(flat[i], -limit), limit)


@compiled("float64(uint64[::1], float32[:, ::1], float64)")
def _lose_contact(stream: Bits, x_SL: Floats32, fs_hz: float) -> float:  # noqa: N803
    """Stretches in which one lead or all are flat, at zero or at the last value; how long in all, in s."""
    n, leads = x_SL.shape
    samples = 0
    for _ in range(1 + np.int64(chance(stream, 0.3))):
        first = np.int64(unit(stream) * n)
        last = min(first + np.int64(log_uniform(stream, 0.2, 4.0) * fs_hz), n)
        lead = np.int64(unit(stream) * leads)
        every, held = chance(stream, 0.5), chance(stream, 0.5)
        samples += last - first
        for j in range(leads):
            if every or j == lead:
                x_SL[first:last, j] = x_SL[first, j] if held else np.float32(0.0)
    return samples / fs_hz
