"""From recordings of any rate and length to the fixed windows that a network reads.

The contract of the input, `WindowSpec`, is stored with every model. Not here: labels (`examples`), and augmentation,
which belongs to training only (`augment`).

Shapes: leads L, samples of a window T, windows of one record K.
"""

from fractions import Fraction
from functools import cache
from math import ceil
from typing import Final

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

from schemas.training import WindowSpec

__all__ = ["NORMALISATION", "cut", "n_windows", "prepare", "resampled", "windows_of"]

NORMALISATION: Final = "high-pass-0.5-typical-peak-1"  # name and version; changing `prepare` makes another one

_HIGH_PASS_HZ: Final = 0.5  # removes baseline wander and keeps T and P waves
_BEAT_S: Final = 2.0  # a stretch that holds at least one beat down to 30 per minute
_HOP_S: Final = 5.0
_CLIP: Final = 4.0  # in units of the typical R amplitude


def resampled(signal: np.ndarray, fs_hz: float, to_hz: float) -> np.ndarray:
    """The signal at another rate, by a polyphase filter. (L, n) -> (L, n * to_hz / fs_hz), float32."""
    ratio = Fraction(to_hz / fs_hz).limit_denominator(1000)
    if ratio == 1:
        return signal.astype(np.float32)
    return np.asarray(resample_poly(signal, ratio.numerator, ratio.denominator, axis=-1), dtype=np.float32)


def prepare(signal: np.ndarray, fs_hz: float, spec: WindowSpec) -> np.ndarray:
    """The whole recording at the network's rate, without baseline, its typical R amplitude scaled to one.

    signal: (L, n) in any unit, nan where missing. Returns (L, n') float32, clipped to +-4, zero where missing. One
    scale for all leads, so that sums of leads stay sums.
    """
    missing = ~np.isfinite(signal)
    level = np.nanmedian(np.where(missing.all(axis=-1, keepdims=True), 0.0, np.where(missing, np.nan, signal)), -1)
    centred = np.where(missing, 0.0, signal - level[:, None])
    flat = _without_baseline(resampled(centred, fs_hz, spec.fs_hz), spec.fs_hz)
    scale = _typical_peak(flat, round(_BEAT_S * spec.fs_hz))
    return np.clip(flat / scale, -_CLIP, _CLIP).astype(np.float32)


def n_windows(n_samples: int, fs_hz: float, spec: WindowSpec) -> int:
    """How many windows `cut` makes of a recording: one more for every 5 s beyond the first window, up to the most."""
    spare_s = n_samples / fs_hz - spec.duration_s
    return min(spec.max_windows, 1 + max(ceil(round(spare_s / _HOP_S, 6)), 0))


def cut(x_LN: np.ndarray, n: int, spec: WindowSpec) -> np.ndarray:
    """`n` evenly spaced windows over a prepared recording. (L, n') -> (n, L, T).

    A recording that is shorter than a window stands in its middle, between zeros.
    """
    width, spare = spec.n_samples, x_LN.shape[-1] - spec.n_samples
    if spare < 0:
        left = -spare // 2
        x_LN, spare = np.pad(x_LN, ((0, 0), (left, -spare - left))), 0
    starts = np.linspace(0, spare, n).round().astype(int)
    return np.stack([x_LN[:, start : start + width] for start in starts])


def windows_of(signal: np.ndarray, fs_hz: float, spec: WindowSpec) -> np.ndarray:
    """All windows of one recording, as a network reads them. (L, n) -> (K, L, T)."""
    return cut(prepare(signal, fs_hz, spec), n_windows(signal.shape[-1], fs_hz, spec), spec)


def _without_baseline(x: np.ndarray, fs_hz: float) -> np.ndarray:
    pad = min(round(2 * fs_hz), x.shape[-1] - 1)
    return np.asarray(sosfiltfilt(_high_pass(fs_hz), x, axis=-1, padlen=pad), dtype=np.float32)


@cache
def _high_pass(fs_hz: float) -> np.ndarray:
    return np.asarray(butter(2, _HIGH_PASS_HZ, "highpass", fs=fs_hz, output="sos"))


def _typical_peak(x: np.ndarray, stretch: int) -> float:
    """The median over stretches of the largest magnitude in any lead: robust against a burst of noise."""
    magnitude = np.abs(x).max(axis=0)
    n = max(magnitude.size // stretch, 1)
    peaks = [part.max() for part in np.array_split(magnitude, n)]
    typical = float(np.median(peaks))
    return typical if typical > 1e-6 else 1.0
