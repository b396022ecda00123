"""The myth that a bigger medical database is a better one, as a curve: what becomes of labels as it grows."""

from enum import StrEnum
from typing import ClassVar

from schemas.base import Frozen, Interval, Report

__all__ = ["Growth", "Measure", "MythChange", "MythPoint", "MythReport"]


class Growth(StrEnum):
    """In which order the records are taken."""

    BY_YEAR = "by recorded year"
    BY_CHANCE = "by chance"  # nothing says when a record was made: no trend is to be expected


class Measure(StrEnum):
    """What is followed."""

    AGREEMENT = "agreement between annotators"  # kappa, pooled over codes
    UNLABELLED = "records without a label"
    MISSING = "missing values"  # of the columns that any record has


class MythPoint(Frozen):
    """The first `n_records` records; null where there is nothing to measure."""

    n_records: int
    until_year: int | None
    agreement: Interval
    unlabelled: Interval
    missing: Interval


class MythChange(Frozen):
    """The older half of the records beside the newer half."""

    measure: Measure
    older: float | None
    newer: float | None
    difference: Interval


class MythReport(Report):
    """The curve. `n_left_out`: records of unknown year, where the order is by year."""

    file_name: ClassVar[str] = "myth.json"
    growth: Growth
    n_left_out: int
    points: tuple[MythPoint, ...]
    changes: tuple[MythChange, ...]
    verdict: str
