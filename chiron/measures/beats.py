"""The beats of one lead: how alike they are, which come early, which look different, and how regular the others are.

Shapes: n samples, B beats, W samples around each beat.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

__all__ = ["BEAT_FEATURES", "Beats", "beat_features", "find_beats"]

BEAT_FEATURES: Final = (
    "n_beats", "likeness_mean", "likeness_10", "unlike_share", "strange_share", "inverted_share", "others_alike",
    "early_share", "early_alike_share", "early_unlike_share", "on_time_unlike_share", "interval_after_early",
    "ordinary_cv", "ordinary_step", "ordinary_step_10_percent_share", "ordinary_step_lag1", "longest", "shortest",
    "rate_change", "least_step", "most_step", "height_cv",
)  # fmt: skip
"""Intervals are in units of the local median interval; likeness is Pearson's correlation with the median beat."""

_BEFORE_S: Final = 0.30  # of the R peak: the P wave
_AFTER_S: Final = 0.45  # the T wave
_QRS_BEFORE_S: Final = 0.12
_QRS_AFTER_S: Final = 0.20
_SHIFT_S: Final = 0.04  # the peak of a wide or notched QRS complex is found that much off
_ALIKE: Final = 0.8
_STRANGE: Final = 0.5
_EARLY: Final = 0.85  # of the local median interval
_LOCAL_BEATS: Final = 7
_WINDOW_BEATS: Final = 8
_FEWEST: Final = 5

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Signal = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Beats:
    """The beats that lie wholly in the recording.

    r_s: (B,) seconds; shapes: (B, W); likeness: (B,) of the QRS with that of the median beat; inverted: (B,) whether it
    would be liker upside down.
    """

    r_s: Floats
    shapes: Floats
    likeness: Floats
    inverted: Flags


def find_beats(peaks: npt.NDArray[np.int64], x: Signal, fs_hz: float) -> Beats:
    """The beats of one lead, each moved to where it is most like the median beat.

    peaks: (n_beats,) sample indices of R peaks, ascending; x: (n,) without nan, as `prepared.prepare` leaves it.
    """
    before, after, shift = (round(s * fs_hz) for s in (_BEFORE_S, _AFTER_S, _SHIFT_S))
    at = peaks[(peaks >= before + shift) & (peaks < x.size - after - shift)]
    if not at.size:
        return Beats(np.zeros(0), np.zeros((0, before + after)), np.zeros(0), np.zeros(0, dtype=bool))
    wide = x[at[:, None] + np.arange(-before - shift, after + shift)].astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(wide, before + after, axis=1)
    qrs = slice(before - round(_QRS_BEFORE_S * fs_hz), before + round(_QRS_AFTER_S * fs_hz))
    found = _aligned(windows, np.full(at.size, shift), qrs)
    found = _aligned(windows, found.argmax(axis=1), qrs)
    best, likeness = found.argmax(axis=1), found.max(axis=1)
    shapes = windows[np.arange(at.size), best]
    return Beats((at + best - shift) / fs_hz, shapes, likeness, likeness < -found.min(axis=1))


def _aligned(windows: Floats, moved: npt.NDArray[np.int64], qrs: slice) -> Floats:
    """Likeness of every beat at every shift with the median of the beats as moved. (B, shifts, W) -> (B, shifts)."""
    template = np.median(windows[np.arange(len(windows)), moved], axis=0)
    return _likeness(windows[:, :, qrs], template[qrs])


def _likeness(shapes: Floats, template: Floats) -> Floats:
    """Pearson's correlation of each shape (last axis) with the template; 0 where either is constant."""
    a, b = shapes - shapes.mean(axis=-1, keepdims=True), template - template.mean()
    norm = np.sqrt((a * a).sum(axis=-1) * (b * b).sum())
    return np.asarray(np.where(norm > 1e-12, (a @ b) / np.maximum(norm, 1e-12), 0.0))


def beat_features(peaks: npt.NDArray[np.int64], x: Signal, fs_hz: float) -> npt.NDArray[np.float32]:
    """One value per name of BEAT_FEATURES; all but the first are 0 with fewer than five beats.

    Arguments as of `find_beats`.
    """
    beats = find_beats(peaks, x, fs_hz)
    if beats.r_s.size < _FEWEST:
        return np.array([beats.r_s.size] + [0] * (len(BEAT_FEATURES) - 1), dtype=np.float32)
    rr = np.diff(beats.r_s)
    local = median_filter(rr, _LOCAL_BEATS, mode="nearest")
    early = np.concatenate([[False], rr < _EARLY * local])
    unlike = beats.likeness < _ALIKE
    height = np.ptp(beats.shapes, axis=1)
    values = [
        beats.r_s.size, beats.likeness.mean(), np.percentile(beats.likeness, 10), unlike.mean(),
        np.mean(beats.likeness < _STRANGE), beats.inverted.mean(), _others_alike(beats.shapes[unlike]),
        early.mean(), np.mean(early & ~unlike), np.mean(early & unlike), np.mean(~early & unlike),
        _after_early(rr / local, early), *_regularity(rr, early | unlike), (rr / local).max(), (rr / local).min(),
        *_change(rr), height.std() / max(height.mean(), 1e-9),
    ]  # fmt: skip
    return np.array(values, dtype=np.float32)


def _others_alike(shapes: Floats) -> float:
    """How alike the beats are that differ from the median beat: ectopic beats are, noise is not."""
    return float(_likeness(shapes, np.median(shapes, axis=0)).mean()) if len(shapes) > 1 else 0.0


def _after_early(intervals: Floats, early: Flags) -> float:
    """The mean interval that follows an early beat, 1 where there is none: long after ventricular ones."""
    after = intervals[1:][early[1:-1]]
    return float(after.mean()) if after.size else 1.0


def _regularity(rr: Floats, odd: Flags) -> tuple[float, float, float, float]:
    """Variation, median step, share of large steps and their correlation, of intervals without ectopic beats."""
    ordinary = ~(odd[1:] | odd[:-1])
    ordinary[1:] &= ~odd[:-2]  # nor the pause after an early beat
    both = ordinary[1:] & ordinary[:-1]
    if both.sum() < 3:
        ordinary, both = np.ones_like(ordinary), np.ones_like(both)
    kept = rr[ordinary]
    step = np.diff(rr)[both] / np.median(kept)
    large = np.mean(np.abs(step) > 0.1)
    return float(kept.std() / kept.mean()), float(np.median(np.abs(step))), float(large), _lag1(step)


def _lag1(step: Floats) -> float:
    return float(_likeness(step[1:], step[:-1])) if step.size > 3 else 0.0


def _change(rr: Floats) -> tuple[float, float, float]:
    """Over stretches of eight beats: highest to lowest rate, and the least and the most usual step."""
    stretches = np.lib.stride_tricks.sliding_window_view(rr, min(_WINDOW_BEATS, rr.size))
    middle = np.median(stretches, axis=1)
    step = np.median(np.abs(np.diff(stretches, axis=1)), axis=1) / middle
    return float(middle.max() / middle.min()), float(step.min()), float(step.max())
