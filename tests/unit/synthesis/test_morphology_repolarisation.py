"""The textbook criterion of QT, ischaemia, scars, digitalis and potassium, on noise-free waves of many people."""

from typing import Final

import numpy as np
import pytest
from drawn_people import LEADS, TIME_S, leads, numbers, people

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.structures import Shapes, Wave
from schemas.states import Qt, Repolarisation, Territory


@pytest.mark.parametrize(("state", "low", "high"), [(Qt.LONG, 480, 580), (Qt.SHORT, 300, 342)])
def test_a_long_or_short_qt_is_within_its_limits(state, low, high):
    qtc_ms = numbers("qtc_ms", qt=state)
    assert np.all((qtc_ms >= low) & (qtc_ms <= high))


TERRITORIES: Final = {
    Territory.ANTERIOR: ("V2", "V3", "V4"),
    Territory.INFERIOR: ("II", "III", "aVF"),
    Territory.LATERAL: ("I", "aVL", "V6"),
    Territory.POSTERIOR: ("-V1", "-V2", "-V3"),  # as V7 to V9 see it
    Territory.ANTEROLATERAL: ("I", "V4", "V5"),
    Territory.INFEROLATERAL: ("II", "aVF", "V6"),
    Territory.INFEROPOSTERIOR: ("III", "aVF", "-V2"),
    Territory.INFEROPOSTEROLATERAL: ("aVF", "V6", "-V2"),
}


def level_after_j(shapes: Shapes, name: str) -> float:
    at = np.argmin(np.abs(TIME_S - shapes.off_s[Wave.QRS] - 0.06))
    return float(leads(shapes, Wave.T)(name)[at])


@pytest.mark.parametrize("territory", TERRITORIES)
@pytest.mark.parametrize(("state", "sign"), [(Repolarisation.ST_ELEVATION, 1), (Repolarisation.ST_DEPRESSION, -1)])
def test_the_st_segment_is_moved_in_two_leads_of_the_territory(territory, state, sign):
    for shapes in people(repolarisation=state, territory=territory):
        levels = [sign * level_after_j(shapes, name) for name in TERRITORIES[territory]]
        assert sum(level >= 0.09 for level in levels) >= 2


@pytest.mark.parametrize("territory", TERRITORIES)
def test_the_t_wave_is_turned_over_in_two_leads_of_the_territory(territory):
    for shapes in people(repolarisation=Repolarisation.T_INVERSION, territory=territory):
        t = leads(shapes, Wave.T)
        turned = [-t(name).min() >= 0.1 and -t(name).min() > t(name).max() for name in TERRITORIES[territory]]
        assert sum(turned) >= 2


def test_a_flat_t_wave_is_below_a_tenth_of_a_millivolt():
    assert np.all(numbers("t_peak_mv", repolarisation=Repolarisation.FLAT_T) < 0.105)


@pytest.mark.parametrize("territory", TERRITORIES)
def test_a_scar_leaves_wide_and_deep_q_waves_in_its_territory(territory):
    # Thygesen 2018: Q of 30 ms and 0.1 mV or more, or QS, in two leads
    for shapes in people(scar=1, territory=territory):
        qrs = leads(shapes, Wave.QRS)
        found = 0
        for name in TERRITORIES[territory]:
            x = qrs(name)
            first_up = TIME_S[np.argmax(x > 0.05)] if (x > 0.05).any() else 1.0
            q = (x < -0.02) & (first_up > TIME_S)
            found += bool(q.sum() >= 30 and -x[q].min() >= 0.1)
        assert found >= 2


def test_digitalis_lets_the_st_segment_sag_against_the_qrs_and_shortens_qt():
    # Rautaharju 2009, part IV: ST depressed and concave, a low T wave, a short QT
    shorter = numbers("qtc_ms", repolarisation=Repolarisation.DIGITALIS) / numbers("qtc_ms")
    assert np.all((shorter > 0.85) & (shorter < 0.97))
    for shapes in people(repolarisation=Repolarisation.DIGITALIS):
        qrs, t = leads(shapes, Wave.QRS), leads(shapes, Wave.T)
        largest = max(LEADS, key=lambda name: np.abs(qrs(name)[np.abs(TIME_S) < 0.004]).max())
        sign = np.sign(qrs(largest)[np.argmin(np.abs(TIME_S))])
        after_s = TIME_S - shapes.off_s[Wave.QRS]
        at_j, sag = (sign * t(largest)[np.argmin(np.abs(after_s - at))] for at in (0.0, 0.09))
        assert sag < -0.05
        assert sag < at_j - 0.03


def half_width_ms(mv: Floats) -> int:
    """How long the wave is above half of its height."""
    return int((mv > 0.5 * mv.max()).sum())


def test_too_much_potassium_makes_tall_narrow_t_waves_and_low_p_waves():
    # Surawicz 1967; a tall T wave is above 1 mV in a chest lead
    widths = []
    for shapes, usual in zip(people(repolarisation=Repolarisation.HYPERKALAEMIA), people(), strict=True):
        t, usual_t = leads(shapes, Wave.T), leads(usual, Wave.T)
        tallest = max(LEADS, key=lambda name: t(name).max())
        assert t(tallest).max() >= 1.0
        widths.append(
            half_width_ms(t(tallest)) / half_width_ms(usual_t(max(LEADS, key=lambda name: usual_t(name).max())))
        )
        p, usual_p = (leads(one, Wave.P)("II").max() for one in (shapes, usual))
        assert p < 0.65 * usual_p
    assert np.median(widths) < 0.8


def test_too_little_potassium_makes_a_u_wave_above_the_t_wave():
    # Surawicz 1967: ST depressed by 0.05 mV or more, U above 0.1 mV and above T in the same lead
    for shapes in people(repolarisation=Repolarisation.HYPOKALAEMIA):
        t = leads(shapes, Wave.T)
        late = shapes.off_s[Wave.T] < TIME_S
        for name in ("V2", "V3"):
            assert t(name)[late].max() > 0.1
            assert t(name)[late].max() > t(name)[~late].max()
        assert level_after_j(shapes, "V5") < -0.03
