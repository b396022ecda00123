"""The quality of all recordings in a few numbers."""

from typing import Final

import polars as pl

from schemas.quality import LeadSummary, QualityReport

__all__ = ["quality_report"]

_MAX_LEADS: Final = 50
_DECIMALS: Final = 6


def quality_report(signals: pl.DataFrame, recordings: pl.DataFrame) -> QualityReport:
    """signals, recordings: as of `signal_quality` and `record_quality`."""
    reasons = recordings.select(pl.col("reasons").explode()).drop_nulls()["reasons"].value_counts().sort("reasons")
    leads = (
        signals.group_by("lead")
        .agg(pl.len(), pl.col("usable").sum().cast(pl.Int64), pl.col("score").median().round(_DECIMALS))
        .sort("len", "lead", descending=[True, False])
    )
    return QualityReport(
        n_recordings=recordings.height,
        n_acceptable=int(recordings["acceptable"].sum()),
        median_score=recordings.select(pl.col("score").median().round(_DECIMALS)).item(),
        reasons=dict(reasons.iter_rows()),
        leads=tuple(
            LeadSummary(lead=lead, n_recordings=n, n_usable=n_usable, median_score=score)
            for lead, n, n_usable, score in leads.head(_MAX_LEADS).iter_rows()
        ),
    )
