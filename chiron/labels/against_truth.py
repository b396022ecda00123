"""How well annotators read, against truth that is known: adjudicated readings, or what a simulator put in."""

from typing import Final, NamedTuple

import polars as pl
from scipy.stats import beta

from schemas.base import Interval

__all__ = ["Reader", "rate", "readers_against"]

_LEVEL: Final = 0.95
_DIGITS: Final = 6  # what follows depends on the machine


class Reader(NamedTuple):
    """How well one annotator reads one code."""

    annotator: str
    n_readings: int
    sensitivity: Interval
    specificity: Interval


def readers_against(votes: pl.DataFrame, known: pl.DataFrame) -> tuple[Reader, ...]:
    """Each annotator of `votes` (record_id, annotator_id, present) on records of `known` (record_id, present)."""
    compared = votes.join(known.select("record_id", truth="present"), on="record_id")
    counted = compared.group_by("annotator_id").agg(
        n=pl.len(),
        n_found=pl.col("truth").sum(),
        found=(pl.col("truth") & pl.col("present")).sum(),
        passed=(~pl.col("truth") & ~pl.col("present")).sum(),
    )
    return tuple(
        Reader(
            row["annotator_id"],
            row["n"],
            rate(row["found"], row["n_found"]),
            rate(row["passed"], row["n"] - row["n_found"]),
        )
        for row in counted.sort("annotator_id").iter_rows(named=True)
    )


def rate(n_right: int, n: int) -> Interval:
    """A share with the exact interval of Clopper and Pearson 1934; without a value where there is nothing to count."""
    if n == 0:
        return Interval(value=None, level=_LEVEL)
    tail, n_wrong = (1 - _LEVEL) / 2, n - n_right
    lower = float(beta.ppf(tail, n_right, n_wrong + 1)) if n_right else 0.0
    upper = float(beta.ppf(1 - tail, n_right + 1, n_wrong)) if n_wrong else 1.0
    return Interval(
        value=round(n_right / n, _DIGITS), lower=round(lower, _DIGITS), upper=round(upper, _DIGITS), level=_LEVEL
    )
