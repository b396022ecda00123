import numpy as np
import pytest

from chiron.fidelity.reach import beyond, scaled_alike


def test_points_far_outside_a_box_are_counted_and_those_within_are_not() -> None:
    rng = np.random.default_rng(1)
    box = rng.random((500, 2))
    inside, outside = 0.1 + 0.8 * rng.random((13, 2)), 3 + rng.random((7, 2))
    found, step = beyond(box, np.concatenate([inside, outside]), np.arange(500))
    assert found[13:].all()
    assert found[:13].sum() <= 1
    assert (step[13:] > 1.5).all()  # from the box, whose corner is at (1, 1), to at least (3, 3)


def test_a_new_draw_from_the_real_distribution_lies_beyond_it_in_one_case_of_a_hundred() -> None:
    rng = np.random.default_rng(2)
    found, _ = beyond(rng.normal(size=(1500, 3)), rng.normal(size=(1500, 3)), np.arange(1500))
    assert found.mean() == pytest.approx(0.01, abs=0.007)


def test_how_far_real_records_are_apart_is_measured_between_patients() -> None:
    twins = np.repeat(np.arange(50.0), 2)[:, None]
    found, _ = beyond(twins, np.array([[0.5], [60.0]]), np.repeat(np.arange(50), 2))
    assert found.tolist() == [False, True]  # twins lie on each other, but the next patient is one away


def test_quantities_are_scaled_by_the_real_spread_and_unmeasured_ones_lie_in_the_middle() -> None:
    real = np.random.default_rng(3).normal(50, 4, (100_000, 1))
    _, made = scaled_alike(real, np.array([[54.0], [np.nan], [1e9]]))
    assert made[:, 0] == pytest.approx([1.0, 0.0, 10.0], abs=0.02)
