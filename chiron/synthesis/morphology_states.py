"""Giving a person's conducted waves what the states ask for: durations, axis and voltage."""

from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import TWO_PI, Floats, cos, sin
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, chance, normal, uniform
from chiron.synthesis.leads import rotation, turning
from chiron.synthesis.morphology_parts import (
    FALL,
    INFO,
    LEAD,
    OFF,
    ON,
    PEAK,
    RISE,
    add_dipole,
    count,
    extremes,
    measure,
    scale_size,
    scale_time,
    shift,
)
from chiron.synthesis.structures import Wave, position
from schemas.states import Axis, Qt, VentricularConduction, Voltage

__all__ = ["axis_deg", "command_durations", "set_qt", "set_voltage", "turn_axis", "turn_to_axis"]

_P: Final = int(Wave.P)
_QRS: Final = int(Wave.QRS)
_T: Final = int(Wave.T)
_NORMAL_CONDUCTION: Final = position(VentricularConduction.NORMAL)
_LEFT_ANTERIOR: Final = position(VentricularConduction.LEFT_ANTERIOR_FASCICULAR_BLOCK)
_LEFT_POSTERIOR: Final = position(VentricularConduction.LEFT_POSTERIOR_FASCICULAR_BLOCK)
_LONG_QT: Final = position(Qt.LONG)
_SHORT_QT: Final = position(Qt.SHORT)
_LOW: Final = position(Voltage.LOW)
_LEFT_HYPERTROPHY: Final = position(Voltage.LEFT_HYPERTROPHY)
_RIGHT_HYPERTROPHY: Final = position(Voltage.RIGHT_HYPERTROPHY)
_AXIS_LEFT: Final = position(Axis.LEFT)
_AXIS_RIGHT: Final = position(Axis.RIGHT)
_QRS_MS: Final = np.array(
    # lowest and highest, by the position of the conduction; drawn evenly, the first as in the people fitted
    [
        [66.0, 112.0],
        [126.0, 168.0],
        [122.0, 156.0],
        [101.0, 118.0],
        [80.0, 116.0],
        [113.0, 150.0],
        [112.0, 150.0],
        [110.5, 118.5],
        [80.0, 109.0],
    ]
)
_LEAST_SCARRED_QRS_MS: Final = 80.0  # or a Q wave of 30 ms would leave no room for the rest
_FEMALE_QTC_MS: Final = 10.0  # longer than men's
_CHEST_TURN: Final = 0.4  # of a turn of the axis that the chest leads share
_SIXTY_DEGREES_HEIGHT: Final = 0.8660254037844386  # of Einthoven's triangle with side 1


@compiled("float64(uint64[::1], int64, int64, float64[:, ::1])")
def _qrs_ms(stream: Bits, ventricular: int, female: int, durations_ms: Floats) -> float:
    low, high = _QRS_MS[ventricular, 0], _QRS_MS[ventricular, 1]
    if ventricular == _NORMAL_CONDUCTION:
        mean = durations_ms[1, 0] + (3.0 if female == 0 else -3.0)
        return min(max(normal(stream, mean, 0.8 * durations_ms[1, 1]), low), high)  # type: ignore[no-any-return]
    return uniform(stream, low, high)  # type: ignore[no-any-return]


@compiled("float64(uint64[::1], int64, int64, float64[:, ::1], float64)")
def _qtc_ms(stream: Bits, qt: int, female: int, durations_ms: Floats, qrs_ms: float) -> float:
    if qt == _LONG_QT:
        return uniform(stream, 485.0, 575.0)  # type: ignore[no-any-return]
    if qt == _SHORT_QT:
        return uniform(stream, 302.0, 338.0)  # type: ignore[no-any-return]
    sex = 0.5 * _FEMALE_QTC_MS if female == 1 else -0.5 * _FEMALE_QTC_MS
    drawn = normal(stream, durations_ms[2, 0] + sex, durations_ms[2, 1])
    return min(max(drawn, 345.0), 445.0 + 2.0 * sex) + 0.6 * max(qrs_ms - 115.0, 0.0)  # type: ignore[no-any-return]


@compiled("float64(float64[:, :, ::1], int64, float64)")
def _set_duration(waves: Floats, wave: int, duration_s: float) -> float:
    """Returns by how much the wave was moved."""
    scale_time(waves, wave, duration_s / (waves[wave, INFO, OFF] - waves[wave, INFO, ON]))
    moved_s = -waves[wave, INFO, PEAK]
    shift(waves, wave, moved_s)
    return moved_s  # type: ignore[no-any-return]


@compiled("void(float64[:, :, ::1], float64)")
def set_qt(waves: Floats, qtc_s: float) -> None:
    """Stretch repolarisation so that the T wave ends this long after the QRS begins."""
    measure(waves, _T)
    scale_time(waves, _T, (qtc_s + waves[_QRS, INFO, ON]) / waves[_T, INFO, OFF])


@compiled("float64(uint64[::1], int64, int64, int64, int64, float64[:, ::1], float64[:, :, ::1])")
def command_durations(
    stream: Bits, ventricular: int, scarred: int, qt: int, female: int, durations_ms: Floats, waves: Floats
) -> float:
    """Stretch P and QRS to drawn durations, put the peaks at their reference points; returns the QTc to be set, s."""
    measure(waves, _P)
    measure(waves, _QRS)
    p_ms = min(max(normal(stream, durations_ms[0, 0], durations_ms[0, 1]), 80.0), 128.0)
    qrs_ms = max(_qrs_ms(stream, ventricular, female, durations_ms), scarred * _LEAST_SCARRED_QRS_MS)
    _set_duration(waves, _P, 0.001 * p_ms)
    moved_s = _set_duration(waves, _QRS, 0.001 * qrs_ms)
    shift(waves, _T, moved_s)
    qtc_s = 0.001 * _qtc_ms(stream, qt, female, durations_ms, qrs_ms)
    set_qt(waves, qtc_s)
    return qtc_s  # type: ignore[no-any-return]


@compiled("float64(float64, float64)")
def _degrees(x: float, y: float) -> float:
    """The direction of (x, y): halving the interval twenty times is far finer than a degree."""
    size = np.sqrt(x * x + y * y)
    if size == 0.0:
        return 0.0
    low, high = 0.0, 180.0
    for _ in range(24):
        middle = 0.5 * (low + high)
        if cos(middle * TWO_PI / 360.0) > x / size:
            low = middle
        else:
            high = middle
    return low if y >= 0.0 else -low


@compiled("float64(float64[:, :, ::1])")
def axis_deg(waves: Floats) -> float:
    """The direction of the QRS's net area in the frontal plane, degrees in (-180, 180]."""
    first, foot = 0.0, 0.0
    for w in range(count(waves, _QRS)):
        width = waves[_QRS, w, RISE] + waves[_QRS, w, FALL]
        one, two = waves[_QRS, w, 3], waves[_QRS, w, 4]
        first += width * one
        foot += width * (two - 0.5 * one) / _SIXTY_DEGREES_HEIGHT
    return _degrees(first, foot)  # type: ignore[no-any-return]


@compiled("void(float64[:, :, ::1], float64, float64)")
def turn_axis(waves: Floats, by_deg: float, chest_share: float) -> None:
    """Turn the QRS in the frontal plane: exactly in the limb leads, by a share of the angle in those of the chest."""
    angle = by_deg * TWO_PI / 360.0
    c, s = cos(angle), sin(angle)
    chest = turning(rotation(2, chest_share * angle))
    was = np.empty(8)
    for w in range(count(waves, _QRS)):
        row = waves[_QRS, w, LEAD:]
        for lead in range(8):
            was[lead] = row[lead]
        foot = (was[1] - 0.5 * was[0]) / _SIXTY_DEGREES_HEIGHT
        row[0] = c * was[0] - s * foot
        row[1] = (s * was[0] + c * foot) * _SIXTY_DEGREES_HEIGHT + 0.5 * row[0]
        for lead in range(2, 8):
            for other in range(8):
                row[lead] += chest[lead, other] * was[other]


@compiled("void(uint64[::1], int64, int64, float64[:, :, ::1])")
def turn_to_axis(stream: Bits, ventricular: int, axis: int, waves: Floats) -> None:
    """Turn the QRS where its axis is not what the states ask for."""
    found = axis_deg(waves)
    wanted = found
    if ventricular == _LEFT_ANTERIOR:
        wanted = uniform(stream, -78.0, -48.0)
    elif ventricular == _LEFT_POSTERIOR:
        wanted = uniform(stream, 110.0, 150.0)
    elif axis == _AXIS_LEFT:
        wanted = uniform(stream, -75.0, -35.0)
    elif axis == _AXIS_RIGHT:
        wanted = uniform(stream, 97.0, 160.0)
    elif ventricular == _NORMAL_CONDUCTION and not -30.0 < found < 90.0:
        wanted = uniform(stream, 60.0, 88.0) if found >= 90.0 or found < -120.0 else uniform(stream, -28.0, 0.0)
    if wanted != found:
        turn_axis(waves, wanted - found, _CHEST_TURN)
    if ventricular == _LEFT_POSTERIOR:  # it begins to the left and up
        add_dipole(waves, _QRS, -0.034, 0.009, 0.009, 0.17, -0.17, -0.05)
        turn_axis(waves, wanted - axis_deg(waves), _CHEST_TURN)


@compiled("float64(float64[:, :, ::1])")
def _sokolow_mv(waves: Floats) -> float:
    qrs = extremes(waves, _QRS)
    return max(qrs[1, 6], qrs[1, 7]) - qrs[0, 2]  # type: ignore[no-any-return]


@compiled("void(uint64[::1], float64[:, :, ::1])")
def _lower(stream: Bits, waves: Floats) -> None:
    """Below 0.5 mV from peak to peak in each limb lead, below 1 mV in each of the chest."""
    qrs = extremes(waves, _QRS)
    limb, chest = 0.0, 0.0
    for lead in range(12):
        size = qrs[1, lead] - qrs[0, lead]
        if 2 <= lead < 8:
            chest = max(chest, size)
        else:
            limb = max(limb, size)
    gain = min(uniform(stream, 0.28, 0.47) / limb, uniform(stream, 0.5, 0.95) / chest, 1.0)
    scale_size(waves, _QRS, gain)
    scale_size(waves, _T, np.sqrt(gain))
    scale_size(waves, _P, np.sqrt(gain))


@compiled("void(uint64[::1], float64[:, :, ::1])")
def _enlarge_left(stream: Bits, waves: Floats) -> None:
    """S in V1 and R in V5 or V6 of 3.5 mV or more together (Sokolow & Lyon 1949); in half of them strain."""
    wanted = uniform(stream, 3.7, 5.4)
    scale_size(waves, _QRS, min(max(wanted / _sokolow_mv(waves), 1.0), 1.3))
    for _ in range(6):
        lacking = wanted - _sokolow_mv(waves)
        if lacking < 0.05:
            break
        size = 0.4 * lacking
        add_dipole(waves, _QRS, 0.004, 0.014, 0.014, size, 0.1 * size, size)
    if chance(stream, 0.5):
        add_dipole(waves, _T, 0.28, 0.07, 0.045, -uniform(stream, 0.1, 0.4), -0.05, -uniform(stream, 0.0, 0.25))
        add_dipole(waves, _T, 0.14, 0.05, 0.06, -uniform(stream, 0.02, 0.1), 0.0, -0.02)


@compiled("void(uint64[::1], float64[:, :, ::1])")
def _enlarge_right(stream: Bits, waves: Floats) -> None:
    """R above S in V1, and an axis to the right; T turned over in front."""
    for w in range(count(waves, _QRS)):
        for lead, keep in ((2, 0.3), (3, 0.6)):  # V1 and V2
            if waves[_QRS, w, LEAD + lead] < 0.0:
                waves[_QRS, w, LEAD + lead] *= keep
    share = uniform(stream, 1.2, 4.0)
    least = uniform(stream, 0.7, 1.2)
    for _ in range(6):
        qrs = extremes(waves, _QRS)
        lacking = max(share * -qrs[0, 2], least) - qrs[1, 2]
        if lacking < 0.02:
            break
        size = 0.95 * lacking
        add_dipole(waves, _QRS, 0.0, 0.014, 0.014, -0.3 * size, 0.1 * size, -size)
    turn_axis(waves, uniform(stream, 97.0, 150.0) - axis_deg(waves), 0.0)
    add_dipole(waves, _T, 0.28, 0.06, 0.045, 0.05, -0.05, uniform(stream, 0.15, 0.35))


@compiled("void(uint64[::1], int64, float64[:, :, ::1])")
def set_voltage(stream: Bits, voltage: int, waves: Floats) -> None:
    """Make the QRS as small or as large as the state asks for."""
    if voltage == _LOW:
        _lower(stream, waves)
    elif voltage == _LEFT_HYPERTROPHY:
        _enlarge_left(stream, waves)
    elif voltage == _RIGHT_HYPERTROPHY:
        _enlarge_right(stream, waves)
