"""ST segment, T and U wave under digitalis, and with too much or too little potassium.

Criteria: Surawicz 1967 (electrolytes), Rautaharju et al. 2009 (AHA/ACCF/HRS recommendations, part IV).
"""

from typing import Final

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, uniform
from chiron.synthesis.morphology_parts import (
    INFO,
    OFF,
    PEAK,
    add_dipole,
    add_leads,
    count,
    dipole_leads,
    extremes,
    scale_size,
    value_at,
)
from chiron.synthesis.structures import Wave, position
from schemas.states import Repolarisation

__all__ = ["add_u_wave", "change_chemistry"]

_P: Final = int(Wave.P)
_QRS: Final = int(Wave.QRS)
_T: Final = int(Wave.T)
_DIGITALIS: Final = position(Repolarisation.DIGITALIS)
_MUCH_POTASSIUM: Final = position(Repolarisation.HYPERKALAEMIA)
_LITTLE_POTASSIUM: Final = position(Repolarisation.HYPOKALAEMIA)
_V2, _V3 = 3, 4


@compiled("float64(float64[:, :, ::1], int64)")
def _tallest_in_chest(waves: Floats, wave: int) -> float:
    """mV, of V1-V6."""
    found = extremes(waves, wave)
    return max(found[1, 2:8])  # type: ignore[no-any-return]


@compiled("void(uint64[::1], float64[:, :, ::1])")
def _sag(stream: Bits, waves: Floats) -> None:
    """Digitalis: the ST segment sags against the QRS, deepest in its middle, into a small T wave."""
    scale_size(waves, _T, uniform(stream, 0.25, 0.6))
    middle_s = waves[_QRS, INFO, OFF] + 0.11
    qrs, t = value_at(waves, _QRS, waves[_QRS, INFO, PEAK]), value_at(waves, _T, middle_s)
    largest = 0
    for lead in range(8):
        if abs(qrs[lead]) > abs(qrs[largest]):
            largest = lead
    level = max(t[largest] / qrs[largest], 0.0)
    add_leads(waves, _T, middle_s, 0.042, 0.05, qrs, -level - uniform(stream, 0.1, 0.24) / abs(qrs[largest]))


@compiled("void(uint64[::1], float64[:, :, ::1])")
def _peak_t(stream: Bits, waves: Floats) -> None:
    """Too much potassium: T waves tall, narrow and even-sided, above 1 mV in the chest; low P waves."""
    scale_size(waves, _P, uniform(stream, 0.25, 0.6))
    peak_s = waves[_T, INFO, PEAK]
    scale_size(waves, _T, 0.15)
    width_s = uniform(stream, 0.028, 0.036)
    first = count(waves, _T)
    add_dipole(waves, _T, peak_s, width_s, width_s, 0.6, 0.25, -0.45)
    lacking = uniform(stream, 1.05, 1.7) / _tallest_in_chest(waves, _T)
    for w in range(first, count(waves, _T)):
        for column in range(3, 11):
            waves[_T, w, column] *= lacking


@compiled("void(uint64[::1], float64[:, :, ::1])")
def _flatten(stream: Bits, waves: Floats) -> None:
    """Too little potassium: a low T wave after a slightly depressed ST segment; the U wave comes later."""
    scale_size(waves, _T, min(uniform(stream, 0.06, 0.14) / _tallest_in_chest(waves, _T), 0.7))
    level = -uniform(stream, 0.05, 0.1)
    for k in range(3):
        at_s = waves[_QRS, INFO, OFF] + 0.03 + 0.04 * k
        add_leads(waves, _T, at_s, 0.02, 0.026, dipole_leads(0.7, 0.25, -0.3), level)


@compiled("float64(uint64[::1], int64, float64[:, :, ::1])")
def change_chemistry(stream: Bits, state: int, waves: Floats) -> float:
    """Change ST segment and T wave as the state asks for. Returns the factor by which QT becomes shorter."""
    if state == _DIGITALIS:
        _sag(stream, waves)
        return uniform(stream, 0.88, 0.95)  # type: ignore[no-any-return]
    if state == _MUCH_POTASSIUM:
        _peak_t(stream, waves)
    elif state == _LITTLE_POTASSIUM:
        _flatten(stream, waves)
    return 1.0


@compiled("void(uint64[::1], int64, float64[:, :, ::1])")
def add_u_wave(stream: Bits, state: int, waves: Floats) -> None:
    """With too little potassium: above 0.1 mV and above the T wave in V2 and V3; not counted into QT.

    The T wave's own limits must be known already.
    """
    if state != _LITTLE_POTASSIUM:
        return
    t, u = extremes(waves, _T), dipole_leads(0.4, 0.1, -0.7)
    wanted = max(max(t[1, _V2], t[1, _V3]) * uniform(stream, 1.15, 1.7), uniform(stream, 0.12, 0.22))
    add_leads(waves, _T, waves[_T, INFO, OFF] + 0.045, 0.026, 0.034, u, wanted / min(u[_V2], u[_V3]))
