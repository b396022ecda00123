"""One person's waves: drawn from the shapes of real people, then given what the states of the record ask for.

Sources: Dower 1980 (leads), the AHA/ACCF/HRS recommendations of 2009 (criteria of conduction, hypertrophy, QT). When
beats happen does not belong here.
"""

from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import TWO_PI, Floats, exp, matmul
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, log_normal, normal, unit
from chiron.synthesis.leads import DOWER, rotation, turning
from chiron.synthesis.morphology_basis import CENTRES_S, N_P, N_QRS, N_T, WIDTHS_S, wave_sizes
from chiron.synthesis.morphology_chemistry import add_u_wave, change_chemistry
from chiron.synthesis.morphology_conduction import conduct
from chiron.synthesis.morphology_ectopic import draw_ectopic_p, draw_flutter, draw_spike, draw_wide
from chiron.synthesis.morphology_model import MorphologyModel
from chiron.synthesis.morphology_parts import (
    CENTRE,
    FALL,
    INFO,
    LEAD,
    OFF,
    ON,
    PEAK,
    RISE,
    add_leads,
    count,
    extremes,
    new_waves,
    value_at,
)
from chiron.synthesis.morphology_repolarisation import repolarise, scar
from chiron.synthesis.morphology_states import axis_deg, command_durations, set_qt, set_voltage, turn_to_axis
from chiron.synthesis.structures import Condition, Shapes, Wave

__all__ = ["NUMBERS", "decades_of", "draw_shapes", "draw_sizes", "draw_usual"]

NUMBERS: Final = (
    "p_ms",
    "qrs_ms",
    "qtc_ms",  # from the QRS's beginning to the T wave's end at 60 beats a minute
    "qrs_axis_deg",  # in the frontal plane, of the net areas of I and aVF
    "r_mv",  # the largest deflection of the QRS in any of the twelve leads, either way
    "t_peak_mv",  # likewise of the T wave
    "st_mv",  # 60 ms after the QRS, the level that is farthest from zero in any measured lead, with its sign
    "sokolow_mv",  # S in V1 and the larger R of V5 and V6: Sokolow & Lyon 1949
    "limb_mv",  # the largest QRS of the limb leads, from peak to peak
    "chest_mv",  # and of V1-V6
)
"""What the shapes were made with, before the arms' electrodes were exchanged."""

_P: Final = int(Wave.P)
_QRS: Final = int(Wave.QRS)
_T: Final = int(Wave.T)
_FLUTTER: Final = int(Wave.FLUTTER)
_HEAVY: Final = 0.2  # people differ more in how unusual they are than a normal distribution allows
_NEAR_ATRIA: Final = (1.0, 0.7, 1.2, 0.6, 0.4, 0.4, 0.45, 0.6)  # of fibrillatory waves: they are largest in V1
_BREATH_RAD: Final = 0.16  # breathing turns the heart by some 9 degrees at most


@compiled("float64(float64)")
def decades_of(age_years: float) -> float:
    """How far an age is from 50, in tens of years; beyond 18 and 90 shapes are those of 18 and 90."""
    return (min(max(age_years, 18.0), 90.0) - 50.0) / 10.0


@compiled("void(float64[:, ::1], float64)")
def _resize(waves: Floats, factor: float) -> None:
    for w in range(waves.shape[0]):
        for lead in range(8):
            waves[w, lead] *= factor


@compiled(
    "float64[:, ::1](uint64[::1], float64, float64, int64, float64[:, ::1], float64[:, ::1], float64[:, ::1],"
    " float64[:, :, ::1])"
)
def draw_usual(
    stream: Bits,
    variety: float,
    decades: float,
    is_female: int,
    mean: Floats,
    female: Floats,
    decade: Floats,
    components: Floats,
) -> Floats:
    """(W, 8): the mean, what sex and age add, and the components at random; P, QRS and T of size one each.

    Sizes come apart: what components add at random must not make a heart's waves smaller or larger in all leads.
    """
    drawn = mean.copy()
    for w in range(drawn.shape[0]):
        for lead in range(8):
            drawn[w, lead] += is_female * female[w, lead] + decades * decade[w, lead]
    spread = variety * exp(normal(stream, -_HEAVY * _HEAVY, _HEAVY))
    for k in range(components.shape[0]):
        score = normal(stream, 0.0, spread)
        for w in range(drawn.shape[0]):
            for lead in range(8):
                drawn[w, lead] += score * components[k, w, lead]
    sizes = wave_sizes(drawn)
    _resize(drawn[:N_P], 1.0 / sizes[0])
    _resize(drawn[N_P : N_P + N_QRS], 1.0 / sizes[1])
    _resize(drawn[N_P + N_QRS :], 1.0 / sizes[2])
    return drawn


@compiled("float64[::1](uint64[::1], float64, float64, int64, float64[:, ::1])")
def draw_sizes(stream: Bits, variety: float, decades: float, is_female: int, size: Floats) -> Floats:
    """(3,) mV s^1/2: of P, QRS and T, as of `wave_sizes`."""
    logs = size[:, 0] + is_female * size[:, 1] + decades * size[:, 2]
    for k in range(3):
        score = normal(stream, 0.0, variety)
        for wave in range(3):
            logs[wave] += score * size[wave, 3 + k]
    for wave in range(3):
        usual = size[wave, 0]
        logs[wave] = exp(min(max(logs[wave], usual - 2.0), usual + 2.0))
    return logs


@compiled("void(float64[:, :, ::1], int64, float64[:, ::1], int64, int64, float64)")
def _take(waves: Floats, wave: int, drawn: Floats, first: int, n: int, size: float) -> None:
    for w in range(first, first + n):
        add_leads(waves, wave, CENTRES_S[w], WIDTHS_S[w], WIDTHS_S[w], drawn[w], size)


@compiled("void(float64[:, :, ::1], float64[::1])")
def _note(waves: Floats, numbers: Floats) -> None:
    """Measure what the person has."""
    qrs, t = extremes(waves, _QRS), extremes(waves, _T)
    numbers[:] = 0.0
    numbers[0] = 1000.0 * (waves[_P, INFO, OFF] - waves[_P, INFO, ON])
    numbers[1] = 1000.0 * (waves[_QRS, INFO, OFF] - waves[_QRS, INFO, ON])
    numbers[2] = 1000.0 * (waves[_T, INFO, OFF] - waves[_QRS, INFO, ON])
    numbers[3] = axis_deg(waves)
    for lead in range(12):
        numbers[4] = max(numbers[4], qrs[1, lead], -qrs[0, lead])
        numbers[5] = max(numbers[5], t[1, lead], -t[0, lead])
        kind = 9 if 2 <= lead < 8 else 8
        numbers[kind] = max(numbers[kind], qrs[1, lead] - qrs[0, lead])
    numbers[7] = -qrs[0, 2] + max(qrs[1, 6], qrs[1, 7])
    for level in value_at(waves, _T, waves[_QRS, INFO, OFF] + 0.06):
        if abs(level) > abs(numbers[6]):
            numbers[6] = level


@compiled("void(uint64[::1], float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1])")
def _place_heart(stream: Bits, waves: Floats, swing: Floats, projection: Floats) -> None:
    """What a breath changes, and how the atria's dipole is seen."""
    breath = turning(matmul(rotation(2, _BREATH_RAD * unit(stream)), rotation(0, _BREATH_RAD * unit(stream))))
    for wave in range(_FLUTTER):
        for w in range(count(waves, wave)):
            for lead in range(8):
                total = 0.0
                for other in range(8):
                    total += breath[lead, other] * waves[wave, w, LEAD + other]
                swing[wave, w, lead] = total
    lies = matmul(rotation(0, normal(stream, 0.0, 0.25)), rotation(2, normal(stream, 0.0, 0.25)))
    seen, size = matmul(DOWER.copy(), lies), log_normal(stream, 1.0, 0.2)
    for lead in range(8):
        for axis in range(3):
            projection[lead, axis] = size * _NEAR_ATRIA[lead] * seen[lead, axis]


@compiled("void(float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1])")
def _exchange_arms(amplitude: Floats, swing: Floats, projection: Floats) -> None:
    """I turns over, II and III are exchanged; the chest leads stay: their reference is the mean of all three limbs."""
    for table in (amplitude, swing):
        for wave in range(table.shape[0]):
            for w in range(table.shape[1]):
                table[wave, w, 1] -= table[wave, w, 0]
                table[wave, w, 0] = -table[wave, w, 0]
    for axis in range(3):
        projection[1, axis] -= projection[0, axis]
        projection[0, axis] = -projection[0, axis]


@compiled("void(uint64[::1], float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1])")
def _displace(stream: Bits, amplitude: Floats, swing: Floats, projection: Floats) -> None:
    """Electrodes held or stuck anywhere: the heart is seen as if it were turned, any way."""
    about_y = matmul(rotation(1, TWO_PI * unit(stream)), rotation(2, TWO_PI * unit(stream)))
    added, seen = turning(matmul(rotation(0, TWO_PI * unit(stream)), about_y)), np.empty((8, 1))
    for table in (amplitude, swing):
        for wave in range(table.shape[0]):
            for w in range(table.shape[1]):
                seen[:, 0] = table[wave, w]
                table[wave, w] += matmul(added, seen)[:, 0]
    projection += matmul(added, projection)


@compiled()
def _hand_over(waves: Floats, shapes: Shapes) -> None:
    for wave in range(shapes.n.size):
        shapes.n[wave] = count(waves, wave)
        info = waves[wave, INFO]
        shapes.on_s[wave], shapes.off_s[wave], shapes.peak_s[wave] = info[ON], info[OFF], info[PEAK]
        for w in range(shapes.n[wave]):
            row = waves[wave, w]
            shapes.centre[wave, w], shapes.rise[wave, w], shapes.fall[wave, w] = row[CENTRE], row[RISE], row[FALL]
            for lead in range(8):
                shapes.amplitude[wave, w, lead] = row[LEAD + lead]


@compiled()
def draw_shapes(stream: Bits, condition: Condition, model: MorphologyModel, shapes: Shapes) -> None:
    """Fill in all kinds of wave of one person."""
    waves = new_waves()
    decades = decades_of(condition.age_years)
    size = draw_sizes(stream, condition.variety, decades, condition.female, model.size)
    usual = draw_usual(
        stream, condition.variety, decades, condition.female, model.mean, model.female, model.decade, model.components
    )
    _take(waves, _P, usual, 0, N_P, size[0])
    _take(waves, _QRS, usual, N_P, N_QRS, size[1])
    _take(waves, _T, usual, N_P + N_QRS, N_T, size[2])
    conduct(stream, condition.ventricular, waves)
    turn_to_axis(stream, condition.ventricular, condition.axis, waves)
    set_voltage(stream, condition.voltage, waves)
    if condition.scar == 1:
        scar(stream, condition.territory, waves)
    qtc_s = command_durations(
        stream, condition.ventricular, condition.scar, condition.qt, condition.female, model.durations_ms, waves
    )
    repolarise(stream, condition.repolarisation, condition.territory, waves)
    set_qt(waves, qtc_s * change_chemistry(stream, condition.repolarisation, waves))
    add_u_wave(stream, condition.repolarisation, waves)
    draw_wide(stream, condition.rhythm, waves)
    draw_ectopic_p(stream, waves)
    draw_flutter(stream, waves)
    draw_spike(stream, waves)
    _note(waves, shapes.numbers)
    _place_heart(stream, waves, shapes.swing, shapes.projection)
    _hand_over(waves, shapes)
    if condition.displaced == 1:
        _displace(stream, shapes.amplitude, shapes.swing, shapes.projection)
    if condition.inverted == 1:
        _exchange_arms(shapes.amplitude, shapes.swing, shapes.projection)
