"""What both sides go through alike: one rate, one band, one step of rounding, one length; so that none of these tells.

Shapes: L leads, n samples.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.signal import butter, sosfiltfilt

from chiron.datasets.physical import MV_PER_UNIT
from chiron.fidelity.chosen import Chosen
from chiron.measures.prepared import resampled
from schemas.fidelity import Preparation

__all__ = ["Leads", "agree_on_leads", "agree_on_preparation", "prepared_alike", "prepared_signal"]

_RATE_HZ: Final = 100.0
_BAND_HZ: Final = (0.5, 40.0)
_BELOW_NYQUIST: Final = 0.8
_LONGEST_S: Final = 30.0
_MAIN_LEAD: Final = "II"  # along the heart's axis
_HANDHELD: Final = "I"  # a handheld recorder is held between the hands
_SEVERAL: Final = ("II", "V1", "V5")

Floats = npt.NDArray[np.float32]


class Leads(NamedTuple):
    """The names of the leads compared, of which the first is the single lead; as many on each side."""

    real: tuple[str, ...]
    synthetic: tuple[str, ...]


def agree_on_leads(real: pl.DataFrame, synthetic: pl.DataFrame) -> Leads:
    """Leads that all records of both sides have; of a lead without an agreed name the other side's is lead I.

    real, synthetic: rows of `records`.
    """
    ours, theirs = _of_all(real), _of_all(synthetic)
    common = [lead for lead in ours if lead in theirs]
    if not common:
        return Leads((_closest(ours),), (_closest(theirs),))
    main = _MAIN_LEAD if _MAIN_LEAD in common else common[0]
    several = (main, *(lead for lead in _SEVERAL if lead in common and lead != main))
    return Leads(several, several)


def _of_all(records: pl.DataFrame) -> tuple[str, ...]:
    """The leads of the first record that all others have too."""
    everywhere = set.intersection(*map(set, records["leads"]))
    return tuple(lead for lead in records["leads"][0] if lead in everywhere)


def _closest(leads: Sequence[str]) -> str:
    return _HANDHELD if _HANDHELD in leads else (leads[0] if leads else _HANDHELD)


def agree_on_preparation(real: Chosen, synthetic: Chosen) -> Preparation:
    """The lower rate (100 Hz at most), the coarser step, and a length that nearly all records of both sides have."""
    sides = (real.rows, synthetic.rows)
    rate = min(_RATE_HZ, *(float(rows["fs_hz"].to_numpy().min()) for rows in sides))
    seconds = [float(np.percentile((rows["n_samples"] / rows["fs_hz"]).to_numpy(), 10)) for rows in sides]
    return Preparation(
        rate_hz=rate,
        band_hz=(_BAND_HZ[0], min(_BAND_HZ[1], _BELOW_NYQUIST * rate / 2)),
        step_mv=max(_typical_step(rows) for rows in sides),
        longest_s=min(_LONGEST_S, *seconds),
    )


def _typical_step(rows: pl.DataFrame) -> float:
    steps = [MV_PER_UNIT.get(row[1][0], 1.0) / row[0][0] for row in rows.select("gain_per_unit", "unit").iter_rows()]
    return float(np.median(steps))


def prepared_alike(
    chosen: Chosen, record: dict[str, Any], leads: Sequence[str], how: Preparation
) -> tuple[Floats, Floats]:
    """One recording's leads in mV, at the common rate: as recorded, and through the common filter; (L, n) each.

    A single lead without an agreed name is the record's first. Missing samples are at the lead's median.
    """
    own = record["leads"]
    which = [own.index(lead) if lead in own else 0 for lead in leads]
    signal = chosen.dataset.signal_mv(record)[which, : round(how.longest_s * record["fs_hz"])]
    whole = np.where(np.isfinite(signal), signal, _medians(signal))
    return prepared_signal(whole, record["fs_hz"], how)


def prepared_signal(mv: Floats, fs_hz: float, how: Preparation) -> tuple[Floats, Floats]:
    """Leads without gaps, (L, n) mV, likewise."""
    at_rate = resampled(mv, fs_hz, how.rate_hz)
    band = butter(2, how.band_hz, "bandpass", fs=how.rate_hz, output="sos")
    pad = min(round(2 * how.rate_hz), at_rate.shape[1] - 1)
    filtered = sosfiltfilt(band, at_rate, axis=-1, padlen=pad)
    return _rounded(at_rate, how.step_mv), _rounded(filtered, how.step_mv)


def _medians(signal: Floats) -> Floats:
    known = np.isfinite(signal).any(axis=1, keepdims=True)
    return np.asarray(np.nanmedian(np.where(known, signal, 0.0), axis=1, keepdims=True), dtype=np.float32)


def _rounded(x: npt.NDArray[Any], step_mv: float) -> Floats:
    return np.asarray(np.round(x / step_mv) * step_mv, dtype=np.float32)
