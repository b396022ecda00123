"""What if labels are missing because of what they would say? No data can tell; bounds say how much it could matter.

Worst case: none, or all, of the unlabelled records have the finding (Manski 1989). Between: their odds of having it
are exp(shift) times those of the labelled records (a delta adjustment: Carpenter and Kenward 2013, chapter 10).
"""

from typing import Final

import numpy as np
import polars as pl
from scipy.special import expit, logit
from scipy.stats import binomtest

from chiron.labels.positive import UNDECIDED, is_positive
from schemas.base import Interval
from schemas.missingness import PrevalenceBounds, ShiftedPrevalence

__all__ = ["SHIFTS", "bounds_of", "prevalence_bounds"]

SHIFTS: Final = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Of the log-odds: odds ratios of 0.14, 0.37, 1, 2.7 and 7.4."""

_DECIMALS: Final = 6


def bounds_of(records: pl.DataFrame, labels: pl.DataFrame) -> list[PrevalenceBounds]:
    """The bounds of each code in `labels`, over all of `records`."""
    counts = (
        labels.join(records.select("record_id"), on="record_id")
        .group_by("code_system", "code")
        .agg(n_positive=is_positive().sum(), n_negative=(pl.col("probability") < UNDECIDED).sum())
        .sort("code_system", "code")
    )
    return [
        prevalence_bounds((system, code), n_positive=n_positive, n_negative=n_negative, n_records=records.height)
        for system, code, n_positive, n_negative in counts.iter_rows()
    ]


def prevalence_bounds(code: tuple[str, str], *, n_positive: int, n_negative: int, n_records: int) -> PrevalenceBounds:
    """The prevalence of a finding, and how far the records without a label could move it.

    code: system and code. n_records: with and without a label, at least one. The interval is Wilson's; it takes
    records as independent.
    """
    n_labelled = n_positive + n_negative
    unlabelled = n_records - n_labelled
    prevalence = _share(n_positive, n_labelled)
    bounds = PrevalenceBounds(
        code_system=code[0],
        code=code[1],
        n_positive=n_positive,
        n_negative=n_negative,
        n_unlabelled=unlabelled,
        prevalence=prevalence,
        lowest=round(n_positive / n_records, _DECIMALS),
        highest=round((n_positive + unlabelled) / n_records, _DECIMALS),
        shifted=_shifted(n_positive, n_labelled, n_records),
        tips_at=(
            _tip(prevalence.lower, n_positive, n_labelled, n_records),
            _tip(prevalence.upper, n_positive, n_labelled, n_records),
        ),
        verdict="",
    )
    return bounds.model_copy(update={"verdict": _verdict(bounds)})


def _share(n_positive: int, n_labelled: int) -> Interval:
    if not n_labelled:
        return Interval(value=None)
    bounds = binomtest(n_positive, n_labelled).proportion_ci(method="wilson")
    return Interval(
        value=round(n_positive / n_labelled, _DECIMALS),
        lower=round(float(bounds.low), _DECIMALS),
        upper=round(float(bounds.high), _DECIMALS),
    )


def _log_odds(n_positive: int, n_labelled: int) -> float:
    """Of the labelled records; with half a record more on each side where none, or all, have the finding."""
    some = 0.5 if n_positive in (0, n_labelled) else 0.0
    return float(logit((n_positive + some) / (n_labelled + 2 * some)))


def _shifted(n_positive: int, n_labelled: int, n_records: int) -> tuple[ShiftedPrevalence, ...]:
    if n_labelled in (0, n_records):
        return ()
    chances = expit(_log_odds(n_positive, n_labelled) + np.array(SHIFTS))
    prevalences = (n_positive + (n_records - n_labelled) * chances) / n_records
    return tuple(
        ShiftedPrevalence(shift_log_odds=shift, prevalence=round(float(prevalence), _DECIMALS))
        for shift, prevalence in zip(SHIFTS, prevalences, strict=True)
    )


def _tip(limit: float | None, n_positive: int, n_labelled: int, n_records: int) -> float | None:
    """The shift at which the prevalence of all records is `limit`; none where it never is."""
    if limit is None or n_labelled == n_records:
        return None
    chance = (limit * n_records - n_positive) / (n_records - n_labelled)
    if not 0 < chance < 1:
        return None
    return round(float(logit(chance)) - _log_odds(n_positive, n_labelled), 3)


def _verdict(bounds: PrevalenceBounds) -> str:
    if bounds.prevalence.value is None:
        return "no record has a decided label: the prevalence may be anything"
    if not bounds.n_unlabelled:
        return "every record has a label: nothing is left to guess"
    span = f"of all records from {100 * bounds.lowest:.1f} % to {100 * bounds.highest:.1f} % may have it"
    down, up = (None if shift is None else f"{np.exp(shift):.2g}" for shift in bounds.tips_at)
    odds = " or ".join(odds for odds in (down, up) if odds is not None)
    if not odds:
        return f"{span}, so the prevalence stays within its interval whatever the missing labels say"
    return f"{span}; the prevalence leaves its interval where their odds of it are {odds} times those of the labelled"
