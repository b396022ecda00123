"""From recordings of any length to the fixed windows that a network reads.

The contract of the input, `WindowSpec`, is stored with every model. Not here: labels (`examples`), and augmentation,
which belongs to training only (`augment`).

Shapes: leads L, samples of a window T, windows of one record K.
"""

from math import ceil
from typing import Final

import numpy as np

from chiron.measures.prepared import prepare
from schemas.training import WindowSpec

__all__ = ["cut", "n_windows", "windows_of"]

_HOP_S: Final = 5.0


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
    return cut(prepare(signal, fs_hz, spec.fs_hz), n_windows(signal.shape[-1], fs_hz, spec), spec)
