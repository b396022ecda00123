"""Recordings cut into windows of one length at one moderate rate: what the measures of quality look at.

Shapes: L leads, N samples, K windows of a lead, R = L * K rows, n samples of a window.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.fft

__all__ = ["Floats", "Rows", "cut"]

WINDOW_S: Final = 10.0  # the length of a resting ECG; longer recordings are cut into several
_RATE_HZ: Final = 120.0  # at least, where the recording has it: QRS complexes have little beyond 40 Hz

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """x: (R, n) mV without missing samples, each row's mean taken away; `line`: from a row's first sample to its last.

    spectrum: of x - line, which starts and ends at zero, so that no step between the ends leaks into every frequency.
    """

    x: Floats
    line: Floats
    spectrum: npt.NDArray[np.complex128]
    rate_hz: float

    def band(self, low_hz: float, high_hz: float) -> Floats:
        """(R, n): what lies between two frequencies (Butterworth gains of second order), without delay."""
        n_fft = 2 * (self.spectrum.shape[1] - 1)
        hz = np.maximum(np.arange(self.spectrum.shape[1]) * (self.rate_hz / n_fft), 1e-9)
        gain = 1 / np.sqrt((1 + (low_hz / hz) ** 4) * (1 + (hz / high_hz) ** 4))
        return np.asarray(scipy.fft.irfft(self.spectrum * gain, n_fft)[:, : self.x.shape[1]])

    def stretches(self, x: Floats, length_s: float) -> Floats:
        """(R, k, m): whole stretches of this length, or one that has all where a row is shorter."""
        m = min(max(round(length_s * self.rate_hz), 1), x.shape[1])
        return x[:, : x.shape[1] // m * m].reshape(len(x), -1, m)


def cut(signal_mv: npt.NDArray[np.float32], fs_hz: float) -> Rows:
    """All windows of all leads, window by window within a lead. signal_mv: (L, N), N > 0, nan where missing."""
    filled = _without_gaps(signal_mv)
    n_leads, n_samples = filled.shape
    n_windows = min(max(round(n_samples / (WINDOW_S * fs_hz)), 1), n_samples)
    pool = min(max(int(fs_hz // _RATE_HZ), 1), n_samples // n_windows)
    length = n_samples // n_windows // pool * pool
    whole = filled[:, : n_samples // n_windows * n_windows].reshape(n_leads, n_windows, -1)[:, :, :length]
    return _rows(_pooled(whole.reshape(n_leads * n_windows, -1, pool)), fs_hz / pool)


def _pooled(x: npt.NDArray[np.float32]) -> Floats:
    """The mean over the last axis, which is short: in a tenth of the time of `mean`, and exact but for the division."""
    total = x[..., 0].astype(np.float64)
    for i in range(1, x.shape[-1]):
        total += x[..., i]
    return np.asarray(total / x.shape[-1])


def _rows(x: Floats, rate_hz: float) -> Rows:
    x = x - x.mean(axis=1, keepdims=True)
    line = x[:, :1] + (x[:, -1:] - x[:, :1]) * np.linspace(0, 1, x.shape[1])
    n_fft = scipy.fft.next_fast_len(x.shape[1], real=True)
    return Rows(x, line, scipy.fft.rfft(x - line, n_fft + n_fft % 2), rate_hz)


def _without_gaps(signal_mv: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Missing samples on a line between their neighbours; a lead without any is zero."""
    missing = np.isnan(signal_mv)
    if not missing.any():
        return signal_mv
    filled = signal_mv.copy()
    for lead, gaps in zip(filled, missing, strict=True):
        known = np.flatnonzero(~gaps)
        lead[gaps] = np.interp(np.flatnonzero(gaps), known, lead[known]) if known.size else 0
    return filled
