"""Quality of every lead of every record: what no algorithm should be asked to read, and what none can read well.

How they are measured is in `chiron.quality.signal_leads`; here are the limits, and the frames.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.physical import MV_PER_UNIT
from chiron.measures.quality_windows import Floats
from chiron.progress import report_progress
from chiron.quality.signal_leads import lead_quality
from chiron.quality.signal_score import READABLE
from schemas.tables import RECORDS

__all__ = ["SIGNAL_LIMITS", "SIGNAL_QUALITY", "record_quality", "signal_quality"]

_FAULT_LIMITS: Final = {
    "missing_share": 0.5,  # less than half of a recording is no recording of it
    "flat_share": 0.5,  # likewise
    "saturated_share": 0.05,  # one sample in twenty: at 80 beats per minute, 40 ms of every QRS complex may be cut off
    "spike_share": 0.005,  # 1.5 to 2.5 per second at 300 to 500 Hz: more than a pacemaker gives
    "range_mv": 10.0,  # from -5 to 5 mV, what a recorder must take (IEC 60601-2-27); a wrong gain is far beyond
}
_NOISE_LIMITS: Final = {
    "wander_mv": 0.5,  # 1 mV up and down, the height of a QRS complex: the ST segment can't be measured
    "noise_mv": 0.05,  # 0.2 mV from peak to valley (four standard deviations), the height of a P wave
    "mains_mv": 0.05,  # the trace is 0.1 mV thick: a millimetre of paper, the least that is called an ST deviation
    "limb_error_mv": 0.05,  # likewise; rounding to steps of 0.005 mV makes less than a tenth of it
}
SIGNAL_LIMITS: Final = {**_FAULT_LIMITS, **_NOISE_LIMITS, "readable_score": READABLE}
"""What a measure may be at most, and the score at least. Beyond the first five, a lead is not usable."""

SIGNAL_QUALITY: Final = (
    *("record_id", "lead", "n_samples", *_FAULT_LIMITS, *_NOISE_LIMITS),
    *("beat_likeness", "qrs_contrast_db", "arms_swapped", "score", "usable"),
)
"""The columns of the frame: `arms_swapped` is said of lead I, `limb_error_mv` of III, aVR, aVL, aVF; null elsewhere."""

_MEASURES: Final = SIGNAL_QUALITY[3:-1]
_PROGRESS_EVERY: Final = 100
_DECIMALS: Final = 6  # machines differ in the last bits


def signal_quality(dataset: Dataset) -> pl.DataFrame:
    """One row per record and lead, with the columns of `SIGNAL_QUALITY`; memory for samples is one record."""
    records = dataset.table(RECORDS).filter(pl.col("n_samples") > 0).sort("sample_offset")
    measured = list(_measured(dataset, records))
    none = np.empty(0)
    columns = {name: np.concatenate([none, *(lead[name] for lead in measured)]) for name in _MEASURES}
    leads = records.select("record_id", "n_samples", lead="leads").explode("lead")
    within = [pl.col(name).fill_null(0.0) <= limit for name, limit in _FAULT_LIMITS.items()]
    figures = leads.with_columns(
        **{name: pl.Series(values, dtype=pl.Float64).fill_nan(None) for name, values in columns.items()}
    )
    return (
        figures.with_columns(pl.col("arms_swapped").cast(pl.Boolean), usable=pl.all_horizontal(within))
        .select(*SIGNAL_QUALITY)
        .sort("record_id", "lead")
    )


def record_quality(signals: pl.DataFrame) -> pl.DataFrame:
    """One row per record: score, acceptable, worst_lead, reasons (the measures beyond their limits in any lead).

    signals: as of `signal_quality`. The score is the mean of that of all leads and that of the worst, because an ECG is
    read as a whole, and one lead can spoil it. A record is acceptable where its score is at least `READABLE`.
    """
    beyond = {name: pl.col(name) > limit for name, limit in (_FAULT_LIMITS | _NOISE_LIMITS).items()}
    beyond |= {"arms_swapped": pl.col("arms_swapped"), "score": pl.col("score") < READABLE}
    reasons = [pl.when(found.any()).then(pl.lit(name)) for name, found in beyond.items()]
    return (
        signals.group_by("record_id")
        .agg(
            score=((pl.col("score").mean() + pl.col("score").min()) / 2).round(_DECIMALS),
            worst_lead=pl.col("lead").sort_by("score", "lead").first(),
            reasons=pl.concat_list(reasons).list.drop_nulls(),
        )
        .select("record_id", "score", pl.col("score").ge(READABLE).alias("acceptable"), "worst_lead", "reasons")
        .sort("record_id")
    )


def _measured(dataset: Dataset, records: pl.DataFrame) -> Iterator[dict[str, Floats]]:
    for done, record in enumerate(records.iter_rows(named=True), start=1):
        is_voltage = np.array([unit in MV_PER_UNIT for unit in record["unit"]])
        yield lead_quality(dataset.signal_mv(record), is_voltage, fs_hz=record["fs_hz"], leads=record["leads"])
        if done % _PROGRESS_EVERY == 0 or done == records.height:
            report_progress("signals checked", done, records.height)
