"""How noisy a recording is: the power of what its beats share over the power of the rest, in decibels.

Each beat is cut out and laid over the others. The mean product of two different beats is the power of what they share,
because noise is not the same twice; what a beat has beside the mean of the others is noise (the averaging of repeated
responses, as for evoked potentials: Schimmel 1967, Wong & Bickford 1980). Of the noise of all beats the median counts:
a step or a premature beat in one of them is no noise of the recording.

Of simulated recordings whose ratio is known to be 0 to 15 dB, the median is within some 2 dB and the middle half within
6 dB. Above, mains hum, filters and the beats' own variety end it near 20 dB; baseline wander below 0.5 Hz is not seen.
Shapes: L leads, n samples, M beats of w samples.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfiltfilt

from chiron.measures.prepared import resampled
from chiron.measures.rpeaks import find_r_peaks

__all__ = ["LEAST_DB", "MOST_DB", "signal_to_noise_db"]

LEAST_DB: Final = -15.0
MOST_DB: Final = 40.0
_LONGEST_S: Final = 60.0
_RATE_HZ: Final = 500.0  # fine enough to lay one QRS complex over another
_HIGH_PASS_HZ: Final = 0.5
_BEFORE_S: Final = 0.2
_AFTER_S: Final = 0.35
_QRS_S: Final = 0.08  # to either side of the R peak: what is laid over each other
_SHIFT_S: Final = 0.03  # by how far
_FEWEST_BEATS: Final = 4
_TINY: Final = 1e-9

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def signal_to_noise_db(signal_mv: npt.NDArray[np.floating], fs_hz: float, *, lead: int = 0) -> float | None:
    """The ratio of powers over the first minute, all leads together, within LEAST_DB and MOST_DB.

    signal_mv: (L, n), nan where missing. lead: where the R peaks are looked for. None where fewer than four beats are
    found: then nothing is shared that could be told from noise.
    """
    if signal_mv.shape[-1] < fs_hz:
        return None
    x = _prepared(signal_mv[:, : round(_LONGEST_S * fs_hz)], fs_hz)
    peaks = find_r_peaks(x[lead], _RATE_HZ)
    edge = _samples(_SHIFT_S)
    inside = peaks[(peaks >= _samples(_BEFORE_S) + edge) & (peaks < x.shape[1] - _samples(_AFTER_S) - edge)]
    if inside.size < _FEWEST_BEATS:
        return None
    beats = _cut(x, _aligned(x, inside), _BEFORE_S, _AFTER_S)
    noise_m = _noise_of_each(beats)
    quietest = np.argsort(noise_m, kind="stable")[: max(inside.size // 2, 3)]
    heart = _shared_power(beats[:, quietest]) * peaks.size / x.shape[1]
    ratio_db = 10 * np.log10(max(heart, _TINY) / max(float(np.median(noise_m)), _TINY))
    return float(np.clip(ratio_db, LEAST_DB, MOST_DB))


def _samples(seconds: float) -> int:
    return round(seconds * _RATE_HZ)


def _prepared(signal_mv: npt.NDArray[np.floating], fs_hz: float) -> Floats:
    """At one rate, without wander; missing samples are where the lead mostly is."""
    level = np.nanmedian(np.where(np.isnan(signal_mv).all(axis=1, keepdims=True), 0.0, signal_mv), axis=1)
    centred = np.nan_to_num(signal_mv - level[:, None])
    sos = butter(2, _HIGH_PASS_HZ, "highpass", fs=_RATE_HZ, output="sos")
    return np.asarray(sosfiltfilt(sos, resampled(centred, fs_hz, _RATE_HZ), axis=1), dtype=np.float64)


def _cut(x: Floats, at: Integers, before_s: float, after_s: float) -> Floats:
    """(L, M, w)"""
    return np.asarray(x[:, at[:, None] + np.arange(-_samples(before_s), _samples(after_s))])


def _aligned(x: Floats, at: Integers) -> Integers:
    """The beats' places, each moved to where its QRS complex is most like the typical one."""
    typical = np.median(_cut(x, at, _QRS_S, _QRS_S), axis=1)
    shifts = np.arange(-_samples(_SHIFT_S), _samples(_SHIFT_S) + 1)
    far = np.stack(
        [((_cut(x, at + shift, _QRS_S, _QRS_S) - typical[:, None]) ** 2).sum(axis=(0, 2)) for shift in shifts]
    )
    return np.asarray(at + shifts[far.argmin(axis=0)])


def _noise_of_each(beats: Floats) -> Floats:
    """(M,) power that a beat has beside the mean of the others, less what that mean has of their noise."""
    n = beats.shape[1]
    others = (beats.sum(axis=1, keepdims=True) - beats) / (n - 1)
    return np.asarray(((beats - others) ** 2).mean(axis=2).sum(axis=0) / (1 + 1 / (n - 1)))


def _shared_power(beats: Floats) -> float:
    """The mean product of two different beats, summed over samples and leads."""
    n = beats.shape[1]
    between_all, own = np.square(beats.sum(axis=1)).sum(), np.square(beats).sum()
    shared: float = (between_all - own) / (n * (n - 1))
    return shared
