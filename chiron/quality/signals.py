"""Simple quality of every lead of every record: what no algorithm should be asked to read.

Shapes: L leads, N samples. Whether a recording can be read by a physician is not decided here.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.physical import MV_PER_UNIT
from chiron.progress import report_progress
from schemas.tables import RECORDS

__all__ = ["SIGNAL_LIMITS", "SIGNAL_QUALITY", "lead_quality", "signal_quality"]

SIGNAL_LIMITS: Final[dict[str, float]] = {
    "missing_share": 0.5,  # less than half of a recording is no recording of it
    "flat_share": 0.5,  # likewise
    "saturated_share": 0.05,  # one sample in twenty: at 80 beats per minute, 40 ms of every QRS complex may be cut off
    "spike_share": 0.005,  # 1.5 to 2.5 per second at 300 to 500 Hz: more than a pacemaker gives
}
"""The share of samples beyond which a lead is not usable."""

SIGNAL_QUALITY: Final = ("record_id", "lead", "n_samples", *SIGNAL_LIMITS, "usable")
"""The columns of the frame."""

_FLAT_RANGE_MV: Final = 0.01  # within a window; a third of the noise (0.03 mV) that ANSI/AAMI EC11 allows an amplifier
_FLAT_WINDOW_S: Final = 1.0
_SPIKE_MV_PER_S: Final = 320.0  # the steepest signal that an electrocardiograph must follow (ANSI/AAMI EC11)
_PROGRESS_EVERY: Final = 100

Floats = npt.NDArray[np.float32]
Shares = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def signal_quality(dataset: Dataset) -> pl.DataFrame:
    """One row per record and lead, with the columns of `SIGNAL_QUALITY`; memory for samples is one record."""
    records = dataset.table(RECORDS).filter(pl.col("n_samples") > 0).sort("sample_offset")
    shares = list(_shares(dataset, records))
    none = np.empty(0)
    measured = {name: np.concatenate([none, *(s[name] for s in shares)]) for name in SIGNAL_LIMITS}
    within = [pl.col(name) <= limit for name, limit in SIGNAL_LIMITS.items()]
    leads = records.select("record_id", "n_samples", lead="leads").explode("lead")
    return (
        leads.with_columns(**{name: pl.Series(figures, dtype=pl.Float64) for name, figures in measured.items()})
        .with_columns(usable=pl.all_horizontal(within))
        .select(*SIGNAL_QUALITY)
        .sort("record_id", "lead")
    )


def _shares(dataset: Dataset, records: pl.DataFrame) -> Iterator[dict[str, Shares]]:
    for done, record in enumerate(records.iter_rows(named=True), start=1):
        is_voltage = np.array([unit in MV_PER_UNIT for unit in record["unit"]])
        yield lead_quality(dataset.physical_mv(record), is_voltage, fs_hz=record["fs_hz"])
        if done % _PROGRESS_EVERY == 0 or done == records.height:
            report_progress("signals checked", done, records.height)


def lead_quality(signal: Floats, is_voltage: Flags, *, fs_hz: float) -> dict[str, Shares]:
    """Shares in [0, 1] of each lead's samples, (L,), under the names of `SIGNAL_LIMITS`.

    signal: (L, N) as of `to_mv`, N > 0. is_voltage: (L,), false where a lead's unit is none; then only a constant
    signal is flat and nothing is a spike.
    """
    return {
        "missing_share": np.isnan(signal).mean(axis=1),
        "flat_share": _flat_share(signal, is_voltage, fs_hz),
        "saturated_share": _saturated_share(signal),
        "spike_share": _spike_share(signal, is_voltage, fs_hz),
    }


def _flat_share(signal: Floats, is_voltage: Flags, fs_hz: float) -> Shares:
    """Share of whole seconds in which the lead does not move."""
    size = min(max(round(_FLAT_WINDOW_S * fs_hz), 2), signal.shape[1])
    n_windows = signal.shape[1] // size
    windows = signal[:, : n_windows * size].reshape(len(signal), n_windows, size)
    moved = np.fmax.reduce(windows, axis=-1) - np.fmin.reduce(windows, axis=-1)
    flat = (moved == 0) | (is_voltage[:, None] & (moved <= _FLAT_RANGE_MV))
    return np.asarray(flat.mean(axis=1))


def _saturated_share(signal: Floats) -> Shares:
    """Share of samples at which the lead stays at its highest or lowest value; none of a constant lead, it is flat."""
    highest, lowest = np.fmax.reduce(signal, axis=1, keepdims=True), np.fmin.reduce(signal, axis=1, keepdims=True)
    at_rail = ((signal == highest) | (signal == lowest)) & (highest > lowest)
    stays = at_rail[:, 1:] & (signal[:, 1:] == signal[:, :-1])
    return np.asarray(stays.sum(axis=1) / signal.shape[1])


def _spike_share(signal: Floats, is_voltage: Flags, fs_hz: float) -> Shares:
    """Share of single samples that leave and return faster than a heart can."""
    slope_mv_per_s = np.diff(signal, axis=1) * fs_hz
    fast = is_voltage[:, None] & (np.abs(slope_mv_per_s) > _SPIKE_MV_PER_S)
    there_and_back = fast[:, 1:] & fast[:, :-1] & (slope_mv_per_s[:, 1:] * slope_mv_per_s[:, :-1] < 0)
    return np.asarray(there_and_back.sum(axis=1) / signal.shape[1])
