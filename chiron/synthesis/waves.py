"""From a plan of beats and a person's waves to millivolts in each measured lead.

L leads, S samples, B beats, W waves. Every wave is evaluated near its centre only, on unwrapped time, and added to
what is there: neighbouring beats overlap, and nothing jumps where one ends. Noise does not belong here.
"""

from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import TWO_PI, Floats, decay, exp, log, sin, sine_wave
from chiron.synthesis.compiled import compiled
from chiron.synthesis.person import Person, Waves
from chiron.synthesis.plan import Beat, BeatPlan
from chiron.synthesis.stream import Stream

__all__ = ["qt_stretch", "render_heart"]

_REACH: Final = 4.5  # widths; what lies beyond is below 0.1 uV
_SAW_RMS: Final = 0.54  # of the three harmonics of the fibrillatory sawtooth, for amplitude 1


@compiled(
    "void(float64[:, ::1], float64, float64, float64[::1], float64[::1], float64[::1], float64[::1],"
    " float64[:, ::1], float64[:, ::1], float64[:, ::1])"
)
def _add_waves(  # noqa: PLR0913, PLR0917 - a kernel takes plain arrays
    out: Floats,  # (L, S) mV, added to
    fs_hz: float,
    blur_s: float,  # the width of the band limit, a Gaussian too
    at_s: Floats,  # (B,) where each beat's waves have their zero
    stretch: Floats,  # (B,) of centres and widths
    gain: Floats,  # (B,)
    breath: Floats,  # (B,) in [-1, 1]
    shape: Floats,  # (W, 3) centre, rise, fall in s
    amplitude: Floats,  # (W, L) mV
    swing: Floats,  # (W, L) mV
) -> None:
    leads, n = out.shape
    size = np.empty(leads)
    step_s = 1.0 / fs_hz
    for b in range(at_s.size):
        for w in range(shape.shape[0]):
            centre = at_s[b] + stretch[b] * shape[w, 0]
            rise, fall = stretch[b] * shape[w, 1], stretch[b] * shape[w, 2]
            soft_rise, soft_fall = np.sqrt(rise * rise + blur_s * blur_s), np.sqrt(fall * fall + blur_s * blur_s)
            scale = gain[b] * (rise + fall) / (soft_rise + soft_fall)
            for lead in range(leads):
                size[lead] = scale * (amplitude[w, lead] + breath[b] * swing[w, lead])
            per_rise, per_fall = 1.0 / soft_rise, 1.0 / soft_fall
            first = max(int(np.ceil((centre - _REACH * soft_rise) * fs_hz)), 0)
            last = min(int(np.floor((centre + _REACH * soft_fall) * fs_hz)), n - 1)
            for i in range(first, last + 1):
                distance = i * step_s - centre
                z = distance * (per_rise if distance < 0.0 else per_fall)
                g = decay(0.5 * z * z)
                for lead in range(leads):
                    out[lead, i] += g * size[lead]


@compiled("void(float64[:, ::1], float64, float64, float64, float64, float64[::1], float64[:, ::1], float64[::1])")
def _add_fibrillation(  # noqa: PLR0913, PLR0917 - likewise
    out: Floats,  # (L, S) mV, added to
    fs_hz: float,
    rate_hz: float,
    from_s: float,
    to_s: float,
    size: Floats,  # (3,) mV, of each axis
    projection: Floats,  # (L, 3)
    draws: Floats,  # (2 S,) normal
) -> None:
    """A sawtooth whose rate and size wander (an Ornstein-Uhlenbeck walk of half a second)."""
    n = out.shape[1]
    keep = exp(-2.0 / fs_hz)
    add = np.sqrt(1.0 - keep * keep)
    pace, swell, turn = 0.0, 0.0, draws[0]
    for i in range(n):
        t = i / fs_hz
        pace, swell = keep * pace + add * draws[i], keep * swell + add * draws[n + i]
        turn += rate_hz * (1.0 + 0.12 * pace) / fs_hz
        fade = min(1.0, (t - from_s) / 0.2, (to_s - t) / 0.2)
        if fade <= 0.0:
            continue
        for axis in range(3):
            phase = TWO_PI * turn * (1.0 + 0.05 * ((axis + 1) % 3 - 1))
            saw = sin(phase) + sin(2.0 * phase) / 2.0 + sin(3.0 * phase) / 3.0
            value = fade * max(1.0 + 0.4 * swell, 0.1) * size[axis] * 2.0 / np.pi * saw
            for lead in range(out.shape[0]):
                out[lead, i] += projection[lead, axis] * value


@compiled("float64[::1](float64[::1])")
def qt_stretch(r_s: Floats) -> Floats:
    """(B,) how much longer than at 60 beats a minute repolarisation takes: Fridericia's law on a filtered RR."""
    out = np.empty(r_s.size)
    filtered = r_s[1] - r_s[0] if r_s.size > 1 else 0.8
    for b in range(r_s.size):
        if b > 0:
            filtered = 0.75 * filtered + 0.25 * (r_s[b] - r_s[b - 1])
        out[b] = exp(log(min(max(filtered, 0.3), 1.8)) / 3.0)
    return out


def render_heart(  # noqa: PLR0913
    stream: Stream,
    person: Person,
    plan: BeatPlan,
    *,
    n_samples: int,
    fs_hz: float,
    low_pass_hz: float,
    breath_hz: float,
) -> Floats:
    """(L, S) mV: the heart as the measured leads see it, within the band of the device."""
    out = np.zeros((person.projection.shape[0], n_samples))
    blur_s = 0.1325 / low_pass_hz  # a Gaussian filter is 3 dB down there
    breath = sine_wave(plan.r_s, breath_hz, stream.unit())
    gain = 1 + stream.log_uniform(0.01, 0.15) * stream.normals(plan.r_s.size)
    stretch = qt_stretch(plan.r_s)
    wide = (plan.kind == Beat.VENTRICULAR) | (plan.kind == Beat.ABERRANT)
    for chosen, draw_beat in ((~wide, person.draw_conducted), (wide, person.draw_ventricular)):
        if chosen.any():
            qrs, t = draw_beat()
            at_s = plan.r_s[chosen]
            _add(out, fs_hz, blur_s, qrs, at_s, np.ones_like(at_s), gain[chosen], breath[chosen])
            _add(out, fs_hz, blur_s, t, at_s, stretch[chosen], gain[chosen], breath[chosen])
    for at_s, draw_wave in (
        (plan.p_s[~plan.p_ectopic], person.draw_p),
        (plan.p_s[plan.p_ectopic], person.draw_ectopic_p),
        (plan.flutter_s, person.draw_flutter),
    ):
        if at_s.size:
            ones = np.ones_like(at_s)
            _add(out, fs_hz, blur_s, draw_wave(), at_s, ones, 1 + 0.08 * stream.normals(at_s.size), 0 * ones)
    if plan.fibrillation_s is not None:
        _fibrillate(stream, out, person.projection, plan.fibrillation_s, fs_hz)
    return out


def _add(out: Floats, fs_hz: float, blur_s: float, waves: Waves, *per_beat: Floats) -> None:
    _add_waves(out, fs_hz, blur_s, *per_beat, waves.shape, waves.amplitude, waves.swing)


def _fibrillate(stream: Stream, out: Floats, projection: Floats, window_s: tuple[float, float], fs_hz: float) -> None:
    rms = stream.log_normal(0.028, 0.6)
    size = np.array([stream.log_normal(rms / _SAW_RMS, 0.3) for _ in range(3)])
    rate_hz = stream.uniform(4.0, 8.5)
    draws = stream.normals(2 * out.shape[1])
    _add_fibrillation(out, fs_hz, rate_hz, *window_s, size, projection, draws)
