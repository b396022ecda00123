import numpy as np
import pytest

from chiron.synthesis.repolarisation import repolarise
from chiron.synthesis.structures import Condition, new_plan


def _repolarise(r_s, alternans_uv=0.0, t_peak_mv=0.4):
    plan = new_plan(float(np.ptp(r_s)))
    plan.count[0] = len(r_s)
    plan.beat_s[: len(r_s)] = r_s
    condition = Condition(**dict.fromkeys(Condition._fields, 0) | {"alternans_uv": alternans_uv})
    stretch, gain = np.full(len(r_s), np.nan), np.full(len(r_s), np.nan)
    repolarise(condition, plan, t_peak_mv, stretch, gain)
    return stretch, gain


@pytest.mark.parametrize(("bpm", "factor"), [(40, 1.1447), (60, 1.0), (120, 0.7937)])
def test_qt_at_a_steady_rate_goes_with_the_cube_root_of_rr(bpm, factor):
    # Fridericia 1920: QTc = QT / RR^(1/3); the cube roots of 1.5, 1 and 0.5
    stretch, _ = _repolarise(np.arange(30) * 60 / bpm)
    assert stretch == pytest.approx(np.full(30, factor), rel=0.02)


def _step(from_s, to_s, n_after):
    """The stretch of beats after a step of the interval, as a share of its way to the new steady value."""
    r_s = np.cumsum([0.0, *[from_s] * 60, *[to_s] * n_after])
    stretch, _ = _repolarise(r_s)
    old, new = np.cbrt(from_s), np.cbrt(to_s)
    return (stretch[61:] - old) / (new - old)


@pytest.mark.parametrize(("from_s", "to_s"), [(1.0, 0.6), (0.6, 1.0)])
def test_after_a_step_of_the_rate_qt_follows_in_minutes_as_in_people(from_s, to_s):
    # Franz 1988: about a third at once. Razak 2011: then exponential with a time constant of 60 s, so that half of the
    # way is reached after 60 ln(0.7/0.5) = 20 s and nine tenths after 60 ln(0.7/0.1) = 117 s (Pueyo 2003: 2.5 min)
    way, t = _step(from_s, to_s, int(400 / to_s)), to_s * (1 + np.arange(int(400 / to_s)))
    assert 0.25 < way[0] < 0.37
    assert t[np.argmax(way > 0.5)] == pytest.approx(20, abs=1)
    assert t[np.argmax(way > 0.9)] == pytest.approx(117, abs=2)
    assert way[-1] == pytest.approx(1, abs=0.01)
    assert (np.diff(way) >= -1e-9).all()


def test_the_delay_is_one_of_time_not_of_beats():
    # Andrsova 2022: the adaptation is driven by absolute time rather than by the number of cycles
    slow, fast = _step(1.0, 1.1, 60), _step(0.5, 0.55, 120)
    assert slow[29] == pytest.approx(fast[59], abs=0.01)


def test_the_t_wave_of_a_premature_beat_does_not_collapse():
    intervals = np.full(40, 0.9)
    intervals[20], intervals[21] = 0.45, 1.35
    stretch, _ = _repolarise(np.cumsum(intervals))
    assert 0.93 < stretch[20] / stretch[19] < 0.97
    assert 1.02 < stretch[21] / stretch[19] < 1.07


def test_without_alternans_every_t_wave_is_as_large_as_the_others():
    assert (_repolarise(np.arange(20.0))[1] == 1).all()


@pytest.mark.parametrize("alternans_uv", [5.0, 40.0, 100.0])
def test_even_and_odd_t_waves_differ_by_the_commanded_voltage(alternans_uv):
    _, gain = _repolarise(np.arange(20) * 0.8, alternans_uv, t_peak_mv=0.25)
    differences_uv = 1000 * 0.25 * np.diff(gain)
    assert np.abs(differences_uv) == pytest.approx(np.full(19, alternans_uv))
    assert (np.sign(differences_uv[1:]) == -np.sign(differences_uv[:-1])).all()
    assert gain.mean() == pytest.approx(1)


def test_one_beat_alone_is_repolarised():
    stretch, gain = _repolarise(np.array([0.3]))
    assert stretch.tolist() == pytest.approx([1.0])
    assert gain.tolist() == [1.0]
