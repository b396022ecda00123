"""How most recordings of a dataset were made: what a cohort that shall stand beside them takes over."""

from typing import Any, Final

import numpy as np
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.physical import MV_PER_UNIT
from schemas.cohort import LEADS
from schemas.tables import RECORDS

__all__ = ["HOSPITAL_BAND", "usual_recording"]

_RATES_HZ: Final = (100.0, 1000.0)
_GAINS_PER_MV: Final = (100.0, 3276.0)
_DURATIONS_S: Final = (2.0, 3600.0)
HOSPITAL_BAND: Final = {"low_pass_hz": (40.0, 100.0, 150.0), "high_pass_hz": (0.04, 0.05, 0.05, 0.5)}
"""Of recorders of several leads, for a `NoiseSpec`: Kligfield 2007, and the filters that are often switched on."""

_NAMES: Final = {lead.upper(): lead for lead in LEADS}


def usual_recording(dataset: Dataset) -> dict[str, Any]:
    """`leads`, `fs_hz`, `duration_s` and `gain_per_mv` of most recordings, for a `CohortSpec`.

    Nothing where there is no recording; no leads where none has a name that is known, no gain where the unit is none of
    a voltage.
    """
    records = dataset.table(RECORDS).filter(pl.col("n_samples") > 0)
    if records.is_empty():
        return {}
    leads = max(records.group_by("leads").len().rows(), key=lambda row: (row[1], row[0]))[0]
    of_these = records.filter(pl.col("leads") == pl.lit(leads, pl.List(pl.String)))
    seconds = np.median((of_these["n_samples"] / of_these["fs_hz"]).to_numpy())
    settings: dict[str, Any] = {
        "fs_hz": float(np.clip(_most_common(of_these["fs_hz"]), *_RATES_HZ)),
        "duration_s": round(float(np.clip(seconds, *_DURATIONS_S)), 2),
    }
    known = tuple(_NAMES[lead.upper()] for lead in leads if lead.upper() in _NAMES)
    unit = of_these["unit"][0][0]
    if unit in MV_PER_UNIT:
        gain = _most_common(of_these["gain_per_unit"].list.first()) / MV_PER_UNIT[unit]
        settings["gain_per_mv"] = float(np.clip(gain, *_GAINS_PER_MV))
    return settings | ({"leads": known} if known else {})


def _most_common(values: pl.Series) -> float:
    return float(values.mode().to_numpy().min())
