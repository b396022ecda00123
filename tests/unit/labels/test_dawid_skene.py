"""Hidden truth and error rates, against the published table and an independent library."""

import numpy as np
import pandas as pd
import pytest
from crowdkit.aggregation import DawidSkene
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

from chiron.labels.dawid_skene import ERRORS_ARE_RARE, NO_PRIOR, Said, fit

# Dawid and Skene 1979, table 1: 45 patients; three readings by the first anaesthetist, one by each of four others
ANAESTHETISTS = """
111 1 1 1 1, 333 4 3 3 4, 112 2 1 2 2, 222 3 1 2 1, 222 3 2 2 2, 222 3 3 2 2, 122 2 1 1 1, 333 3 4 3 3, 222 2 2 2 3,
232 2 2 2 3, 444 4 4 4 4, 222 3 3 4 3, 111 1 1 1 1, 222 3 2 1 2, 121 1 1 1 1, 111 2 1 1 1, 111 1 1 1 1, 111 1 1 1 1,
222 2 2 2 1, 222 1 3 2 2, 222 2 2 2 2, 222 2 2 2 1, 222 3 2 2 2, 221 2 2 2 2, 111 1 1 1 1, 111 1 1 1 1, 232 2 2 2 2,
111 1 1 1 1, 111 1 1 1 1, 112 1 1 2 1, 111 1 1 1 1, 333 3 2 3 3, 111 1 1 1 1, 222 2 2 2 2, 222 3 2 3 2, 433 4 3 4 3,
221 2 2 3 2, 232 3 2 3 3, 333 3 4 3 2, 111 1 1 1 1, 111 1 1 1 1, 121 2 1 1 1, 232 2 2 2 2, 121 1 1 1 1, 222 2 2 2 2
"""


def anaesthetists():
    """(45, 5 * 4): how often each anaesthetist chose each class."""
    said = [[[text.count(c) for c in "1234"] for text in row.split()] for row in ANAESTHETISTS.split(",")]
    return np.array(said, dtype=float).reshape(45, 20)


def fitted(counts, *, prior=NO_PRIOR, n_categories=2, known=None, weights=None):
    known = np.zeros((len(counts), n_categories)) if known is None else known
    weights = np.ones((1, len(counts))) if weights is None else weights
    return fit(Said(csr_array(np.asarray(counts, dtype=float)), known), weights, prior=prior)


def test_prevalence_and_error_rates_equal_the_published_table_of_the_anaesthetists():
    found = fitted(anaesthetists(), n_categories=4)
    assert found.converged
    assert_allclose(found.share_bk[0], [0.40, 0.42, 0.11, 0.07], atol=0.005)  # Dawid and Skene 1979, table 2
    first = [[0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0], [0, 0, 0.56, 0.44]]
    assert_allclose(found.rates_brkl[0, 0], first, atol=0.006)


def random_readings(seed, *, n_records=300, n_readers=5, n_categories=3, missing=0.3):
    """Readings (N, R) with -1 where missing, and the truth."""
    random = np.random.default_rng(seed)
    truth = random.choice(
        n_categories, n_records, p=[0.6, 0.3, 0.1][:n_categories] if n_categories == 3 else [0.8, 0.2]
    )
    right = random.uniform(0.6, 0.95, n_readers)
    guess = random.integers(n_categories, size=(n_records, n_readers))
    readings = np.where(random.random(guess.shape) < right, truth[:, None], guess)
    readings[random.random(readings.shape) < missing] = -1
    return readings[(readings >= 0).any(axis=1)], truth


def one_hot(readings, n_categories):
    return (readings[:, :, None] == np.arange(n_categories)).reshape(len(readings), -1).astype(float)


@pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")  # crowd-kit's use of pandas
@pytest.mark.parametrize("seed", [1, 2])
def test_posterior_and_error_rates_equal_crowd_kit_on_random_readings(seed):
    readings, _ = random_readings(seed)
    long = pd.DataFrame(
        [(i, j, "abc"[seen]) for i, row in enumerate(readings) for j, seen in enumerate(row) if seen >= 0],
        columns=["task", "worker", "label"],
    )
    theirs = DawidSkene(n_iter=500, tol=1e-13).fit(long)
    ours = fitted(one_hot(readings, 3), n_categories=3)
    assert_allclose(ours.posterior_buk[0], theirs.probas_.sort_index()[[*"abc"]], atol=1e-3)
    assert_allclose(ours.share_bk[0], theirs.priors_[[*"abc"]], atol=1e-4)
    rates = theirs.errors_.sort_index()[[*"abc"]].to_numpy().reshape(5, 3, 3).transpose(0, 2, 1)
    assert_allclose(ours.rates_brkl[0], rates, atol=1e-3)


def test_a_repeated_record_weighs_as_often_as_it_occurs():
    readings, _ = random_readings(4, n_categories=2)
    counts = one_hot(readings, 2)
    twice = fitted(np.repeat(counts, 2, axis=0))
    weighted = fitted(counts, weights=np.full((1, len(counts)), 2.0))
    assert_allclose(weighted.rates_brkl, twice.rates_brkl, atol=1e-9)


def test_each_weighting_is_estimated_as_if_alone():
    readings, _ = random_readings(5, n_categories=2)
    counts = one_hot(readings, 2)
    weights = np.random.default_rng(5).integers(0, 4, size=(3, len(readings))).astype(float)
    together = fitted(counts, prior=ERRORS_ARE_RARE, weights=weights)
    for b in range(3):
        alone = fitted(counts, prior=ERRORS_ARE_RARE, weights=weights[[b]])
        assert_allclose(together.rates_brkl[b], alone.rates_brkl[0], atol=1e-5)


def test_known_truth_makes_the_rates_plain_shares():
    # by hand: truth 1, 1, 1, 0; the reader says 1, 1, 0, 0: two of three found, none called in error
    counts = one_hot(np.array([[1], [1], [0], [0]]), 2)
    known = np.eye(2)[[1, 1, 1, 0]]
    rates = fitted(counts, known=known).rates_brkl[0, 0]
    assert_allclose(rates, [[1, 0], [1 / 3, 2 / 3]])


def test_the_prior_is_readings_made_before():
    # by hand: 2 + 4 of 3 + 5 right where present, 1 + 4 of 1 + 5 where absent
    counts = one_hot(np.array([[1], [1], [0], [0]]), 2)
    known = np.eye(2)[[1, 1, 1, 0]]
    rates = fitted(counts, prior=ERRORS_ARE_RARE, known=known).rates_brkl[0, 0]
    assert_allclose(np.diag(rates), [5 / 6, 6 / 8])
