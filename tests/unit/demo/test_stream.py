import numpy as np
from scipy.stats import kstest

from chiron.demo.stream import Stream


def test_the_same_seed_and_index_give_the_same_draws_and_others_do_not():
    draws = [[stream.unit() for _ in range(300)] for stream in (Stream(7, 3), Stream(7, 3), Stream(7, 4), Stream(8, 3))]
    assert draws[0] == draws[1]
    assert not set(draws[0]) & (set(draws[2]) | set(draws[3]))


def test_draws_follow_their_distributions():
    stream = Stream(11, 0)
    assert kstest([stream.uniform(2, 5) for _ in range(4000)], "uniform", (2, 3)).pvalue > 1e-3
    assert kstest([stream.normal(1, 2) for _ in range(4000)], "norm", (1, 2)).pvalue > 1e-3
    assert kstest([stream.exponential(0.2) for _ in range(4000)], "expon", (0, 0.2)).pvalue > 1e-3


def test_choices_come_in_their_shares():
    stream = Stream(5, 5)
    picked = [stream.pick((("a", 0.7), ("b", 0.0), ("c", 0.3))) for _ in range(4000)]
    assert "b" not in picked
    assert abs(picked.count("a") / 4000 - 0.7) < 0.03
    assert abs(np.mean([stream.chance(0.2) for _ in range(4000)]) - 0.2) < 0.03
