"""Distinct records and their resamples."""

import numpy as np
import polars as pl
import pytest

from chiron.labels.patterns import interval_of, patterns_of

ROWS = [[0, 1], [1, 1], [0, 1], [None, 1], [0, 1]]


def readings(rows):
    """Categories (from 0) of each record's readers; None where missing."""
    long = [(f"r{i}", j, seen) for i, row in enumerate(rows) for j, seen in enumerate(row) if seen is not None]
    return pl.DataFrame(long, schema={"record_id": pl.String, "reader": pl.Int64, "category": pl.Int64}, orient="row")


def drawn(patterns, n=2000):
    return np.concatenate(list(patterns.resamples(n)))


def test_equal_records_are_one_row_with_how_often_they_occur():
    found = patterns_of(readings(ROWS), n_categories=2)
    by_reader = [tuple(row) for row in found.counts_by_reader(2).toarray()]
    assert dict(zip(by_reader, found.times_u, strict=True)) == {(1, 0, 0, 1): 3, (0, 1, 0, 1): 1, (0, 0, 0, 1): 1}
    assert sorted(map(tuple, found.counts().toarray())) == [(0, 1), (0, 2), (1, 1)]
    assert sorted(found.chosen_by(0)) == [-1, 0, 1]


def test_each_record_knows_its_row():
    found = patterns_of(readings(ROWS), n_categories=2)
    row = dict(found.records.iter_rows())
    assert row["r0"] == row["r2"] == row["r4"]
    assert len({row["r0"], row["r1"], row["r3"]}) == 3


def test_resamples_hold_as_many_records_and_each_as_often_as_it_occurs():
    found = patterns_of(readings(ROWS), n_categories=2)
    draws = drawn(found)
    assert set(draws.sum(axis=1)) == {5}
    assert draws.mean(axis=0) == pytest.approx(found.times_u, abs=0.1)


def test_records_of_one_known_patient_are_drawn_together():
    patients = pl.DataFrame({"record_id": ["r0", "r1"], "patient": ["p", "p"]})
    found = patterns_of(readings([[0, 0], [1, 1], [2, 2]]), n_categories=3, patients=patients)
    draws = drawn(found)
    row = dict(found.records.iter_rows())
    assert (draws[:, row["r0"]] == draws[:, row["r1"]]).all()
    assert set(map(tuple, draws[:, [row["r0"], row["r2"]]])) == {(0, 2), (1, 1), (2, 0)}  # two units, drawn twice


def test_resamples_are_the_same_for_any_order_of_records_and_differ_by_seed():
    first = patterns_of(readings(ROWS), n_categories=2)
    assert np.array_equal(drawn(first), drawn(patterns_of(readings(ROWS[::-1]), n_categories=2)))
    assert not np.array_equal(drawn(first), np.concatenate(list(first.resamples(2000, seed=1))))


def test_an_interval_is_of_the_figures_that_are_there():
    # by hand: quantiles 0.025 and 0.975 of 0, 1, ..., 100
    found = interval_of(50.0, [*range(101), float("nan")])
    assert (found.value, found.lower, found.upper) == (50, 2.5, 97.5)
    assert interval_of(1.0, []).lower is None
    assert interval_of(float("nan"), [1.0]).value is None
