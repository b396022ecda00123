"""The heart rate of each recording, so that rates which a dataset lacks can be seen."""

from typing import Any, Final

import numpy as np
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.measures.prepared import prepare
from chiron.measures.rpeaks import find_r_peaks
from chiron.progress import report_progress
from chiron.quality.heart_features import is_measurable
from schemas.tables import RECORDS

__all__ = ["heart_rates"]

_LEAD: Final = "II"  # along the heart's axis
_RATE_HZ: Final = 100.0
_LONGEST_S: Final = 60.0  # what follows is not looked at: it bounds the time that a long recording takes
_MIN_PEAKS: Final = 3
_DECIMALS: Final = 2  # machines differ in the last bits
_PROGRESS_EVERY: Final = 100


def heart_rates(dataset: Dataset) -> pl.DataFrame:
    """`record_id`, `heart_rate_per_min`: 60 over the median interval between beats in the first minute, in s.

    Null where fewer than three beats are seen. Of a recording that can hardly be read it is a guess, but one is needed:
    a recording without a rate would stand in no stratum.
    """
    records = dataset.table(RECORDS).filter(is_measurable())
    rows = []
    for done, record in enumerate(records.sort("sample_offset").iter_rows(named=True), start=1):
        rows.append((record["record_id"], _rate_of(dataset, record)))
        if done % _PROGRESS_EVERY == 0 or done == records.height:
            report_progress("heart rates taken", done, records.height)
    types = {"record_id": pl.String, "heart_rate_per_min": pl.Float64}
    return pl.DataFrame(rows, types, orient="row").sort("record_id")


def _rate_of(dataset: Dataset, record: dict[str, Any]) -> float | None:
    lead = record["leads"].index(_LEAD) if _LEAD in record["leads"] else 0
    signal = dataset.signal_mv(record)[[lead], : round(_LONGEST_S * record["fs_hz"])]
    peaks = find_r_peaks(prepare(signal, record["fs_hz"], _RATE_HZ)[0], _RATE_HZ)
    if len(peaks) < _MIN_PEAKS:
        return None
    return round(60 * _RATE_HZ / float(np.median(np.diff(peaks))), _DECIMALS)
