"""The quality of recordings that was made up, counted by hand."""

import polars as pl

from chiron.quality.quality_report import quality_report
from chiron.quality.signals import record_quality
from schemas.quality import LeadSummary

NOTHING = {
    **dict.fromkeys(("missing_share", "flat_share", "saturated_share", "spike_share", "range_mv"), 0.0),
    **dict.fromkeys(("wander_mv", "noise_mv", "mains_mv", "limb_error_mv"), 0.0),
    "arms_swapped": None,
}


def signals_of(*leads):
    """Rows (record, lead, score, usable, measures that are far beyond every limit)."""
    rows = [
        {"record_id": record, "lead": lead, **NOTHING, **dict.fromkeys(beyond, 99.0), "score": score, "usable": usable}
        for record, lead, score, usable, beyond in leads
    ]
    return pl.DataFrame(rows, schema_overrides={"arms_swapped": pl.Boolean})


def test_recordings_leads_and_reasons_are_counted():
    signals = signals_of(
        ("r1", "I", 1.0, True, ()),
        ("r1", "II", 0.8, True, ("noise_mv",)),
        ("r2", "I", 0.0, False, ("flat_share", "noise_mv")),
        ("r2", "II", 0.0, True, ()),
        ("r3", "I", 0.9, True, ()),
    )
    report = quality_report(signals, record_quality(signals))
    assert (report.n_recordings, report.n_acceptable) == (3, 2)
    assert report.reasons["noise_mv"] == 2
    assert report.reasons["flat_share"] == 1
    assert report.median_score == 0.85  # r1: the mean of 0.9 and 0.8, between r2 with 0 and r3 with 0.9
    assert report.leads == (
        LeadSummary(lead="I", n_recordings=3, n_usable=2, median_score=0.9),
        LeadSummary(lead="II", n_recordings=2, n_usable=2, median_score=0.4),
    )


def test_no_recordings_have_a_report_too():
    signals = signals_of(("r1", "I", 1.0, True, ())).clear()
    report = quality_report(signals, record_quality(signals))
    assert (report.n_recordings, report.n_acceptable, report.median_score, report.reasons) == (0, 0, None, {})
