"""RR intervals: of a pacemaker under breathing and blood pressure, and of an AV node under fibrillation.

Sources: McSharry 2003 (two rhythms of heart rate variability), Task Force 1996 (the bands LF and HF), Nunan 2010
(values at rest), Corino 2011 (the AV node in fibrillation).
"""

from typing import Final, NamedTuple

import numpy as np

from chiron.synthesis.arithmetic import TWO_PI, Floats, cos, sin
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, chance, exponential, log_normal, log_uniform, normal, uniform, unit

__all__ = [
    "Pacemaker",
    "Variability",
    "breath_share",
    "draw_arrhythmic",
    "draw_resting",
    "fibrillation_intervals",
    "known_lf_hf",
    "new_pacemaker",
    "next_interval",
]

_HF_FROM_HZ: Final = 0.15
_HF_TO_HZ: Final = 0.4
_ASIDE_HZ: Final = 0.03  # how far the waves of breathing lie from its rate, at most


class Variability(NamedTuple):
    """How intervals vary. `sd` relative to their mean; `drift` is the share of the power below 0.04 Hz."""

    sd: float
    drift: float
    lf_hf: float  # power around 0.1 Hz per power of breathing
    jitter_s: float  # from interval to interval, without rhythm


class Pacemaker(NamedTuple):
    """Beats by itself. waves: (5, 3) of frequency in Hz, first turn, amplitude relative to the mean interval."""

    mean_s: float
    jitter_s: float
    lean: float  # the waves' mean over the recording
    waves: Floats


@compiled()
def draw_resting(stream: Bits, mean_s: float) -> Variability:
    """A sinus node at rest; it varies less where it is fast. Source: Nunan 2010 (SDNN 32 to 93 ms, LF and HF alike)."""
    slow = min(max(1.25 * mean_s - 0.05, 0.4), 1.2)
    sd = min(log_normal(stream, 0.028 * slow, 0.6), 0.09)
    lf_hf = min(max(log_normal(stream, 1.2, 0.75), 0.15), 8.0)
    return Variability(sd, uniform(stream, 0.05, 0.35), lf_hf, 0.003)


@compiled()
def draw_arrhythmic(stream: Bits) -> Variability:
    """A sinus node that follows breathing."""
    return Variability(uniform(stream, 0.07, 0.2), uniform(stream, 0.0, 0.1), log_uniform(stream, 0.03, 0.35), 0.003)


@compiled()
def breath_share(variability: Variability) -> float:
    """The share of the waves' power that follows breathing."""
    return (1.0 - variability.drift) / (1.0 + variability.lf_hf)


@compiled()
def known_lf_hf(variability: Variability, mean_s: float, breath_hz: float) -> float:
    """LF/HF by the standard bands; nan where breathing is not within HF, or too fast for beats to follow."""
    top_hz = min(_HF_TO_HZ, 0.5 / mean_s)
    inside = breath_hz - _ASIDE_HZ >= _HF_FROM_HZ and breath_hz + _ASIDE_HZ <= top_hz
    return variability.lf_hf if inside else np.nan


@compiled()
def new_pacemaker(
    stream: Bits, variability: Variability, mean_s: float, breath_hz: float, duration_s: float
) -> Pacemaker:
    """A pacemaker whose mean interval *over the recording* is mean_s: slow waves of a short one are balanced out."""
    breath = breath_share(variability)
    powers = (variability.drift, variability.lf_hf * breath / 2, variability.lf_hf * breath / 2, breath / 2, breath / 2)
    waves = np.empty((5, 3))
    lean = 0.0
    for k in range(5):
        centre_hz = uniform(stream, 0.008, 0.034) if k == 0 else (0.1 if k < 3 else breath_hz)
        aside = 0.0 if k == 0 else min(max(normal(stream, 0.0, 0.012), -_ASIDE_HZ), _ASIDE_HZ)
        waves[k, 0], waves[k, 1] = centre_hz + aside, unit(stream)
        waves[k, 2] = np.sqrt(2.0 * powers[k]) * variability.sd
        lean += waves[k, 2] * _mean_of_sine(waves[k, 0], waves[k, 1], duration_s)
    more = variability.sd * variability.sd  # beats are denser where intervals are short
    return Pacemaker(mean_s * (1.0 + more), variability.jitter_s, lean, waves)


@compiled("float64(float64, float64, float64)")
def _mean_of_sine(hz: float, first_turn: float, duration_s: float) -> float:
    turns = hz * duration_s
    return float((cos(TWO_PI * first_turn) - cos(TWO_PI * (first_turn + turns))) / (TWO_PI * turns))


@compiled("float64(float64[:, ::1], float64)")
def _sum_of_sines(waves: Floats, t: float) -> float:
    total = 0.0
    for k in range(waves.shape[0]):
        total += waves[k, 2] * sin(TWO_PI * (waves[k, 1] + waves[k, 0] * t))
    return total


@compiled()
def next_interval(stream: Bits, pacemaker: Pacemaker, t: float) -> float:
    """The interval that begins at time t, s."""
    swing = _sum_of_sines(pacemaker.waves, t) - pacemaker.lean
    return pacemaker.mean_s * min(max(1.0 + swing, 0.55), 1.7) + normal(stream, 0.0, pacemaker.jitter_s)  # type: ignore[no-any-return]


@compiled("void(uint64[::1], float64[::1], float64, float64)")
def fibrillation_intervals(stream: Bits, out: Floats, mean_s: float, cv: float) -> None:
    """Fill `out` with irregular intervals (s): an AV node with two paths, bombarded at random.

    They have this mean and coefficient of variation. The order is nearly random and the distribution skewed to long
    intervals, as in patients (cv 0.1 to 0.35). Source: Corino 2011.
    """
    fast_share, arrivals_s = uniform(stream, 0.35, 0.85), 1.0 / uniform(stream, 3.0, 8.0)
    drift_s, phase = uniform(stream, 0.0, 0.2) * arrivals_s, TWO_PI * unit(stream)
    rr, total, squares = mean_s, 0.0, 0.0
    for k in range(out.size):
        path_s = 0.0 if chance(stream, fast_share) else 0.2
        rr = 0.25 + 0.15 * rr + path_s + uniform(stream, 0.0, 0.1) + exponential(stream, arrivals_s)
        out[k] = rr + drift_s * sin(phase + 0.15 * k)
        total += out[k]
        squares += out[k] * out[k]
    centre = total / out.size
    spread = np.sqrt(max(squares / out.size - centre * centre, 1e-12))
    for k in range(out.size):
        out[k] = mean_s * max(1.0 + cv * (out[k] - centre) / spread, 0.4)
