import numpy as np
import pytest

from chiron.evaluation.ranking import aurocs
from chiron.fidelity.statistics import of_folds, outside_share, resampled_counts, share, spread, standardised_difference


def test_medians_one_standard_deviation_apart_give_a_difference_of_one() -> None:
    rng = np.random.default_rng(1)
    real, made = rng.normal(0, 2, 800), rng.normal(2, 2, 800)
    counts = (resampled_counts(np.arange(800), rng), resampled_counts(np.arange(800), rng))
    found = standardised_difference(real, made, counts)
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower < 1 < found.upper
    assert 0.15 < found.upper - found.lower < 0.45  # 2 * 1.96 * sqrt(2 * pi/2 / 800) = 0.25 for two normal medians


def test_copies_within_a_group_do_not_narrow_the_interval() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=60)
    once = (np.arange(60), np.arange(60))
    alone = standardised_difference(values, values + 1, _counts(once))
    copied = standardised_difference(
        np.repeat(values, 4), np.repeat(values + 1, 4), _counts((np.repeat(once[0], 4), np.repeat(once[1], 4)))
    )
    assert copied.lower is not None
    assert alone.lower is not None
    assert alone.upper is not None
    assert copied.upper is not None
    assert copied.upper - copied.lower == pytest.approx(alone.upper - alone.lower, rel=0.1)


def _counts(groups: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return resampled_counts(groups[0], rng), resampled_counts(groups[1], rng)


def test_unmeasured_values_count_on_neither_side() -> None:
    real, made = np.arange(20.0), np.arange(20.0)
    made[:15] = np.nan
    counts = (resampled_counts(np.arange(20), np.random.default_rng(0)),) * 2
    assert standardised_difference(real, made, counts).value is None  # five are too few


def test_the_spread_of_a_normal_distribution_is_its_standard_deviation() -> None:
    values = np.random.default_rng(4).normal(10, 3, 200_000)
    assert spread(values) == pytest.approx(3, rel=0.01)


def test_values_beyond_the_real_range_are_counted() -> None:
    real = np.arange(1001.0)  # the 0.5 and 99.5 percentiles are 5 and 995
    made = np.array([4.0, 5.0, 500.0, 995.0, 996.0, 2000.0, 10.0, 20.0, 30.0, 40.0])
    assert outside_share(real, made).value == pytest.approx(0.3)


def test_five_folds_make_intervals_half_as_wide_again() -> None:
    plain = aurocs(np.arange(40) % 2 == 0, np.random.default_rng(5).normal(size=(1, 40)))
    corrected = of_folds(plain, 5)
    assert corrected.value == plain.value
    assert np.sqrt(corrected.covariance / plain.covariance)[0, 0] == pytest.approx(1.5)  # Nadeau & Bengio: 1 + 5 / 4


def test_a_share_has_the_interval_of_wilson_as_newcombe_1998_prints_it() -> None:
    found = share(81, 263)  # Newcombe, Stat. Med. 17, 857: 0.2553 to 0.3662
    assert found.lower == pytest.approx(0.2553, abs=5e-5)
    assert found.upper == pytest.approx(0.3662, abs=5e-5)
