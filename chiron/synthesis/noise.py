"""What a recording has besides the heart: baseline wander, electrode motion, muscle, mains, steps, gaps, saturation.

Every kind is filtered noise with an envelope of its own. Corner frequencies were fitted to the spectra of the MIT-BIH
Noise Stress Test recordings (Moody 1984): wander falls from 0.2 Hz, motion from 1 to 3 Hz, muscle lies at 8 to 45 Hz;
the envelopes of all three wander by a factor of 1.7 to 2.4 (standard deviation of the logarithm of the rms per second).
"""

from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import TWO_PI, Floats, cos, exp, mean_square, sin, sine_wave
from chiron.synthesis.compiled import compiled
from chiron.synthesis.stream import Stream

__all__ = ["draw_noise", "high_pass", "low_pass"]

_SQRT2: Final = 1.4142135623730951
_OTHERS: Final = (0.5, 0.5, 0.3, 0.1)  # the most that wander, motion, muscle and tremor have where another leads
_PRESENT: Final = (0.6, 0.8, 0.8, 0.15)  # how often they are there at all
_WARM_UP_S: Final = 3.0  # generated and dropped, so that slow filters have settled


@compiled("void(float64[:, ::1], float64, float64, float64, float64, float64)")
def _filter(  # noqa: PLR0913, PLR0917 - a kernel takes plain numbers
    x: Floats, b0: float, b1: float, b2: float, a1: float, a2: float
) -> None:
    """A second-order recursive filter along each row, in place (direct form II transposed, from rest)."""
    for row in range(x.shape[0]):
        s1, s2 = 0.0, 0.0
        for i in range(x.shape[1]):
            value = x[row, i]
            y = b0 * value + s1
            s1, s2 = b1 * value - a1 * y + s2, b2 * value - a2 * y
            x[row, i] = y


@compiled("void(float64[:, ::1], float64[::1], float64, float64)")
def _swell(x: Floats, draws: Floats, keep: float, sigma: float) -> None:
    """Multiply by the exponential of an Ornstein-Uhlenbeck walk, in place: noise that comes and goes."""
    add, level = np.sqrt(1.0 - keep * keep), draws[0]
    for i in range(x.shape[1]):
        level = keep * level + add * draws[i]
        factor = exp(sigma * level)
        for row in range(x.shape[0]):
            x[row, i] *= factor


def low_pass(x: Floats, corner_hz: float, fs_hz: float) -> None:
    """Butterworth of second order, in place."""
    k, norm = _prewarped(corner_hz, fs_hz)
    _filter(x, k * k * norm, 2 * k * k * norm, k * k * norm, 2 * (k * k - 1) * norm, (1 - _SQRT2 * k + k * k) * norm)


def high_pass(x: Floats, corner_hz: float, fs_hz: float) -> None:
    """Butterworth of second order, in place, from rest."""
    k, norm = _prewarped(corner_hz, fs_hz)
    _filter(x, norm, -2 * norm, norm, 2 * (k * k - 1) * norm, (1 - _SQRT2 * k + k * k) * norm)


def _prewarped(corner_hz: float, fs_hz: float) -> tuple[float, float]:
    """k = tan(pi f / fs) and the common denominator of the bilinear transform."""
    angle = 0.5 * TWO_PI * min(corner_hz / fs_hz, 0.48)
    k = float(sin(angle)) / float(cos(angle))
    return k, 1 / (1 + _SQRT2 * k + k * k)


def draw_noise(  # noqa: PLR0913 - all by name
    stream: Stream, *, n_leads: int, n_samples: int, fs_hz: float, low_pass_hz: float, breath_hz: float
) -> Floats:
    """(n_leads, n_samples) of mean square 1: a mixture in which any of the kinds may lead."""
    kinds = (_wander, _motion, _muscle, _tremor)
    lead_kind = stream.pick(((0, 0.2), (1, 0.55), (2, 0.2), (3, 0.05)))
    total = np.zeros((n_leads, n_samples))
    for k, kind in enumerate(kinds):
        if k != lead_kind and not stream.chance(_PRESENT[k]):
            continue
        share = stream.uniform(0.5, 1.0) if k == lead_kind else stream.uniform(0.0, _OTHERS[k])
        x = kind(stream, n_leads, n_samples + int(_WARM_UP_S * fs_hz), fs_hz)
        total += share / _rms(x) * x[:, -n_samples:]
    low_pass(total, low_pass_hz, fs_hz)
    total += _breathing(stream, n_leads, n_samples, breath_hz / fs_hz)
    if stream.chance(0.45):
        _burst(stream, total, fs_hz)
    return total / _rms(total)


def _rms(x: Floats) -> float:
    return float(np.sqrt(max(float(mean_square(np.ascontiguousarray(x))), 1e-12)))


def _white(stream: Stream, n_leads: int, n: int) -> Floats:
    """Limb leads share an electrode: each row has a part of the row before."""
    rows = [stream.normals(n) for _ in range(n_leads)]
    for k in range(1, n_leads):
        rows[k] = 0.4 * rows[k - 1] + 0.9 * rows[k]
    return np.stack(rows)


def _come_and_go(stream: Stream, x: Floats, fs_hz: float, sigma: float) -> None:
    keep = float(exp(-1 / (fs_hz * stream.log_uniform(0.3, 5.0))))
    _swell(x, stream.normals(x.shape[1]), keep, sigma)


def _wander(stream: Stream, n_leads: int, n: int, fs_hz: float) -> Floats:
    x = _white(stream, n_leads, n)
    low_pass(x, stream.log_uniform(0.15, 0.7), fs_hz)
    return x


def _motion(stream: Stream, n_leads: int, n: int, fs_hz: float) -> Floats:
    x = _white(stream, n_leads, n)
    low_pass(x, stream.log_uniform(0.6, 5.0), fs_hz)
    high_pass(x, stream.log_uniform(0.2, 1.0), fs_hz)
    _come_and_go(stream, x, fs_hz, stream.uniform(0.2, 1.5))
    return x


def _muscle(stream: Stream, n_leads: int, n: int, fs_hz: float) -> Floats:
    x = _white(stream, n_leads, n)
    high_pass(x, stream.log_uniform(2.0, 18.0), fs_hz)
    low_pass(x, stream.log_uniform(22.0, 60.0), fs_hz)
    _come_and_go(stream, x, fs_hz, stream.uniform(0.05, 0.9))
    return x


def _tremor(stream: Stream, n_leads: int, n: int, fs_hz: float) -> Floats:
    """Hands that shake 4 to 10 times a second: nearly periodic, and so like fibrillating atria."""
    x = _white(stream, n_leads, n)
    rate_hz = stream.uniform(4.0, 10.0)
    for _ in range(2):
        high_pass(x, 0.9 * rate_hz, fs_hz)
        low_pass(x, 1.1 * rate_hz, fs_hz)
    _come_and_go(stream, x, fs_hz, stream.uniform(0.2, 1.0))
    return x


def _breathing(stream: Stream, n_leads: int, n: int, turns_per_sample: float) -> Floats:
    """The baseline moves with the chest."""
    size, wave = stream.uniform(0, 0.4), sine_wave(np.arange(n, dtype=np.float64), turns_per_sample, stream.unit())
    return np.stack([stream.uniform(0.3, 1.0) * size * wave for _ in range(n_leads)])


def _burst(stream: Stream, x: Floats, fs_hz: float) -> None:
    """Stretches in which everything is several times as noisy, in place; most while the electrodes are being placed."""
    for _ in range(stream.pick(((1, 0.6), (2, 0.3), (3, 0.1)))):
        first = 0 if stream.chance(0.4) else int(stream.unit() * x.shape[1])
        x[:, first : first + int(stream.log_uniform(0.4, 6.0) * fs_hz)] *= stream.log_uniform(2.0, 10.0)
