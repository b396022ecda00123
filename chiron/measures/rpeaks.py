"""Where the R peaks are, in one lead of any polarity. After Pan & Tompkins 1985, without their search-back."""

from functools import cache
from typing import Final

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import butter, find_peaks, sosfiltfilt

__all__ = ["find_r_peaks"]

_BAND_HZ: Final = (5.0, 20.0)
_REFRACTORY_S: Final = 0.25
_QRS_S: Final = 0.12
_LOCAL_S: Final = 6.0


def find_r_peaks(x: np.ndarray, fs_hz: float) -> np.ndarray:
    """Sample indices of the R peaks. x: (n,) without nan; returns (n_beats,) int64, ascending.

    The threshold follows the local height, so that a burst of noise hides only the beats near it.
    """
    if x.size < fs_hz:
        return np.zeros(0, dtype=np.int64)
    band = sosfiltfilt(_band_pass(fs_hz), x)
    energy = uniform_filter1d(np.gradient(band) ** 2, max(round(_QRS_S * fs_hz), 1))
    found, _ = find_peaks(energy, height=0.3 * _local_height(energy, fs_hz), distance=round(_REFRACTORY_S * fs_hz))
    return np.unique([_largest_near(np.abs(band), at, round(_QRS_S / 2 * fs_hz)) for at in found]).astype(np.int64)


@cache
def _band_pass(fs_hz: float) -> np.ndarray:
    return np.asarray(butter(2, _BAND_HZ, "bandpass", fs=fs_hz, output="sos"))


def _local_height(energy: np.ndarray, fs_hz: float) -> np.ndarray:
    """The typical QRS energy near each sample: the median of the maxima of 1.5-second stretches around it."""
    stretch = round(1.5 * fs_hz)
    tops = np.array([part.max() for part in np.array_split(energy, max(energy.size // stretch, 1))])
    reach = max(round(_LOCAL_S / 1.5 / 2), 1)
    padded = np.pad(tops, reach, mode="edge")
    median = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1)
    centres = (np.arange(tops.size) + 0.5) * energy.size / tops.size
    floor = 1e-12 + 1e-3 * float(maximum_filter1d(energy, stretch).mean())
    return np.asarray(np.maximum(np.interp(np.arange(energy.size), centres, median), floor))


def _largest_near(magnitude: np.ndarray, at: int, reach: int) -> int:
    start = max(at - reach, 0)
    return start + int(magnitude[start : at + reach + 1].argmax())
