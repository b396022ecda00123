"""Votes that hang together are told from votes that do not; the truth is planted."""

import numpy as np
import polars as pl
import pytest

from chiron.labels.dawid_skene import ERRORS_ARE_RARE, Said, fit
from chiron.labels.independence import depends
from chiron.labels.patterns import patterns_of

N_READERS = 5


def votes(seed, *, hard):
    """(4000, 5) votes; `hard` is the share of records without the finding where each reader errs in 35 %."""
    random = np.random.default_rng(seed)
    truth = random.random(4000) < 0.2
    is_hard = ~truth & (random.random(4000) < hard)
    chance = np.where(truth, 0.85, np.where(is_hard, 0.35, 0.02))
    return random.random((4000, N_READERS)) < chance[:, None]


def found_to_depend(seen, *, missing=0.0, is_tested=True):
    keep = np.random.default_rng(0).random(seen.shape) >= missing
    rows = [(f"r{i}", j, int(seen[i, j])) for i, j in np.argwhere(keep)]
    schema = {"record_id": pl.String, "reader": pl.Int64, "category": pl.Int64}
    patterns = patterns_of(pl.DataFrame(rows, schema=schema, orient="row"), n_categories=2)
    said = Said(patterns.counts_by_reader(N_READERS), np.zeros((len(patterns.times_u), 2)))
    found = fit(said, patterns.times_u[None], prior=ERRORS_ARE_RARE)
    return depends(patterns, found, np.full(len(patterns.times_u), is_tested))


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_readers_who_err_by_themselves_are_independent(missing):
    assert not any(found_to_depend(votes(seed, hard=0), missing=missing) for seed in range(5))


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_readers_who_all_err_on_hard_records_are_not(missing):
    assert all(found_to_depend(votes(seed, hard=0.1), missing=missing) for seed in range(5))


def test_without_a_record_to_look_at_nothing_is_refuted():
    assert not found_to_depend(votes(0, hard=0.05), is_tested=False)
