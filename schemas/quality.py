"""Signal quality, as reported: how many recordings can be read, and what spoils the others."""

from typing import ClassVar, Final

import polars as pl

from schemas.base import Frozen, Report
from schemas.tables import TableSpec

__all__ = ["RECORDINGS", "LeadSummary", "QualityReport"]

RECORDINGS: Final = TableSpec(
    "recordings",
    {
        "record_id": pl.String(),
        "score": pl.Float64(),
        "acceptable": pl.Boolean(),
        "worst_lead": pl.String(),
        "reasons": pl.List(pl.String()),
    },
    key=("record_id",),
)
"""The quality of each recording: a result beside the reports, and no part of the content."""


class LeadSummary(Frozen):
    """All recordings of one lead."""

    lead: str
    n_recordings: int
    n_usable: int
    median_score: float | None


class QualityReport(Report):
    """Signal quality of a dataset. `reasons`: recordings with this measure beyond its limit, readable or not."""

    file_name: ClassVar[str] = "quality.json"
    n_recordings: int
    n_acceptable: int
    median_score: float | None
    reasons: dict[str, int]
    leads: tuple[LeadSummary, ...]  # the most frequent 50
