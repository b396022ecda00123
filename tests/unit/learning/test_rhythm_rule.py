"""The rules without labels, against arithmetic by hand from the published definitions."""

from math import log, sqrt

import numpy as np
import pytest

from chiron.learning.rhythm_rule import (
    RULES,
    coefficient_of_sample_entropy,
    coefficient_of_variation,
    large_step_share,
    lorenz_plot_spread,
    relative_rmssd,
    rule_scores,
)

FS_HZ = 100.0
ALTERNATING = np.array([1.0, 0.79] * 4 + [1.0])  # mean 8.16 / 9 = 0.90667; every step is 0.21


def test_the_coefficient_of_variation_is_the_deviation_over_the_mean():
    # four of nine are 0.21 below the others: deviation 0.21 * sqrt(5/9 * 4/9)
    assert coefficient_of_variation(ALTERNATING) == pytest.approx(0.21 * sqrt(20) / 9 / (8.16 / 9))


def test_the_rmssd_is_relative_to_the_mean_interval():
    assert relative_rmssd(ALTERNATING) == pytest.approx(0.21 / (8.16 / 9))


def test_steps_above_fifty_milliseconds_are_counted():
    # steps: 0.04, 0.06, -0.06, 0 -> two of four
    assert large_step_share(np.array([0.80, 0.84, 0.90, 0.84, 0.84])) == 0.5


def test_intervals_that_repeat_have_no_sample_entropy_beyond_tolerance_and_rate():
    # 12 pairs of single intervals match, and all 12 go on to match: ln 1 + ln(2 * 0.03) - ln(mean)
    assert coefficient_of_sample_entropy(ALTERNATING) == pytest.approx(log(0.06) - log(8.16 / 9))


def test_matches_that_do_not_go_on_raise_the_sample_entropy():
    # six intervals of 1 s: 15 pairs match; the five that are followed by 1 s: 10 pairs go on
    assert coefficient_of_sample_entropy(np.array([1.0] * 6 + [2.0])) == pytest.approx(log(15 / 10 * 0.06 / (8 / 7)))


def test_the_tolerance_of_sample_entropy_grows_until_five_pairs_match():
    # differences of the first three templates and of their followers are 0.1, 0.1 and 0.2: all three match at 0.2 + ...
    value = coefficient_of_sample_entropy(np.array([0.601, 0.700, 0.799, 0.898]))
    assert value == pytest.approx(log(2 * 0.2) - log(0.7495), abs=1e-6)


def test_the_lorenz_plot_counts_each_filled_cell_once_and_leaves_out_its_middle():
    # seven points fall into two cells, (0.21, -0.21) and (-0.21, 0.21): 2 / 7
    assert lorenz_plot_spread(ALTERNATING) == pytest.approx(2 / 7)
    # every point within 80 ms of the origin
    assert lorenz_plot_spread(np.array([0.80, 0.83, 0.81, 0.85, 0.83])) == 0.0


@pytest.mark.parametrize("name", RULES)
def test_every_rule_ranks_irregular_beats_above_regular_ones(name):
    rng = np.random.default_rng(5)
    regular, irregular = rng.normal(0.85, 0.02, 35), rng.uniform(0.45, 1.2, 35)
    assert RULES[name](irregular) > RULES[name](regular)


def test_a_recording_without_beats_is_ranked_last_by_every_rule():
    beating = np.zeros(2000, np.float32)
    beating[50::90] = 1.0
    scores = rule_scores([np.zeros(2000, np.float32), beating], FS_HZ)
    assert scores.shape == (len(RULES), 2)
    assert (scores[:, 0] == -np.inf).all()
    assert np.isfinite(scores[:, 1]).all()
