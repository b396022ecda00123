"""The features by which records are compared: of up to three leads that all of them have.

Shapes: N records, F features.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.rows import numbered_as_stored
from chiron.measures.beats import BEAT_FEATURES, beat_features
from chiron.measures.features import FEATURE_NAMES, features_at
from chiron.measures.prepared import prepare
from chiron.measures.rpeaks import find_r_peaks
from chiron.progress import report_progress

__all__ = ["heart_features", "is_measurable"]

_SHORTEST_S: Final = 3.0
_SLOWEST_HZ: Final = 50.0  # QRS complexes have little beyond 25 Hz
_LONGEST_S: Final = 60.0  # what follows is not looked at: it bounds the time that a long recording takes
_LEADS: Final = ("II", "V1", "V5")  # one along the heart's axis, one right of it and one left
_RATE_HZ: Final = 100.0
_DECIMALS: Final = 4  # machines differ in the last bits
_PROGRESS_EVERY: Final = 100


def is_measurable() -> pl.Expr:
    """Whether a row of `records` is long and quick enough for its beats to be seen."""
    return (pl.col("fs_hz") >= _SLOWEST_HZ) & (pl.col("n_samples") >= _SHORTEST_S * pl.col("fs_hz"))


def heart_features(dataset: Dataset, records: pl.DataFrame) -> npt.NDArray[np.float32]:
    """(N, F), in the order of `records`, which are measurable; memory for samples is one record."""
    common = set.intersection(*map(set, records["leads"])) if records.height else set()
    leads = tuple(lead for lead in _LEADS if lead in common)
    features = np.zeros((records.height, max(len(leads), 1) * (len(FEATURE_NAMES) + len(BEAT_FEATURES))), np.float32)
    for done, (i, row) in enumerate(numbered_as_stored(records), start=1):
        features[i] = _of_record(dataset, row, leads)
        if done % _PROGRESS_EVERY == 0 or done == records.height:
            report_progress("records measured", done, records.height)
    return features


def _of_record(dataset: Dataset, record: dict[str, Any], leads: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Of the named leads; of the first where none is named, because a handheld recorder's has no agreed name."""
    rows = [record["leads"].index(lead) for lead in leads] or [0]
    signal = dataset.signal_mv(record)[rows, : round(_LONGEST_S * record["fs_hz"])]
    found = [part for lead in signal for part in _of_lead(prepare(lead[None], record["fs_hz"], _RATE_HZ)[0])]
    return np.nan_to_num(np.concatenate(found)).round(_DECIMALS)


def _of_lead(x: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    peaks = find_r_peaks(x, _RATE_HZ)
    return features_at(peaks, x, _RATE_HZ), beat_features(peaks, x, _RATE_HZ)
