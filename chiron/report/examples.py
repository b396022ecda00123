"""Recordings to show: for each of two findings a real one and a synthetic one, chosen by rule and not by looks.

Of the first records with a finding, the one with the median roughness is shown: neither the cleanest nor the worst.
Real ones come from the training split only.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.physical import MV_PER_UNIT
from chiron.errors import BadParameters
from chiron.labels.positive import is_positive
from schemas.codes import CANONICAL, Code, SplitName
from schemas.tables import ANNOTATIONS, LABELS, RECORDS, SPLITS

__all__ = ["SHOWN_S", "Example", "real_example", "signal_mv", "synthetic_example"]

SHOWN_S: Final = 8.0
_CANDIDATES: Final = 24


@dataclass(frozen=True)
class Example:
    """One lead of one recording: signal_mv (1, n_samples), missing as nan."""

    record_id: str
    lead: str
    fs_hz: float
    signal_mv: np.ndarray


def real_example(validated: Dataset, code: Code) -> Example | None:
    """A training record whose label says that the finding is there; none where there is none."""
    labelled = validated.scan(LABELS).filter(
        (pl.col("code_system") == code.system) & (pl.col("code") == code.code) & is_positive()
    )
    training = validated.scan(SPLITS).filter(pl.col("split") == SplitName.TRAIN.value)
    records = validated.scan(RECORDS).join(labelled, on="record_id", how="semi")
    return _typical(validated, records.join(training, on="patient_id", how="semi").collect())


def synthetic_example(cohort: Dataset, code: Code) -> Example | None:
    """A simulated record with the finding; none where there is none."""
    wanted = [Code(*pair) for pair in CANONICAL if CANONICAL[pair] == code] + [code]
    carries = pl.any_horizontal(
        *((pl.col("code_system") == c.system.value) & (pl.col("code") == c.code) for c in wanted)
    )
    annotated = cohort.scan(ANNOTATIONS).filter(carries & pl.col("present"))
    return _typical(cohort, cohort.scan(RECORDS).join(annotated, on="record_id", how="semi").collect())


def signal_mv(dataset: Dataset, record: dict[str, Any]) -> np.ndarray:
    """Samples of one row of `records` in mV, (n_leads, n_samples), missing as nan.

    Raises BadParameters where a lead is not a voltage.
    """
    if not set(record["unit"]) <= set(MV_PER_UNIT):
        raise BadParameters(f"recording: expected leads in {', '.join(MV_PER_UNIT)}, found another unit")
    return dataset.signal_mv(record)


def _typical(dataset: Dataset, records: pl.DataFrame) -> Example | None:
    """The record of median roughness among the first that are long enough."""
    is_voltage = pl.col("unit").list.eval(pl.element().is_in(list(MV_PER_UNIT))).list.all()
    drawable = records.filter(is_voltage, pl.col("n_samples") > 0)
    long_enough = drawable.filter(pl.col("n_samples") >= SHOWN_S * pl.col("fs_hz"))
    rows = (long_enough if len(long_enough) else drawable).sort("record_id")
    examples = [_example(dataset, row) for row in rows.head(_CANDIDATES).iter_rows(named=True)]
    by_roughness = sorted(examples, key=lambda example: _roughness(example.signal_mv))
    return by_roughness[len(by_roughness) // 2] if by_roughness else None


def _example(dataset: Dataset, record: dict[str, Any]) -> Example:
    """The first lead's first seconds."""
    n_samples = round(SHOWN_S * record["fs_hz"])
    return Example(
        record_id=record["record_id"],
        lead=record["leads"][0],
        fs_hz=record["fs_hz"],
        signal_mv=signal_mv(dataset, record)[:1, :n_samples],
    )


def _roughness(signal: np.ndarray) -> float:
    """Mean step from sample to sample, relative to the signal's own spread; infinite for a flat or missing signal."""
    present = signal[np.isfinite(signal)]
    spread = float(present.std()) if present.size > 1 else 0.0
    return float(np.abs(np.diff(present)).mean()) / spread if spread > 0 else float("inf")
