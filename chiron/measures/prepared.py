"""Recordings as features and networks read them: one rate, no baseline wander, a typical R peak of height one."""

from fractions import Fraction
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.signal import butter, firwin, resample_poly, sosfiltfilt

__all__ = [
    "BEAT_S",
    "CLIP",
    "FILTERS",
    "NORMALISATION",
    "Prepared",
    "high_pass",
    "prepare",
    "prepared_alike",
    "prepared_with_peak",
    "resampled",
]

NORMALISATION: Final = "high-pass-0.5-typical-peak-1"  # name and version; changing `prepare` makes another one

FILTERS: Final = (
    "each lead's median is taken away; missing samples become zero",
    "resampled by a polyphase filter",
    "high-pass at 0.5 Hz: Butterworth of second order, forward and backward",
    "all leads divided by the typical R amplitude: the median of the largest magnitudes of 2-second stretches",
    "clipped at 4 times that",
)
"""What `prepare` does, in words."""

_HIGH_PASS_HZ: Final = 0.5  # removes baseline wander and keeps T and P waves
BEAT_S: Final = 2.0  # a stretch that holds at least one beat down to 30 per minute
CLIP: Final = 4.0  # in units of the typical R amplitude
_NOTHING: Final = 1e-6


def resampled(signal: np.ndarray, fs_hz: float, to_hz: float) -> np.ndarray:
    """The signal at another rate, by a polyphase filter. (L, n) -> (L, n * to_hz / fs_hz), float32."""
    ratio = Fraction(to_hz / fs_hz).limit_denominator(1000)
    if ratio == 1:
        return signal.astype(np.float32)
    up, down = ratio.numerator, ratio.denominator
    low_pass = _low_pass(max(up, down), signal.dtype if signal.dtype.kind == "f" else np.dtype(np.float64))
    return np.asarray(resample_poly(signal, up, down, axis=-1, window=low_pass), dtype=np.float32)


@lru_cache(maxsize=64)
def _low_pass(rate: int, dtype: np.dtype[np.floating[Any]]) -> np.ndarray:
    """The filter that `resample_poly` would design anew for every recording; the same bits."""
    return np.asarray(firwin(20 * rate + 1, 1 / rate, window=("kaiser", 5.0)), dtype=dtype)


def prepare(signal: np.ndarray, fs_hz: float, to_hz: float) -> np.ndarray:
    """The whole recording at another rate, without baseline, its typical R amplitude scaled to one.

    signal: (L, n) in any unit, nan where missing. Returns (L, n') float32, clipped to +-4, zero where missing. One
    scale for all leads, so that sums of leads stay sums.
    """
    return prepared_with_peak(signal, fs_hz, to_hz).signal


class Prepared(NamedTuple):
    """signal: as of `prepare`; peak: the typical R amplitude, in the unit that the signal had."""

    signal: np.ndarray
    peak: float


def prepared_with_peak(signal: np.ndarray, fs_hz: float, to_hz: float) -> Prepared:
    """As `prepare`, with what the recording was divided by (0 where there is next to nothing to divide)."""
    return prepared_alike(signal[None], fs_hz, to_hz)[0]


def prepared_alike(signal: np.ndarray, fs_hz: float, to_hz: float) -> list[Prepared]:
    """The same for each of N recordings of one shape, (N, L, n): the same bits, many in a third of the time."""
    missing = ~np.isfinite(signal)
    centred = np.where(missing, 0.0, signal - _level(signal, missing)[..., None])
    flat = _without_baseline(resampled(centred, fs_hz, to_hz), to_hz)
    peaks = _typical_peak(flat, round(BEAT_S * to_hz)).tolist()
    scale = np.array([peak if peak > _NOTHING else 1.0 for peak in peaks], dtype=flat.dtype)
    return list(map(Prepared, np.clip(flat / scale[:, None, None], -CLIP, CLIP), peaks))


def _level(signal: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Each lead's median, (..., L) of (..., L, n); 0 where all of it is missing."""
    if not missing.any():  # the same, in a third of the time
        return np.asarray(np.median(signal, axis=-1))
    known = np.where(missing.all(axis=-1, keepdims=True), 0.0, np.where(missing, np.nan, signal))
    return np.asarray(np.nanmedian(known, axis=-1))


def _without_baseline(x: np.ndarray, fs_hz: float) -> np.ndarray:
    pad = min(round(2 * fs_hz), x.shape[-1] - 1)
    return np.asarray(sosfiltfilt(high_pass(fs_hz), x, axis=-1, padlen=pad), dtype=np.float32)


@cache
def high_pass(fs_hz: float) -> np.ndarray:
    """The filter that runs over a recording forwards and backwards, as second-order sections."""
    return np.asarray(butter(2, _HIGH_PASS_HZ, "highpass", fs=fs_hz, output="sos"))


def _typical_peak(x: np.ndarray, stretch: int) -> np.ndarray:
    """(N,) of (N, L, n): the median over stretches of the largest magnitude in any lead: robust against a burst."""
    magnitude = np.abs(x).max(axis=1)
    n = max(magnitude.shape[1] // stretch, 1)
    return np.asarray(np.median([part.max(axis=1) for part in np.array_split(magnitude, n, axis=1)], axis=0))
