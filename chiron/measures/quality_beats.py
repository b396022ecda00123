"""Whether QRS complexes can be told from what lies between them.

Nothing here asks whether a rhythm is regular: in atrial fibrillation beats come at any time and look alike, and an
ectopic beat looks like other ectopic ones. Shapes: R rows, n samples, M beats of all rows, B of the row that has most.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from chiron.measures.quality_windows import Floats, Rows

__all__ = ["BeatMeasures", "beat_measures"]

_QRS_HZ: Final = (5.0, 20.0)  # as in chiron.measures.rpeaks, and so the next three
_QRS_S: Final = 0.12
_STRETCH_S: Final = 1.5
_THRESHOLD: Final = 0.3
_APART_S: Final = 0.2  # 300 beats per minute
_SHAPE_HZ: Final = (1.0, 40.0)
_BEFORE_S: Final = 0.15  # wide enough that noise, which was chosen for its peak, does not look like its own kind
_AFTER_S: Final = 0.25
_MOST_BEATS: Final = 50  # of a row: likewise
_FEWEST_BEATS: Final = 3
_LOWEST_RATE_HZ: Final = 40.0  # twice the upper end of the QRS band
_LEAST_ENERGY: Final = 0.25  # (mV/s)^2: what a QRS complex of some 0.02 mV has
_TINY: Final = 1e-12

Integers = npt.NDArray[np.int64]


class BeatMeasures(NamedTuple):
    """(R,) each; all zero where fewer than three beats are found.

    likeness: how much a beat correlates with the second best of the others, the mean over beats, in [0, 1].
    contrast_db: QRS energy of a typical beat over that of a typical moment. qrs_mv: from the lowest to the highest
    point of a typical beat.
    """

    likeness: Floats
    contrast_db: Floats
    qrs_mv: Floats


class _Beats(NamedTuple):
    """Beat `rank` of `row` is at sample `at`; (M,) each. n_of_row: (R,)."""

    row: Integers
    rank: Integers
    at: Integers
    n_of_row: Integers


def beat_measures(rows: Rows) -> BeatMeasures:
    """Find the beats of each row and compare them with each other."""
    n_rows, n = rows.x.shape
    if rows.rate_hz < _LOWEST_RATE_HZ or n < _STRETCH_S * rows.rate_hz:
        return BeatMeasures(*np.zeros((3, n_rows)))
    energy = _qrs_energy(rows)
    typical = np.median(rows.stretches(energy, _STRETCH_S).max(axis=2), axis=1)
    beats = _find_beats(energy, np.maximum(_THRESHOLD * typical, _LEAST_ENERGY), rows.rate_hz)
    shape = rows.band(*_SHAPE_HZ)
    likeness, qrs_mv = _compare(_windows_of(shape, beats, rows.rate_hz), beats)
    contrast_db = 10 * np.log10((typical + _TINY) / (np.median(energy, axis=1) + _TINY))
    enough = beats.n_of_row >= _FEWEST_BEATS
    return BeatMeasures(*(np.where(enough, figure, 0.0) for figure in (likeness, contrast_db, qrs_mv)))


def _qrs_energy(rows: Rows) -> Floats:
    qrs = rows.band(*_QRS_HZ)
    slope = np.diff(qrs, axis=1, prepend=qrs[:, :1]) * rows.rate_hz
    return np.asarray(uniform_filter1d(slope * slope, max(round(_QRS_S * rows.rate_hz), 1), axis=1))


def _find_beats(energy: Floats, threshold: Floats, rate_hz: float) -> _Beats:
    """Peaks of the energy whose whole window lies within the row; of too many the first."""
    before, after = round(_BEFORE_S * rate_hz), round(_AFTER_S * rate_hz)
    highest = maximum_filter1d(energy, 2 * round(_APART_S * rate_hz) + 1, axis=1)
    is_peak = (energy == highest) & (energy > threshold[:, None])
    is_peak[:, :before] = is_peak[:, energy.shape[1] - after :] = False
    row, at = np.nonzero(is_peak)
    count = np.bincount(row, minlength=len(energy))
    rank = np.arange(row.size) - (np.cumsum(count) - count)[row]
    kept = rank < _MOST_BEATS
    return _Beats(row[kept], rank[kept], at[kept], np.minimum(count, _MOST_BEATS))


def _windows_of(shape: Floats, beats: _Beats, rate_hz: float) -> Floats:
    """(M, m) mV: each beat around its largest deflection, because the peak of the energy jitters."""
    before, after = round(_BEFORE_S * rate_hz), round(_AFTER_S * rate_hz)
    reach, row = round(_QRS_S / 2 * rate_hz), beats.row[:, None]
    near = np.clip(beats.at[:, None] + np.arange(-reach, reach + 1), before, shape.shape[1] - after)
    largest = np.abs(shape[row, near]).argmax(axis=1)
    at = near[np.arange(len(near)), largest]
    return np.asarray(shape[row, at[:, None] + np.arange(-before, after)])


def _compare(windows: Floats, beats: _Beats) -> tuple[Floats, Floats]:
    """Likeness and typical height of each row's beats, (R,)."""
    n_rows, n_beats = len(beats.n_of_row), max(int(beats.n_of_row.max(initial=0)), _FEWEST_BEATS)
    centred = windows - windows.mean(axis=1, keepdims=True)
    centred /= np.sqrt((centred**2).sum(axis=1, keepdims=True)) + _TINY
    by_row = np.zeros((n_rows, n_beats, windows.shape[1]))
    by_row[beats.row, beats.rank] = centred
    height = np.full((n_rows, n_beats), np.inf)
    height[beats.row, beats.rank] = np.ptp(windows, axis=1)
    correlation = by_row @ by_row.transpose(0, 2, 1)
    second_best = np.partition(correlation, n_beats - 3, axis=2)[:, :, n_beats - 3]  # the best is the beat itself
    likeness = np.clip(second_best, 0, 1).sum(axis=1) / np.maximum(beats.n_of_row, 1)
    middle = np.maximum(beats.n_of_row - 1, 0) // 2
    return likeness, np.sort(height, axis=1)[np.arange(n_rows), middle]
