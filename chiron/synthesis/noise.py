"""What the electrodes pick up besides the heart: baseline wander, motion, muscle, tremor, breathing, and bursts of all.

Every kind is mixed from stretches of the bank, with an envelope of its own (`envelopes`). Neighbouring leads share an
electrode, and so half of their noise. Shapes: samples S, leads L, kinds K. What the recorder does wrong does not belong
here.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.bank import Bank
from chiron.synthesis.compiled import borrowing, compiled
from chiron.synthesis.condition import share_table
from chiron.synthesis.draws import Bits, chance, log_normal, uniform, unit
from chiron.synthesis.envelopes import KNOTS_PER_S, PRESENT, add_bursts, breathe, draw_envelopes, draw_sizes
from chiron.synthesis.filters import Device, Floats32, high_pass, low_pass, pass_band, start_band
from chiron.synthesis.structures import Ints
from schemas.cohort import Group
from schemas.states import NoiseKind

__all__ = ["NUMBERS", "NoiseSettings", "fill_noise", "noise_settings"]

NUMBERS: Final = (
    *(f"{kind}_share" for kind in NoiseKind),  # of the noise's power, outside of bursts, before the recorder's filters
    "breathing_share",
    "burst_db",  # the loudest, above the rest
    "noise_recorded",  # 1: taken from recordings
)
_CHUNK: Final = 1024  # samples that are mixed at a time: they stay in the processor's fastest memory
_CHUNKS_PER_STRETCH: Final = 32  # then the mixture goes over to other places in the bank


class NoiseSettings(NamedTuple):
    """How noisy each group is. kinds: (G, K) which kind leads; the shares: (G,), as in `NoiseSpec`."""

    kinds: Floats
    recorded_share: Floats
    powerline_share: Floats
    step_share: Floats
    transient_share: Floats
    gap_share: Floats
    saturation_share: Floats
    lead_off_share: Floats


class _Mixture(NamedTuple):
    """Where a record's noise is taken from.

    colour: (K, 2) rows of the bank. first: (K, L + 1) samples of the bank; lead j takes stretches j and j + 1, which
    are of different colours, with the gains near[k, j] and far[k, j].
    """

    colour: Ints
    first: Ints
    near: Floats
    far: Floats


def noise_settings(groups: Sequence[Group]) -> NoiseSettings:
    """The arrays that compiled code reads."""
    noises = [group.noise for group in groups]
    return NoiseSettings(
        kinds=share_table(NoiseKind, [noise.kinds for noise in noises]),
        recorded_share=np.array([noise.recorded_share for noise in noises]),
        powerline_share=np.array([noise.powerline_share for noise in noises]),
        step_share=np.array([noise.step_share for noise in noises]),
        transient_share=np.array([noise.transient_share for noise in noises]),
        gap_share=np.array([noise.gap_share for noise in noises]),
        saturation_share=np.array([noise.saturation_share for noise in noises]),
        lead_off_share=np.array([noise.lead_off_share for noise in noises]),
    )


@compiled()
def fill_noise(
    stream: Bits,
    bank: Bank,
    settings: NoiseSettings,
    group: int,
    fs_hz: float,
    device: Device,
    breathing_hz: float,
    out_SL: Floats32,  # noqa: N803 - the shape
    numbers: Floats,
) -> float:
    """Write noise as it leaves the recorder, and what it was made with, by NUMBERS. Returns its mean square."""
    sizes = draw_sizes(stream, settings.kinds[group])
    per_knot = int(fs_hz / KNOTS_PER_S)
    n_knots = out_SL.shape[0] // per_knot + 2
    envelopes = draw_envelopes(stream, sizes, n_knots, per_knot / fs_hz)
    numbers[5] = add_bursts(stream, envelopes, per_knot / fs_hz)
    breathing = uniform(stream, 0.0, 0.4)
    breath = breathe(stream, n_knots, breathing_hz * per_knot / fs_hz)
    _count_shares(sizes, breathing, numbers)
    numbers[6] = bank.recorded
    mixture = _draw_mixture(stream, bank.samples.shape[1], out_SL.shape[1])
    _move(stream, mixture.first, bank.samples.shape[2])
    lead_breath = np.empty(out_SL.shape[1])
    for j in range(lead_breath.size):
        lead_breath[j] = breathing * uniform(stream, 0.3, 1.0)
    return _fill(  # type: ignore[no-any-return]
        stream, bank.samples, mixture, envelopes, breath, lead_breath, per_knot, fs_hz, device, out_SL
    )


@borrowing("void(float64[::1], float64, float64[::1])")
def _count_shares(sizes: Floats, breathing: float, numbers: Floats) -> None:
    power = 0.5 * 0.463 * breathing * breathing  # 0.463: the mean square of a lead's part, uniform from 0.3 to 1
    total = power
    for k in range(sizes.size):
        total += sizes[k] * sizes[k]
    for k in range(sizes.size):
        numbers[k] = sizes[k] * sizes[k] / total
    numbers[4] = power / total


@compiled()
def _draw_mixture(stream: Bits, colours: int, leads: int) -> _Mixture:
    """Electrodes differ in how well they stick; what two leads share may have either sign."""
    kinds = len(PRESENT)
    colour = np.empty((kinds, 2), dtype=np.int64)
    near, far = np.empty((kinds, leads)), np.empty((kinds, leads))
    for k in range(kinds):
        for c in range(2):
            colour[k, c] = np.int64(unit(stream) * colours)
        turned = -1.0 if chance(stream, 0.5) else 1.0
        for j in range(leads):
            loudness, share = turned * log_normal(stream, 1.0, 0.25), uniform(stream, 0.2, 0.8)
            near[k, j] = loudness * np.sqrt(share) * (-1.0 if chance(stream, 0.25) else 1.0)
            far[k, j] = loudness * np.sqrt(1.0 - share)
    return _Mixture(colour, np.zeros((kinds, leads + 1), dtype=np.int64), near, far)


@borrowing("void(uint64[::1], int64[:, ::1], int64)")
def _move(stream: Bits, first: Ints, bank_samples: int) -> None:
    """Go to other places in the bank."""
    room = bank_samples - (_CHUNKS_PER_STRETCH + 1) * _CHUNK
    for k in range(first.shape[0]):
        for j in range(first.shape[1]):
            first[k, j] = np.int64(unit(stream) * room)


@compiled()
def _fill(
    stream: Bits,
    source: npt.NDArray[np.float32],
    mixture: _Mixture,
    envelopes: Floats32,
    breath: Floats32,
    lead_breath: Floats,
    per_knot: int,
    fs_hz: float,
    device: Device,
    out_SL: Floats32,  # noqa: N803
) -> float:
    n, leads = out_SL.shape
    knots = max(_CHUNK // per_knot, 1)
    size = knots * per_knot
    mixed = np.empty((leads, size), dtype=np.float32)
    loud, chest = np.empty((envelopes.shape[0], size), dtype=np.float32), np.empty(size, dtype=np.float32)
    low, high = low_pass(device.low_pass_hz, fs_hz), high_pass(device.high_pass_hz, fs_hz)
    state, at = np.zeros((5, leads)), 0
    for c in range((n + size - 1) // size):
        first, last = c * size, min((c + 1) * size, n)
        _between_knots(breath, c * knots, per_knot, chest)
        _fill_loud(envelopes, c * knots, per_knot, loud)
        _add_breathing(chest, lead_breath, mixed)
        if (c + 1) % _CHUNKS_PER_STRETCH == 0:
            _add_stretches(source, mixture, at, _faded(loud, 0), mixed)
            _move(stream, mixture.first, source.shape[2])
            at, loud = 0, _faded(loud, 1)
        _add_stretches(source, mixture, at, loud, mixed)
        at += size
        _turn(mixed, out_SL[first:last])
        if c == 0:
            state = start_band(out_SL[0], low, high)
        pass_band(out_SL[first:last], low, high, state)
    squares = 0.0
    for j in range(leads):
        squares += state[4, j]
    return squares / out_SL.size


@borrowing("void(float32[::1], int64, int64, float32[::1])")
def _between_knots(knots: Floats32, first: int, per_knot: int, out: Floats32) -> None:
    """Straight lines from knot to knot, from knot `first` on; the last lasts."""
    last = knots.size - 1
    for i in range(out.size // per_knot):
        here = knots[min(first + i, last)]
        rise = (knots[min(first + i + 1, last)] - here) / np.float32(per_knot)
        part = out[i * per_knot : (i + 1) * per_knot]
        for s in range(part.size):
            part[s] = here + rise * np.float32(np.int32(s))


@borrowing("void(float32[:, ::1], int64, int64, float32[:, ::1])")
def _fill_loud(envelopes: Floats32, first: int, per_knot: int, loud: Floats32) -> None:
    """The envelopes of every kind that is there; 0 for the others."""
    for k in range(envelopes.shape[0]):
        if envelopes[k, 0] > 0.0:
            _between_knots(envelopes[k], first, per_knot, loud[k])
        else:
            loud[k, :] = np.float32(0.0)


@compiled("float32[:, ::1](float32[:, ::1], int64)")
def _faded(loud: Floats32, to_new: int) -> Floats32:
    """Envelopes of what goes and of what comes: their powers sum to one."""
    out, n = np.empty_like(loud), loud.shape[1]
    for k in range(loud.shape[0]):
        for s in range(n):
            u = (s + 1) / (n + 1) if to_new else (n - s) / (n + 1)
            out[k, s] = loud[k, s] * np.sqrt(u * u * (3.0 - 2.0 * u))  # begins without a jump
    return out


@borrowing("void(float32[::1], float64[::1], float32[:, ::1])")
def _add_breathing(chest: Floats32, lead_breath: Floats, out: Floats32) -> None:
    for j in range(out.shape[0]):
        gain = np.float32(lead_breath[j])
        for s in range(chest.size):
            out[j, s] = gain * chest[s]


@borrowing()
def _add_stretches(source: npt.NDArray[np.float32], mixture: _Mixture, at: int, loud: Floats32, out: Floats32) -> None:
    """Add every kind to every lead, `at` samples after the mixture's first."""
    size = out.shape[1]
    for j in range(out.shape[0]):
        for k in range(loud.shape[0]):
            if loud[k, 0] > 0.0:
                near, far = mixture.first[k, j] + at, mixture.first[k, j + 1] + at
                _add_pair(
                    source[k, mixture.colour[k, j % 2], near : near + size],
                    source[k, mixture.colour[k, (j + 1) % 2], far : far + size],
                    np.float32(mixture.near[k, j]),
                    np.float32(mixture.far[k, j]),
                    loud[k],
                    out[j],
                )


@borrowing("void(float32[::1], float32[::1], float32, float32, float32[::1], float32[::1])")
def _add_pair(a: Floats32, b: Floats32, of_a: float, of_b: float, loud: Floats32, out: Floats32) -> None:
    for s in range(out.size):
        out[s] += loud[s] * (of_a * a[s] + of_b * b[s])


@borrowing("void(float32[:, ::1], float32[:, ::1])")
def _turn(rows_LS: Floats32, out_SL: Floats32) -> None:  # noqa: N803
    for s in range(out_SL.shape[0]):
        for j in range(out_SL.shape[1]):
            out_SL[s, j] = rows_LS[j, s]
