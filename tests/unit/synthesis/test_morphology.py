"""The textbook criterion of every state, measured on noise-free waves of many people."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
import pytest

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.draws import Topic, new_stream
from chiron.synthesis.leads import DOWER, DOWER_INVERSE
from chiron.synthesis.morphology import NUMBERS, draw_shapes
from chiron.synthesis.morphology_model import load_model
from chiron.synthesis.structures import Condition, Shapes, Wave, new_shapes, position
from schemas.states import Axis, Qt, Repolarisation, Rhythm, Territory, VentricularConduction, Voltage

PEOPLE: Final = 60
HEALTHY: Final = Condition(
    group=0, rhythm=0, av=0, ventricular=0, ectopy=0, pattern=0, qt=0, repolarisation=0, territory=0, scar=0, voltage=0,
    axis=0, alternans_uv=0.0, age_years=55.0, female=0, heart_rate_bpm=60.0, breathing_hz=0.25, variety=1.0, inverted=0,
    displaced=0, inaudible=0, unreadable=0,
)  # fmt: skip
TIME_S: Final = np.arange(-0.3, 0.9, 0.001)
LEADS: Final = {"I": 0, "II": 1, "V1": 2, "V2": 3, "V3": 4, "V4": 5, "V5": 6, "V6": 7}
Lead = Callable[[str], Floats]


def drawn(index: int, **states: Any) -> Shapes:
    shapes = new_shapes()
    given = {k: position(v) if hasattr(v, "value") else v for k, v in states.items()}
    draw_shapes(new_stream(7, index, int(Topic.SHAPES)), HEALTHY._replace(**given), load_model(), shapes)
    return shapes


@cache
def people(**states: Any) -> list[Shapes]:
    return [drawn(i, **states, female=i % 2, age_years=30.0 + i % 50) for i in range(PEOPLE)]


def leads(shapes: Shapes, wave: Wave) -> Lead:
    """The noise-free wave in any of the twelve leads, every ms of TIME_S."""
    mv = np.zeros((TIME_S.size, 8))
    for w in range(shapes.n[wave]):
        distance = TIME_S - shapes.centre[wave, w]
        width = np.where(distance < 0, shapes.rise[wave, w], shapes.fall[wave, w])
        mv += np.exp(-0.5 * (distance / width) ** 2)[:, None] * shapes.amplitude[wave, w]
    one, two = mv[:, 0], mv[:, 1]
    derived = {"III": two - one, "aVL": one - two / 2, "aVF": two - one / 2, "aVR": -(one + two) / 2}

    def lead(name: str) -> Floats:
        if name.startswith("-"):
            return -lead(name[1:])
        return derived[name] if name in derived else mv[:, LEADS[name]]

    return lead


def number(shapes: Shapes, name: str) -> float:
    return float(shapes.numbers[NUMBERS.index(name)])


def numbers(name: str, **states: Any) -> Floats:
    return np.array([number(shapes, name) for shapes in people(**states)])


def net(values: Floats) -> float:
    return float(values.sum()) * 0.001


def test_durations_of_the_healthy_are_those_of_adults():
    # Rijnbeek 2014 (doi 10.1016/j.jelectrocard.2014.07.022): P 84-130, QRS 70-118 ms; QTc of this rule from 340 on
    assert np.all((numbers("p_ms") > 78) & (numbers("p_ms") < 132))
    assert np.all((numbers("qrs_ms") > 60) & (numbers("qrs_ms") < 120))
    assert 80 < np.median(numbers("qrs_ms")) < 100
    assert np.all((numbers("qtc_ms") > 340) & (numbers("qtc_ms") < 460))


def test_what_is_noted_is_what_the_waves_show():
    for shapes in people()[:10]:
        qrs, t = leads(shapes, Wave.QRS), leads(shapes, Wave.T)
        s_v1, r_v5, r_v6 = -qrs("V1").min(), qrs("V5").max(), qrs("V6").max()
        assert number(shapes, "sokolow_mv") == pytest.approx(s_v1 + max(r_v5, r_v6), rel=0.05)
        peak = max(np.abs(t(name)).max() for name in (*LEADS, "III", "aVR", "aVL", "aVF"))
        assert number(shapes, "t_peak_mv") == pytest.approx(peak, rel=0.05)
        axis = np.degrees(np.arctan2(2 / np.sqrt(3) * net(qrs("aVF")), net(qrs("I"))))
        assert number(shapes, "qrs_axis_deg") == pytest.approx(axis, abs=1.5)


def test_the_r_peak_is_at_zero():
    for shapes in people():
        qrs = leads(shapes, Wave.QRS)
        size = sum(qrs(name) ** 2 for name in LEADS)
        assert abs(TIME_S[np.argmax(size)]) <= 0.004


def test_r_grows_towards_v5_and_t_in_v3_is_below_the_qrs():
    # with the published table of dipoles and Dower's matrix T in V3 is above its R
    waves = [(leads(s, Wave.QRS), leads(s, Wave.T)) for s in people()]
    r = {name: np.median([qrs(name).max() for qrs, _ in waves]) for name in LEADS}
    assert r["V1"] < r["V2"] < r["V3"] < r["V4"]
    below = [np.abs(t("V3")).max() < np.ptp(qrs("V3")) for qrs, t in waves]
    assert np.mean(below) > 0.9


def test_a_normal_axis_is_normal():
    axis = numbers("qrs_axis_deg")
    assert np.all((axis >= -31) & (axis <= 91))


@pytest.mark.parametrize(
    ("states", "low", "high"),
    [
        ({"axis": Axis.LEFT}, -90, -30),
        ({"axis": Axis.RIGHT}, 90, 180),
        ({"ventricular": VentricularConduction.LEFT_ANTERIOR_FASCICULAR_BLOCK}, -90, -45),
        ({"ventricular": VentricularConduction.LEFT_POSTERIOR_FASCICULAR_BLOCK}, 90, 180),
        ({"voltage": Voltage.RIGHT_HYPERTROPHY}, 90, 180),
    ],
)
def test_an_axis_that_is_asked_for_is_there(states, low, high):
    axis = numbers("qrs_axis_deg", **states)
    assert np.all((axis > low) & (axis < high))


@pytest.mark.parametrize(
    ("conduction", "low", "high"),
    [
        (VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK, 120, 175),
        (VentricularConduction.RIGHT_BUNDLE_BRANCH_BLOCK, 120, 175),
        (VentricularConduction.INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK, 100, 120),
        (VentricularConduction.INCOMPLETE_LEFT_BUNDLE_BRANCH_BLOCK, 110, 120),
        (VentricularConduction.LEFT_POSTERIOR_FASCICULAR_BLOCK, 60, 110),
        (VentricularConduction.UNSPECIFIC_DELAY, 110, 155),
        (VentricularConduction.PREEXCITATION, 110, 155),
    ],
)
def test_the_qrs_is_as_wide_as_its_conduction_says(conduction, low, high):
    # Surawicz 2009
    qrs_ms = numbers("qrs_ms", ventricular=conduction)
    assert np.all((qrs_ms >= low) & (qrs_ms <= high))


def test_right_bundle_branch_block_ends_to_the_right_and_in_front():
    # Surawicz 2009: rsr', rsR' or rSR' in V1; a wide S in I and V6; T of V1 against the R'
    for shapes in people(ventricular=VentricularConduction.RIGHT_BUNDLE_BRANCH_BLOCK):
        qrs = leads(shapes, Wave.QRS)
        on_s, off_s = shapes.on_s[Wave.QRS], shapes.off_s[Wave.QRS]
        late = (on_s + 0.6 * (off_s - on_s) < TIME_S) & (off_s > TIME_S)
        assert qrs("V1")[late].max() > 0.2
        assert net(qrs("V1")[late]) > 0 > net(qrs("V6")[late])
        assert qrs("I")[late].min() < -0.04


def test_left_bundle_branch_block_is_negative_in_v1_and_broad_to_the_left():
    # Surawicz 2009: broad R in I, V5, V6 without q; rS or QS in V1; T against the QRS
    share = []
    for shapes in people(ventricular=VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK):
        qrs, t = leads(shapes, Wave.QRS), leads(shapes, Wave.T)
        assert net(qrs("V1")) < 0 < net(qrs("V6"))
        assert -qrs("V1").min() > 2 * qrs("V1").max()
        assert (qrs("V6") > 0.3 * qrs("V6").max()).sum() > 55
        share.append(net(t("V6")) < 0 < net(t("V1")))
    assert np.mean(share) > 0.6


def test_incomplete_left_bundle_branch_block_has_no_q_wave_to_the_left():
    # Surawicz 2009: no q wave in I, V5 and V6, and a later peak
    for shapes in people(ventricular=VentricularConduction.INCOMPLETE_LEFT_BUNDLE_BRANCH_BLOCK):
        qrs = leads(shapes, Wave.QRS)
        assert net(qrs("V1")) < 0 < net(qrs("V6"))
        before = np.argmax(qrs("V6")) > np.arange(TIME_S.size)
        assert -qrs("V6")[before].min() < 0.1 * qrs("V6").max()


def test_left_posterior_fascicular_block_is_rs_in_avl_and_qr_in_iii():
    # Surawicz 2009
    for shapes in people(ventricular=VentricularConduction.LEFT_POSTERIOR_FASCICULAR_BLOCK):
        qrs = leads(shapes, Wave.QRS)
        assert net(qrs("aVL")) < 0 < net(qrs("III"))
        before = [np.argmax(np.abs(qrs(name))) > np.arange(TIME_S.size) for name in ("aVL", "III")]
        assert qrs("aVL")[before[0]].max() > 0.02
        assert qrs("III")[before[1]].min() < -0.02


def test_left_hypertrophy_reaches_sokolow_and_lyons_limit():
    assert np.all(numbers("sokolow_mv", voltage=Voltage.LEFT_HYPERTROPHY) >= 3.5)
    assert np.median(numbers("sokolow_mv")) < 3.0


def test_right_hypertrophy_has_r_above_s_in_v1():
    for shapes in people(voltage=Voltage.RIGHT_HYPERTROPHY):
        v1 = leads(shapes, Wave.QRS)("V1")
        assert v1.max() > -v1.min()
        assert v1.max() >= 0.6


def test_low_voltage_is_below_half_a_millivolt_in_the_limbs_and_one_in_the_chest():
    for shapes in people(voltage=Voltage.LOW):
        qrs = leads(shapes, Wave.QRS)
        assert all(np.ptp(qrs(name)) < 0.5 for name in ("I", "II", "III", "aVR", "aVL", "aVF"))
        assert all(np.ptp(qrs(name)) < 1.0 for name in ("V1", "V2", "V3", "V4", "V5", "V6"))


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


@pytest.mark.parametrize("rhythm", [Rhythm.SINUS, Rhythm.PACED])
def test_ventricular_beats_are_wide_and_their_t_wave_is_against_them(rhythm):
    against = []
    for shapes in people(rhythm=rhythm):
        width_ms = 1000 * (shapes.off_s[Wave.WIDE_QRS] - shapes.on_s[Wave.WIDE_QRS])
        assert 120 <= width_ms <= 185
        qrs, t = leads(shapes, Wave.WIDE_QRS), leads(shapes, Wave.WIDE_T)
        largest = max(LEADS, key=lambda name: abs(net(qrs(name))))
        against.append(net(qrs(largest)) * net(t(largest)) < 0)
        if rhythm is Rhythm.PACED:
            assert net(qrs("V1")) < 0
            assert net(qrs("aVF")) < 0
    assert np.mean(against) > 0.95


def test_fibrillatory_waves_are_largest_in_v1():
    # As Clifford, Nemati & Sameni 2010 model it: f-waves are largest in V1.
    sizes = np.mean([np.linalg.norm(drawn(index).projection, axis=1) for index in range(100)], axis=0)
    assert np.argmax(sizes) == LEADS["V1"]
    assert sizes[LEADS["II"]] < 0.8 * sizes[LEADS["V1"]]


def test_electrodes_that_lie_anywhere_see_the_same_dipole_turned():
    for index in range(20):
        usual, moved = drawn(index), drawn(index, displaced=1)
        for wave in (Wave.QRS, Wave.FLUTTER):
            n = usual.n[wave]
            before, after = (DOWER_INVERSE @ one.amplitude[wave, :n].T for one in (usual, moved))
            assert np.allclose(before.T @ before, after.T @ after, atol=1e-9)  # a turn keeps lengths and angles
    assert not np.allclose(usual.projection, moved.projection, atol=0.1)


def test_exchanged_arms_turn_lead_one_over_and_exchange_two_and_three():
    right, wrong = drawn(3), drawn(3, inverted=1)
    for wave in Wave:
        a, b = leads(right, wave), leads(wrong, wave)
        assert np.allclose(b("I"), -a("I"))
        assert np.allclose(b("II"), a("III"))
        assert np.allclose(b("V4"), a("V4"))
    for table in ("swing", "amplitude"):
        a, b = getattr(right, table), getattr(wrong, table)
        assert np.allclose(b[..., 1], a[..., 1] - a[..., 0])
        assert np.allclose(b[..., 0], -a[..., 0])
    assert np.allclose(wrong.projection[0], -right.projection[0])


def test_without_variety_people_differ_in_their_durations_only():
    one, other = drawn(1, variety=0.0), drawn(2, variety=0.0)
    assert np.allclose(one.amplitude[Wave.QRS], other.amplitude[Wave.QRS])
    assert not np.allclose(one.centre[Wave.QRS], other.centre[Wave.QRS])


def test_a_breath_turns_the_heart_a_little():
    for shapes in people()[:20]:
        n = shapes.n[Wave.QRS]
        swing, size = np.abs(shapes.swing[Wave.QRS, :n]).max(), np.abs(shapes.amplitude[Wave.QRS, :n]).max()
        assert swing < 0.5 * size
    inverse = np.linalg.pinv(DOWER)
    turned = [inverse @ s.swing[Wave.QRS, : s.n[Wave.QRS]].T for s in people()]
    still = [inverse @ s.amplitude[Wave.QRS, : s.n[Wave.QRS]].T for s in people()]
    ratio = [np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(turned, still, strict=True)]
    assert 0.01 < np.median(ratio) < 0.17  # 9 degrees about one axis is 0.16 at most, about two 0.23
    assert max(ratio) < 0.24


def test_the_same_stream_draws_the_same_person():
    a, b = drawn(5), drawn(5)
    assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
