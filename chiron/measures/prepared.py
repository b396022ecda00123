"""Recordings as features and networks read them: one rate, no baseline wander, a typical R peak of height one."""

from fractions import Fraction
from functools import cache
from typing import Final

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

__all__ = ["BEAT_S", "CLIP", "NORMALISATION", "high_pass", "prepare", "resampled"]

NORMALISATION: Final = "high-pass-0.5-typical-peak-1"  # name and version; changing `prepare` makes another one

_HIGH_PASS_HZ: Final = 0.5  # removes baseline wander and keeps T and P waves
BEAT_S: Final = 2.0  # a stretch that holds at least one beat down to 30 per minute
CLIP: Final = 4.0  # in units of the typical R amplitude


def resampled(signal: np.ndarray, fs_hz: float, to_hz: float) -> np.ndarray:
    """The signal at another rate, by a polyphase filter. (L, n) -> (L, n * to_hz / fs_hz), float32."""
    ratio = Fraction(to_hz / fs_hz).limit_denominator(1000)
    if ratio == 1:
        return signal.astype(np.float32)
    return np.asarray(resample_poly(signal, ratio.numerator, ratio.denominator, axis=-1), dtype=np.float32)


def prepare(signal: np.ndarray, fs_hz: float, to_hz: float) -> np.ndarray:
    """The whole recording at another rate, without baseline, its typical R amplitude scaled to one.

    signal: (L, n) in any unit, nan where missing. Returns (L, n') float32, clipped to +-4, zero where missing. One
    scale for all leads, so that sums of leads stay sums.
    """
    missing = ~np.isfinite(signal)
    level = np.nanmedian(np.where(missing.all(axis=-1, keepdims=True), 0.0, np.where(missing, np.nan, signal)), -1)
    centred = np.where(missing, 0.0, signal - level[:, None])
    flat = _without_baseline(resampled(centred, fs_hz, to_hz), to_hz)
    scale = _typical_peak(flat, round(BEAT_S * to_hz))
    return np.clip(flat / scale, -CLIP, CLIP).astype(np.float32)


def _without_baseline(x: np.ndarray, fs_hz: float) -> np.ndarray:
    pad = min(round(2 * fs_hz), x.shape[-1] - 1)
    return np.asarray(sosfiltfilt(high_pass(fs_hz), x, axis=-1, padlen=pad), dtype=np.float32)


@cache
def high_pass(fs_hz: float) -> np.ndarray:
    """The filter that runs over a recording forwards and backwards, as second-order sections."""
    return np.asarray(butter(2, _HIGH_PASS_HZ, "highpass", fs=fs_hz, output="sos"))


def _typical_peak(x: np.ndarray, stretch: int) -> float:
    """The median over stretches of the largest magnitude in any lead: robust against a burst of noise."""
    magnitude = np.abs(x).max(axis=0)
    n = max(magnitude.size // stretch, 1)
    peaks = [part.max() for part in np.array_split(magnitude, n)]
    typical = float(np.median(peaks))
    return typical if typical > 1e-6 else 1.0
