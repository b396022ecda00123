"""Ischaemia and scars: ST segment, T wave and Q waves in the leads that look at a wall of the heart.

Criteria: Wagner et al. 2009 (AHA/ACCF/HRS recommendations, part VI); Thygesen et al. 2018 (fourth universal definition
of myocardial infarction). Changes are dipoles, so that the opposite leads show the reverse.
"""

from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, log_normal, uniform
from chiron.synthesis.morphology_basis import trace
from chiron.synthesis.morphology_parts import (
    INFO,
    LEAD,
    OFF,
    PEAK,
    add_leads,
    count,
    dipole_leads,
    jitter,
    largest,
    measure,
    scale_size,
    value_at,
)
from chiron.synthesis.structures import Wave, position
from schemas.states import Repolarisation

__all__ = ["TERRITORY_LEADS", "repolarise", "scar"]

_QRS: Final = int(Wave.QRS)
_T: Final = int(Wave.T)
_ELEVATION: Final = position(Repolarisation.ST_ELEVATION)
_DEPRESSION: Final = position(Repolarisation.ST_DEPRESSION)
_INVERSION: Final = position(Repolarisation.T_INVERSION)
_FLAT: Final = position(Repolarisation.FLAT_T)
_AFTER_J_S: Final = 0.06  # where the ST level is read
_LEADS_WANTED: Final = 2  # that show a change

TERRITORY_LEADS: Final[Floats] = np.array(
    [
        [[0, 0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1, 0, 0]],  # V2, V3, V4
        [[0, 1, 0, 0, 0, 0, 0, 0], [-1, 1, 0, 0, 0, 0, 0, 0], [-0.5, 1, 0, 0, 0, 0, 0, 0]],  # II, III, aVF
        [[1, 0, 0, 0, 0, 0, 0, 0], [1, -0.5, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1]],  # I, aVL, V6
        [[0, 0, -1, 0, 0, 0, 0, 0], [0, 0, 0, -1, 0, 0, 0, 0], [0, 0, 0, 0, -1, 0, 0, 0]],  # from behind: V1, V2, V3
        [[1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0, 1, 0]],  # I, V4, V5
        [[0, 1, 0, 0, 0, 0, 0, 0], [-0.5, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1]],  # II, aVF, V6
        [[-1, 1, 0, 0, 0, 0, 0, 0], [-0.5, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, -1, 0, 0, 0, 0]],  # III, aVF, V2 from behind
        [[-0.5, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, -1, 0, 0, 0, 0]],  # aVF, V6, V2 from behind
    ],
    dtype=np.float64,
)
"""(territory, lead, 8): leads that look at it, as sums of the measured ones."""

_TOWARDS: Final = np.array(
    [
        [0.45, -0.05, -0.9],
        [-0.05, 1.0, 0.1],
        [1.0, -0.35, 0.25],
        [0.1, 0.0, 1.0],
        [0.9, -0.1, -0.45],
        [0.65, 0.75, 0.2],
        [-0.05, 0.8, 0.6],
        [0.5, 0.6, 0.65],
    ]
)
"""(territory, 3): the dipole that points to it. By `Dower`'s matrix it is positive in all of its leads."""


@compiled("float64[::1](uint64[::1], int64)")
def _towards(stream: Bits, territory: int) -> Floats:
    """(8,) the leads of a dipole to a territory, a little different in each person."""
    x, y, z = _TOWARDS[territory]
    return dipole_leads(jitter(stream, x, 0.15), jitter(stream, y, 0.15), jitter(stream, z, 0.15))  # type: ignore[no-any-return]


@compiled("float64(float64[::1], float64[::1], int64, float64)")
def _strength(has: Floats, towards: Floats, territory: int, wanted: float) -> float:
    """How much of `towards` brings two of a territory's leads to the wanted level; of the wanted sign or 0."""
    sign = 1.0 if wanted > 0.0 else -1.0
    least, second = np.inf, np.inf
    for k in range(TERRITORY_LEADS.shape[1]):
        level, gain = 0.0, 0.0
        for lead in range(8):
            level += TERRITORY_LEADS[territory, k, lead] * has[lead]
            gain += TERRITORY_LEADS[territory, k, lead] * towards[lead]
        needed = max(sign * (wanted - level), 0.0) / max(gain, 0.2)
        if needed < least:
            least, second = needed, least
        elif needed < second:
            second = needed
    return sign * second


@compiled("void(uint64[::1], int64, float64[:, :, ::1], float64)")
def _move_st(stream: Bits, territory: int, waves: Floats, level_mv: float) -> None:
    """Lift or lower the ST segment from the J point on."""
    j_s, towards = waves[_QRS, INFO, OFF], _towards(stream, territory)
    read_s = j_s + _AFTER_J_S
    first = count(waves, _T)
    before = value_at(waves, _T, read_s)
    for k in range(4):
        fade = 1.0 if k < 2 else (0.8 if k == 2 else 0.45)
        rise_s = 0.014 if k == 0 else 0.024
        add_leads(waves, _T, j_s + 0.018 + 0.038 * k, rise_s, 0.026, towards, fade)
    after = value_at(waves, _T, read_s)
    for lead in range(8):
        after[lead] -= before[lead]
    gain = _strength(before, after, territory, level_mv)
    for w in range(first, count(waves, _T)):
        for lead in range(8):
            waves[_T, w, LEAD + lead] *= gain


@compiled("void(uint64[::1], int64, float64[:, :, ::1])")
def _invert_t(stream: Bits, territory: int, waves: Floats) -> None:
    """A T wave against the territory's direction."""
    scale_size(waves, _T, 0.4)
    peak_s, towards = waves[_T, INFO, PEAK], _towards(stream, territory)
    gain = _strength(value_at(waves, _T, peak_s), towards, territory, -uniform(stream, 0.13, 0.45))
    add_leads(waves, _T, peak_s, 0.055, 0.042, towards, gain)


@compiled("void(uint64[::1], float64[:, :, ::1])")
def _flatten_t(stream: Bits, waves: Floats) -> None:
    """No T wave above 0.1 mV."""
    scale_size(waves, _T, min(uniform(stream, 0.04, 0.095) / largest(waves, _T), 1.0))


@compiled("void(uint64[::1], int64, int64, float64[:, :, ::1])")
def repolarise(stream: Bits, state: int, territory: int, waves: Floats) -> None:
    """Change ST segment and T wave as the state asks for."""
    if state == _ELEVATION:
        _move_st(stream, territory, waves, uniform(stream, 0.13, 0.38))
    elif state == _DEPRESSION:
        _move_st(stream, territory, waves, -uniform(stream, 0.11, 0.3))
    elif state == _INVERSION:
        _invert_t(stream, territory, waves)
    elif state == _FLAT:
        _flatten_t(stream, waves)


@compiled("int64(float64[:, :, ::1], int64, float64)")
def _with_q_wave(waves: Floats, territory: int, start_s: float) -> int:
    """How many of a territory's leads begin with a deep Q wave of some 40 ms."""
    mv = trace(count(waves, _QRS), waves[_QRS], start_s - 0.012, 12, 0.004)
    found = 0
    for k in range(TERRITORY_LEADS.shape[1]):
        least, most = 0.0, -1.0
        for i in range(12):
            value = 0.0
            for lead in range(8):
                value += TERRITORY_LEADS[territory, k, lead] * mv[i, lead]
            least, most = min(least, value), max(most, value)
        found += least < -0.14 and most < -0.03
    return found


@compiled("void(uint64[::1], int64, float64[:, :, ::1])")
def scar(stream: Bits, territory: int, waves: Floats) -> None:
    """Q waves of 30 ms or more and 0.1 mV or more, in two leads of the territory.

    The wall that died no longer pulls the early QRS towards itself.
    """
    measure(waves, _QRS)
    towards, depth = _towards(stream, territory), log_normal(stream, 0.25, 0.3)
    start_s = waves[_QRS, INFO, PEAK] - 0.045
    first = count(waves, _QRS)
    for k in range(3):
        add_leads(waves, _QRS, start_s + 0.015 * k, 0.011, 0.011, towards, -depth)
    for _ in range(12):
        if _with_q_wave(waves, territory, start_s) >= _LEADS_WANTED:
            break
        for w in range(first, first + 3):
            for lead in range(8):
                waves[_QRS, w, LEAD + lead] *= 1.25
