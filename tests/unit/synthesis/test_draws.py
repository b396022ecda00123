import numpy as np
import pytest
from scipy import stats

from chiron.synthesis.draws import (
    Topic,
    chance,
    exponential,
    from_quantiles,
    log_normal,
    log_uniform,
    new_stream,
    next_word,
    normal,
    pick,
    uniform,
    unit,
)

N = 20_000


def _many(draw, *arguments, n=N):
    stream = new_stream(3, 1, 0)
    return np.array([draw(stream, *arguments) for _ in range(n)])


@pytest.mark.parametrize(("seed", "index", "topic"), [(0, 0, 0), (5, 77, 3), (2**63 - 1, 12_345_678, 8)])
def test_the_words_are_those_of_numpys_philox(seed, index, topic):
    counter = np.array([0, 0, 0, topic], dtype=np.uint64)
    numpy_own = np.random.Philox(key=np.array([seed, index], dtype=np.uint64), counter=counter)
    stream = new_stream(seed, index, topic)
    assert [int(next_word(stream)) for _ in range(50)] == numpy_own.random_raw(50).tolist()


def test_topics_records_and_seeds_have_numbers_of_their_own():
    streams = [(1, 1, 0), (1, 1, 1), (1, 2, 0), (2, 1, 0)]
    drawn = [tuple(unit(stream) for _ in range(4)) for stream in (new_stream(*key) for key in streams)]
    assert len(set(drawn)) == 4
    assert len(set(Topic)) == len(Topic)


@pytest.mark.parametrize(
    ("draw", "arguments", "distribution"),
    [
        (unit, (), stats.uniform()),
        (uniform, (2.0, 5.0), stats.uniform(2, 3)),
        (normal, (1.0, 2.0), stats.norm(1, 2)),
        (log_normal, (3.0, 0.5), stats.lognorm(0.5, scale=3)),
        (log_uniform, (0.5, 8.0), stats.loguniform(0.5, 8)),
        (exponential, (2.0,), stats.expon(scale=2)),
        (from_quantiles, (np.array([1.0, 4.0]),), stats.uniform(1, 3)),
    ],
)
def test_draws_have_the_distribution_that_scipy_knows(draw, arguments, distribution):
    assert stats.kstest(_many(draw, *arguments), distribution.cdf).pvalue > 0.001


def test_quantiles_are_met_and_lie_on_lines_in_between():
    quantiles = np.array([0.0, 1.0, 1.0, 5.0, 20.0])
    found = np.quantile(_many(from_quantiles, quantiles), [0, 0.25, 0.5, 0.625, 0.75, 1])
    assert found == pytest.approx([0, 1, 1, 3, 5, 20], abs=0.15)


def test_positions_are_picked_in_their_shares_and_impossible_ones_never():
    found = np.bincount(_many(pick, np.array([0.0, 0.3, 0.7, 0.0])), minlength=4) / N
    assert found == pytest.approx([0, 0.3, 0.7, 0], abs=0.015)
    assert found[0] == found[3] == 0
    assert _many(chance, 0.2).mean() == pytest.approx(0.2, abs=0.015)
