"""Intervals that say 95 % hold the truth about as often: the benchmark's simulations, a few times each.

The tolerance is the binomial's: of 300 trials at 95 %, fewer than 90.7 % or more than 98.7 % hold once in a thousand.
"""

import pytest
from scipy.stats import binom

from benchmarks.coverage import coverage, studies

N_TRIALS = 300
QUICK = [study for study in studies() if "DeLong" in study.name or "differ much" in study.name]


@pytest.mark.parametrize("study", QUICK, ids=lambda study: study.name)
def test_intervals_hold_the_truth_as_often_as_they_say(study):
    low, high = binom.ppf([5e-4, 1 - 5e-4], N_TRIALS, 0.95) / N_TRIALS
    assert low <= coverage(study, N_TRIALS, seed=7) <= high
