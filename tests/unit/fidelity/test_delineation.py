import numpy as np
import pytest

from chiron.fidelity.delineation import AFTER_S, BEFORE_S, delineated

RATE_HZ = 100.0
T = np.arange(round((BEFORE_S + AFTER_S) * RATE_HZ)) / RATE_HZ - BEFORE_S


def bump(centre_s: float, width_s: float, height_mv: float) -> np.ndarray:
    return height_mv * np.exp(-(((T - centre_s) / width_s) ** 2) / 2)


BEAT = bump(-0.16, 0.02, 0.12) + bump(0, 0.012, 1.0) + bump(0.28, 0.04, 0.3)


def test_the_heights_of_gaussian_waves_are_found() -> None:
    waves = delineated(BEAT, RATE_HZ, rr_s=0.9)
    assert waves.r_mv == pytest.approx(1.0, abs=0.02)
    assert waves.p_mv == pytest.approx(0.12, abs=0.01)
    assert waves.t_mv == pytest.approx(0.3, abs=0.01)
    assert waves.depth_mv == pytest.approx(0, abs=0.01)


def test_a_gaussian_t_wave_ends_two_widths_after_its_peak() -> None:
    waves = delineated(BEAT, RATE_HZ, rr_s=0.9)
    assert waves.t_peak_s == pytest.approx(0.28, abs=0.005)
    assert waves.t_end_s == pytest.approx(0.28 + 2 * 0.04, abs=0.01)  # the tangent at exp(-1/2) falls to zero there


def test_the_time_from_p_to_qrs_moves_with_the_p_wave() -> None:
    later = bump(-0.13, 0.02, 0.12) + bump(0, 0.012, 1.0) + bump(0.28, 0.04, 0.3)
    first, second = (delineated(beat, RATE_HZ, rr_s=0.9) for beat in (BEAT, later))
    assert first.p_to_qrs_s - second.p_to_qrs_s == pytest.approx(0.03, abs=0.006)


def test_a_wider_qrs_is_wider_by_as_much() -> None:
    wide = bump(-0.16, 0.02, 0.12) + bump(0, 0.024, 1.0) + bump(0.28, 0.04, 0.3)
    first, second = (delineated(beat, RATE_HZ, rr_s=0.9) for beat in (BEAT, wide))
    widths = [w.end_s - w.onset_s for w in (first, second)]
    assert widths[1] / widths[0] == pytest.approx(2, rel=0.2)


def test_an_inverted_t_wave_has_a_height_below_zero() -> None:
    beat = bump(0, 0.012, 1.0) + bump(0.28, 0.04, -0.2)
    assert delineated(beat, RATE_HZ, rr_s=0.9).t_mv == pytest.approx(-0.2, abs=0.01)


def test_a_constant_offset_changes_nothing_but_the_level() -> None:
    plain, moved = delineated(BEAT, RATE_HZ, rr_s=0.9), delineated(BEAT + 0.5, RATE_HZ, rr_s=0.9)
    assert moved.level_mv - plain.level_mv == pytest.approx(0.5)
    assert (moved.r_mv, moved.p_mv, moved.t_mv) == pytest.approx((plain.r_mv, plain.p_mv, plain.t_mv), abs=1e-9)
