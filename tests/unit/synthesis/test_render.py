"""Waves against the formula in plain numpy, and fibrillatory waves against their spectrum."""

import numpy as np
import pytest
from scipy.signal import welch

from chiron.synthesis.condition import draw_condition, group_settings
from chiron.synthesis.draws import Topic, new_stream
from chiron.synthesis.mixing import new_work
from chiron.synthesis.render import Grid, render_heart
from chiron.synthesis.structures import MEASURED, Beat, Wave, new_plan, new_shapes
from schemas.cohort import Group

FS_HZ = 500.0
DURATION_S = 10.0
N = int(FS_HZ * DURATION_S)
LEADS = len(MEASURED)


def _person():
    """Waves of a random shape; no breathing."""
    rng, shapes = np.random.default_rng(1), new_shapes()
    made = (
        (Wave.QRS, 5, (-0.04, 0.04), 0.009),
        (Wave.T, 3, (0.2, 0.35), 0.04),
        (Wave.P, 2, (-0.02, 0.02), 0.018),
        (Wave.WIDE_QRS, 3, (-0.05, 0.05), 0.02),
    )
    for wave, n, (first, last), width in made:
        shapes.n[wave] = n
        shapes.centre[wave, :n] = np.linspace(first, last, n)
        shapes.rise[wave, :n], shapes.fall[wave, :n] = width, 0.8 * width
        shapes.amplitude[wave, :n] = rng.normal(0, 0.5, (n, LEADS))
    shapes.on_s[Wave.P] = -0.05
    shapes.projection[:] = rng.normal(0, 1, (LEADS, 3))
    return shapes


def _plan(beat_s=(), p_s=(), kind=Beat.NORMAL):
    plan = new_plan(DURATION_S)
    plan.count[:2] = len(beat_s), len(p_s)
    plan.beat_s[: len(beat_s)], plan.p_s[: len(p_s)] = beat_s, p_s
    plan.beat_kind[: len(beat_s)] = kind
    return plan


def _render(plan, shapes, *, blur_s=0.0, columns=range(LEADS), stretch=1.0, gain=1.0, index=0):
    group = group_settings([Group()])
    condition = draw_condition(new_stream(1, index, Topic.CONDITION), group, np.uint64(1), np.uint64(index))
    columns = np.array(columns, dtype=np.int64)
    x, numbers = np.empty((N, columns.size), dtype=np.float32), np.empty(2)
    t = np.full(plan.beat_s.size, 1.0)
    work, grid = new_work(N, columns.size), Grid(FS_HZ, blur_s, columns)
    stream = new_stream(1, index, Topic.BEATS)
    render_heart(stream, x, work, grid, condition, plan, shapes, stretch * t, gain * t, numbers)
    return x, numbers


def _gaussians(shapes, wave, at_s, stretch=1.0):
    """(N, leads) by the formula, every Gaussian over every sample."""
    t, out = np.arange(N) / FS_HZ, np.zeros((N, LEADS))
    for w in range(shapes.n[wave]):
        distance = t - at_s - stretch * shapes.centre[wave, w]
        width = stretch * np.where(distance < 0, shapes.rise[wave, w], shapes.fall[wave, w])
        out += np.exp(-0.5 * (distance / width) ** 2)[:, None] * shapes.amplitude[wave, w]
    return out


def test_a_beat_is_the_sum_of_its_gaussians_within_a_thousandth_of_its_height():
    shapes = _person()
    x, _ = _render(_plan([3.3331]), shapes, stretch=1.2)
    wanted = _gaussians(shapes, Wave.QRS, 3.3331) + _gaussians(shapes, Wave.T, 3.3331, 1.2)
    gain = (x * wanted).sum() / (wanted**2).sum()  # beats differ a little in size
    assert gain == pytest.approx(1, abs=0.3)
    assert np.abs(x / gain - wanted).max() < 0.001 * np.abs(wanted).max()


def test_a_p_wave_begins_at_its_onset():
    shapes = _person()
    x, _ = _render(_plan(p_s=[5.0]), shapes)
    wanted = _gaussians(shapes, Wave.P, 5.05)
    gain = (x * wanted).sum() / (wanted**2).sum()
    assert np.abs(x / gain - wanted).max() < 0.001 * np.abs(wanted).max()


def test_a_ventricular_beat_has_the_wide_shape():
    shapes = _person()
    x, _ = _render(_plan([3.0], kind=Beat.VENTRICULAR), shapes)
    wanted = _gaussians(shapes, Wave.WIDE_QRS, 3.0)
    assert np.corrcoef(x.ravel(), wanted.ravel())[0, 1] > 0.9999


def test_the_band_limit_is_a_gaussian_filter_that_is_3_db_down_at_its_corner():
    shapes = _person()
    shapes.fall[:] = shapes.rise
    sharp, _ = _render(_plan([3.0]), shapes)
    soft, _ = _render(_plan([3.0]), shapes, blur_s=np.sqrt(np.log(2)) / (2 * np.pi * 40))
    hz = np.fft.rfftfreq(N, 1 / FS_HZ)
    left = np.abs(np.fft.rfft(soft[:, 0])) / np.abs(np.fft.rfft(sharp[:, 0]))
    for frequency in (10, 40, 60):
        expected = 2 ** -(0.5 * (frequency / 40) ** 2)  # -3 dB at 40 Hz
        assert left[np.abs(hz - frequency) < 0.05].mean() == pytest.approx(expected, abs=0.05)


def test_leads_are_the_same_whichever_are_asked_for():
    shapes, plan = _person(), _plan([1.0, 2.0, 2.7], p_s=[0.8])
    every, _ = _render(plan, shapes)
    some, _ = _render(plan, shapes, columns=(0, 3, 7))
    assert np.array_equal(some, every[:, [0, 3, 7]])


def test_overlapping_beats_add_up():
    shapes = _person()
    first, _ = _render(_plan([3.0]), shapes)
    both, _ = _render(_plan([3.0, 3.25]), shapes)
    alone, _ = _render(_plan([9.9, 3.25]), shapes)
    late, _ = _render(_plan([9.9]), shapes)
    assert np.abs(both - first - (alone - late))[: int(9.4 * FS_HZ)].max() < 1e-5


def test_fibrillatory_waves_have_the_rate_and_size_that_are_stated():
    shapes, plan = _person(), _plan()
    plan.fibrillation_s[:] = -2.0, DURATION_S + 2
    shapes.projection[:] = 0.0
    shapes.projection[0, 0] = 1.0  # the first lead sees the first axis alone
    rates, sizes = [], []
    for index in range(40):
        x, (rate_hz, size_uv) = _render(plan, shapes, index=index)
        hz, power = welch(x[:, 0], FS_HZ, nperseg=2048)
        rates.append(hz[np.argmax(power)] / rate_hz)
        sizes.append(1000 * x[:, 0].std() / size_uv)
    assert np.median(rates) == pytest.approx(1, abs=0.07)  # of the three axes, one is 5 % slower, one 5 % faster
    assert np.median(sizes) == pytest.approx(1, abs=0.2)


def test_fibrillation_lasts_as_long_as_planned_and_is_not_stated_elsewhere():
    shapes, plan = _person(), _plan()
    plan.fibrillation_s[:] = 2.0, 5.0
    x, numbers = _render(plan, shapes)
    assert np.abs(x[: int(2 * FS_HZ)]).max() == np.abs(x[int(5 * FS_HZ) + 1 :]).max() == 0
    assert x[int(2.3 * FS_HZ) : int(4.7 * FS_HZ)].std() > 0
    assert np.isnan(_render(_plan([1.0]), shapes)[1]).all()
    assert np.isfinite(numbers).all()
