"""Intervals of differences, against statsmodels, and against McNemar's table by hand."""

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from chiron.provenance.moments import Moments, moments


def of(before: list[float | None], after: list[float | None]) -> Moments:
    frame = pl.DataFrame({"before": before, "after": after}, schema={"before": pl.Float64, "after": pl.Float64})
    return Moments(*frame.select(moments(pl.col("before"), pl.col("after"))).row(0))


def test_without_a_shared_record_it_is_wald_s_interval_of_two_samples() -> None:
    found = of([1.0] * 30 + [0.0] * 70 + [None] * 50, [None] * 100 + [1.0] * 25 + [0.0] * 25)
    low, high = confint_proportions_2indep(25, 50, 30, 100, method="wald", compare="diff")
    assert found.difference.value == pytest.approx(0.5 - 0.3)
    assert (found.difference.lower, found.difference.upper) == pytest.approx((low, high))


def test_with_all_records_shared_it_is_the_interval_of_mcnemar_s_table() -> None:
    # 100 records: 40 stay positive, 12 turn positive, 5 turn negative, 43 stay negative
    pairs = [(1.0, 1.0)] * 40 + [(0.0, 1.0)] * 12 + [(1.0, 0.0)] * 5 + [(0.0, 0.0)] * 43
    found = of([a for a, _ in pairs], [b for _, b in pairs])
    half = 1.959963985 * ((12 + 5 - (12 - 5) ** 2 / 100) ** 0.5) / 100
    assert found.difference.value == pytest.approx(0.07)
    assert found.difference.upper - found.difference.value == pytest.approx(half)


def test_where_nothing_changed_the_interval_is_zero() -> None:
    values = [1.0, 2.5, None, 4.0]
    difference = of(values, values).difference
    assert difference.value == 0
    assert (difference.lower, difference.upper) == pytest.approx((0, 0), abs=1e-7)


def test_ranges_that_are_added_up_are_the_whole() -> None:
    rng = np.random.default_rng(1)
    before, after = rng.normal(50, 10, 90), rng.normal(52, 10, 90)
    gone, new = rng.random(90) < 0.2, rng.random(90) < 0.2
    a = [None if g else float(x) for g, x in zip(gone, before, strict=True)]
    b = [None if n else float(x) for n, x in zip(new, after, strict=True)]
    whole, parts = of(a, b), sum((of(a[i : i + 30], b[i : i + 30]) for i in (0, 30, 60)), Moments())
    assert parts.difference.value == pytest.approx(whole.difference.value)
    assert parts.difference.upper == pytest.approx(whole.difference.upper)


def test_the_interval_covers_the_difference_as_often_as_it_says() -> None:
    """Versions that share most records, drawn 400 times from a population with a known difference of means."""
    rng, covered = np.random.default_rng(2), 0
    for _ in range(400):
        person = rng.normal(0, 1, 300)
        a = [float(x) for x in person[:250] + rng.normal(0, 0.3, 250)] + [None] * 50
        b = [None] * 50 + [float(x) for x in person[50:] + 0.1 + rng.normal(0, 0.3, 250)]
        difference = of(a, b).difference
        covered += difference.lower <= 0.1 <= difference.upper
    assert 0.92 <= covered / 400 <= 0.98  # 0.95 within three standard errors


def test_a_side_without_values_has_no_difference() -> None:
    assert of([None, None], [1.0, 2.0]).difference.value is None
