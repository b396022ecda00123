"""Building waves from Gaussians: adding one, measuring a wave, moving and resizing it.

`waves` is (K, MOST_WAVES + 1, 11): for each kind of `Wave` one row per Gaussian, of CENTRE, RISE, FALL (s) and,
from LEAD on, its amplitude in the eight measured leads (mV). The row INFO holds how many Gaussians there are (COUNT),
and when the wave is on, off and at its largest (ON, OFF, PEAK), as `measure` found it.
"""

from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, normal
from chiron.synthesis.leads import DOWER
from chiron.synthesis.morphology_basis import N_P_SEEN, P_SHARE, QRS_SHARE, T_SHARE, limits, trace
from chiron.synthesis.structures import MOST_WAVES, Wave

__all__ = [
    "CENTRE", "COUNT", "FALL", "INFO", "LEAD", "OFF", "ON", "PEAK", "RISE", "add_dipole", "add_leads", "count",
    "dipole_leads", "extremes", "jitter", "largest", "measure", "new_waves", "scale_size", "scale_time", "shift",
    "value_at",
]  # fmt: skip

CENTRE: Final = 0
RISE: Final = 1
FALL: Final = 2
LEAD: Final = 3
INFO: Final = MOST_WAVES
COUNT: Final = 0
ON: Final = 1
OFF: Final = 2
PEAK: Final = 3
_KINDS: Final = len(Wave)
_SEEN: Final = np.array([N_P_SEEN, N_P_SEEN, *[MOST_WAVES] * (_KINDS - 2)])  # the recovery of the atria is no part of P
_FIRST_S: Final = np.array([-0.15, -0.15, -0.2, -0.1, -0.26, -0.1, -0.2, -0.01])
_LAST_S: Final = np.array([0.15, 0.15, 0.22, 0.9, 0.3, 0.9, 0.2, 0.01])
_STEP_S: Final = np.array([0.008, 0.008, 0.004, 0.016, 0.008, 0.016, 0.008, 0.0005])
_SHARE: Final = np.array([P_SHARE, P_SHARE, QRS_SHARE, T_SHARE, QRS_SHARE, T_SHARE, P_SHARE, P_SHARE])


@compiled("float64[:, :, ::1]()")
def new_waves() -> Floats:
    """No waves yet."""
    return np.zeros((_KINDS, MOST_WAVES + 1, LEAD + 8))


@compiled("int64(float64[:, :, ::1], int64)")
def count(waves: Floats, wave: int) -> int:
    """How many Gaussians a wave has."""
    return int(waves[wave, INFO, COUNT])


@compiled("float64[::1](float64, float64, float64)")
def dipole_leads(x: float, y: float, z: float) -> Floats:
    """(8,) mV in the measured leads of a dipole in mV."""
    out = np.empty(8)
    for lead in range(8):
        out[lead] = DOWER[lead, 0] * x + DOWER[lead, 1] * y + DOWER[lead, 2] * z
    return out


@compiled("float64(uint64[::1], float64, float64)")
def jitter(stream: Bits, value: float, share: float) -> float:
    """This value, give or take a share of it."""
    return normal(stream, value, share * abs(value))  # type: ignore[no-any-return]


@compiled("void(float64[:, :, ::1], int64, float64, float64, float64, float64[::1], float64)")
def add_leads(
    waves: Floats, wave: int, centre_s: float, rise_s: float, fall_s: float, leads_mv: Floats, gain: float
) -> None:
    """One more Gaussian. leads_mv: (8,), times `gain`. What finds no room is left out."""
    w = count(waves, wave)
    if w == MOST_WAVES:
        return
    waves[wave, INFO, COUNT] += 1.0
    row = waves[wave, w]
    row[CENTRE], row[RISE], row[FALL] = centre_s, rise_s, fall_s
    for lead in range(8):
        row[LEAD + lead] = gain * leads_mv[lead]


@compiled("void(float64[:, :, ::1], int64, float64, float64, float64, float64, float64, float64)")
def add_dipole(
    waves: Floats, wave: int, centre_s: float, rise_s: float, fall_s: float, x: float, y: float, z: float
) -> None:
    """One more Gaussian, of a dipole of so many mV."""
    add_leads(waves, wave, centre_s, rise_s, fall_s, dipole_leads(x, y, z), 1.0)


@compiled("float64[:, ::1](float64[:, :, ::1], int64)")
def _traced(waves: Floats, wave: int) -> Floats:
    points = int((_LAST_S[wave] - _FIRST_S[wave]) / _STEP_S[wave]) + 1
    return trace(min(count(waves, wave), _SEEN[wave]), waves[wave], _FIRST_S[wave], points, _STEP_S[wave])  # type: ignore[no-any-return]


@compiled("float64[:, ::1](float64[:, :, ::1], int64)")
def extremes(waves: Floats, wave: int) -> Floats:
    """(2, 12) mV: the least and the largest value of each of the twelve leads: measured, then III, aVR, aVL, aVF."""
    mv = _traced(waves, wave)
    out = np.zeros((2, 12))
    for i in range(mv.shape[0]):
        first, second = mv[i, 0], mv[i, 1]
        for lead in range(12):
            value = mv[i, min(lead, 7)]
            if lead == 8:
                value = second - first
            elif lead == 9:
                value = -0.5 * (first + second)
            elif lead == 10:
                value = first - 0.5 * second
            elif lead == 11:
                value = second - 0.5 * first
            out[0, lead] = min(out[0, lead], value)
            out[1, lead] = max(out[1, lead], value)
    return out


@compiled("float64(float64[:, :, ::1], int64)")
def largest(waves: Floats, wave: int) -> float:
    """mV: the largest deflection in any of the twelve leads, either way."""
    found, most = extremes(waves, wave), 0.0
    for lead in range(12):
        most = max(most, found[1, lead], -found[0, lead])
    return most


@compiled("float64[::1](float64[:, :, ::1], int64, float64)")
def value_at(waves: Floats, wave: int, at_s: float) -> Floats:
    """(8,) mV of a wave at one time."""
    return trace(count(waves, wave), waves[wave], at_s, 1, 1.0)[0]  # type: ignore[no-any-return]


@compiled("void(float64[:, :, ::1], int64)")
def measure(waves: Floats, wave: int) -> None:
    """Fill in when a wave begins, ends and is largest."""
    on_s, off_s, peak_s = limits(_traced(waves, wave), _FIRST_S[wave], _STEP_S[wave], _SHARE[wave])
    waves[wave, INFO, ON], waves[wave, INFO, OFF], waves[wave, INFO, PEAK] = on_s, off_s, peak_s


@compiled("void(float64[:, :, ::1], int64, float64)")
def scale_time(waves: Floats, wave: int, factor: float) -> None:
    """Stretch a wave about its reference point."""
    for w in range(count(waves, wave)):
        for column in range(LEAD):
            waves[wave, w, column] *= factor
    for column in range(ON, PEAK + 1):
        waves[wave, INFO, column] *= factor


@compiled("void(float64[:, :, ::1], int64, float64)")
def shift(waves: Floats, wave: int, by_s: float) -> None:
    """Move a wave."""
    for w in range(count(waves, wave)):
        waves[wave, w, CENTRE] += by_s
    for column in range(ON, PEAK + 1):
        waves[wave, INFO, column] += by_s


@compiled("void(float64[:, :, ::1], int64, float64)")
def scale_size(waves: Floats, wave: int, factor: float) -> None:
    """Make a wave larger or smaller in all leads."""
    for w in range(count(waves, wave)):
        for lead in range(8):
            waves[wave, w, LEAD + lead] *= factor
