"""What stays of a recording when it is copied with changes: hashes of stretches around its beats.

A copy with another gain, baseline or polarity, other leads or order of leads, another rate, filter or rounding, shifted
or trimmed, shares many of them; two recordings of one heart share hardly any, because no heart beats twice to the
millisecond. A stretch is hashed by the direction that it points to (cross-polytope hashing, Andoni et al. 2015).

Shapes: L leads, N samples, n samples at `TRACE_HZ`, A anchors, W points of a stretch, H hashes.
"""

import hashlib
from functools import cache, lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import maximum_filter1d

__all__ = ["TRACE_HZ", "Hashes", "Trace", "fingerprint_of", "trace_of"]

TRACE_HZ: Final = 125.0
_LONGEST_S: Final = 60.0  # what follows is not looked at: it bounds the time that a long recording takes
_SHORTEST_S: Final = 5.0  # holds too few beats to be anybody's
_BAND_HZ: Final = (2.0, 15.0)  # what no usual filter, wander or rounding touches
_EDGE_S: Final = 0.4  # where the filter rings
_LEAST_STEPS: Final = 6.0  # of the converter, from valley to peak: less is rounding, not a signal

_NEXT_S: Final = 0.25  # no two anchors are nearer
_HEIGHT: Final = 0.3  # of the typical peak
_BEFORE_S: Final = 0.4  # an anchor, and
_AFTER_S: Final = 4.6  # several beats, so that their distances count
_POINT_HZ: Final = 40.0
_PARTS: Final = 6  # of a code, each a direction of these and its sign: 42 bits
_DIRECTIONS: Final = 64
_PER_RECORD: Final = 48  # hashes kept, shared out among the leads
_PER_LEAD: Final = 4  # at least

Trace = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


def trace_of(signal: np.ndarray, fs_hz: float) -> Trace:
    """The first minute at `TRACE_HZ` within 2 to 15 Hz: (L, N) digital -> (k, n), leads that hold nothing left out.

    The type's minimum is a missing sample. (0, 0) where the recording is shorter than five seconds.
    """
    taken = signal[:, : round(_LONGEST_S * fs_hz)]
    n, edge = int(taken.shape[1] / fs_hz * TRACE_HZ), round(_EDGE_S * TRACE_HZ)
    if not len(taken) or n < _SHORTEST_S * TRACE_HZ:
        return np.zeros((0, 0), np.float32)
    size = next_fast_len(taken.shape[1], real=True)
    n_resampled = round(size / fs_hz * TRACE_HZ)
    band = _band(n_resampled // 2 + 1, size / fs_hz)
    spectrum = rfft(_filled(taken), n=size, axis=1)[:, : band.size]
    whole = irfft(spectrum * band[: spectrum.shape[1]], n=n_resampled, axis=1)
    trace = whole[:, edge : n - edge] * (n_resampled / size)
    return np.asarray(trace[np.ptp(trace, axis=1) >= _LEAST_STEPS], dtype=np.float32)


def _filled(signal: np.ndarray) -> npt.NDArray[np.float32]:
    """Samples about their mean, zero where missing."""
    missing = signal == np.iinfo(signal.dtype).min
    x = signal.astype(np.float32)
    x[missing] = 0
    x -= x.sum(axis=1, keepdims=True, dtype=np.float64) / np.maximum((~missing).sum(axis=1, keepdims=True), 1)
    x[missing] = 0
    return x


@lru_cache(64)
def _band(n: int, length_s: float) -> npt.NDArray[np.float32]:
    """(n,) weights of the frequencies k / length_s, with soft edges."""
    frequency_hz = np.arange(n) / length_s
    low, high = _BAND_HZ
    below, above = low / np.maximum(frequency_hz, 1e-9), frequency_hz / high
    return ((1 + below**8) ** -0.5 * (1 + above**16) ** -0.5).astype(np.float32)


def fingerprint_of(trace: Trace) -> Hashes:
    """The hashes of a trace, (H,) ascending without repetition; none where no stretch is long enough."""
    if not len(trace) or trace.shape[1] <= round((_BEFORE_S + _AFTER_S) * TRACE_HZ) + 2:
        return np.zeros(0, np.uint64)
    stretches, lead = _stretches(trace)
    along = (stretches @ _directions()).reshape(len(lead), _PARTS, _DIRECTIONS)
    at = np.abs(along).argmax(axis=2)
    upwards = np.take_along_axis(along, at[:, :, None], axis=2)[:, :, 0] > 0
    code = np.zeros(len(lead), np.uint64)
    for part in range(_PARTS):
        code = code * np.uint64(2 * _DIRECTIONS) + (2 * at[:, part] + upwards[:, part]).astype(np.uint64)
    return _smallest(_mixed(code), lead, max(_PER_LEAD, _PER_RECORD // len(trace)))


def _stretches(trace: Trace) -> tuple[Trace, Ints]:
    """(A, W) what lies around each anchor, its peak upwards; and (A,) the lead of each."""
    height = np.abs(trace)
    before, after = round(_BEFORE_S * TRACE_HZ), round(_AFTER_S * TRACE_HZ)
    highest = maximum_filter1d(height, 2 * round(_NEXT_S * TRACE_HZ) + 1, axis=1)
    is_anchor = (height == highest) & (height >= _HEIGHT * _typical(height))
    is_anchor[:, : before + 1] = is_anchor[:, trace.shape[1] - after - 1 :] = False
    lead, at = np.nonzero(is_anchor)
    grid = _grid()
    where = (at + _between_samples(height, lead, at))[:, None] + grid
    left = np.floor(where).astype(np.int64)
    share = (where - left).astype(np.float32)
    points = trace[lead[:, None], left] * (1 - share) + trace[lead[:, None], left + 1] * share
    return points * np.sign(trace[lead, at])[:, None], lead


def _between_samples(height: Trace, lead: Ints, at: Ints) -> npt.NDArray[np.float64]:
    """(A,) where the parabola through each peak is highest, within half a sample."""
    left, middle, right = (height[lead, at + step].astype(np.float64) for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    return np.asarray(np.where(bend < 0, (left - right) / np.where(bend < 0, 2 * bend, 1), 0.0))


def _typical(height: Trace) -> Trace:
    """(L, 1) the median over two-second stretches of the largest: robust against a burst of noise."""
    n = height.shape[1] // round(2 * TRACE_HZ)
    stretches = height[:, : height.shape[1] // n * n].reshape(len(height), n, -1)
    return np.asarray(np.median(stretches.max(axis=2), axis=1))[:, None]


@cache
def _grid() -> npt.NDArray[np.float64]:
    """(W,) the points of a stretch, in samples from its anchor."""
    return np.arange(-_BEFORE_S * TRACE_HZ + 0.5, _AFTER_S * TRACE_HZ - 1, TRACE_HZ / _POINT_HZ)


@cache
def _directions() -> npt.NDArray[np.float32]:
    """(W, parts * directions) of -1 and 1, the same on every machine."""
    n = _grid().size * _PARTS * _DIRECTIONS
    random_bytes = hashlib.shake_256(b"chiron fingerprint 1").digest(-(-n // 8))
    bits = np.unpackbits(np.frombuffer(random_bytes, np.uint8))[:n]
    return (2.0 * bits - 1).astype(np.float32).reshape(_grid().size, -1)


def _mixed(code: Hashes) -> Hashes:
    """Codes spread over all of uint64 (the finaliser of SplitMix64, Steele et al. 2014)."""
    z = code + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _smallest(hashes: Hashes, lead: Ints, n: int) -> Hashes:
    """The n smallest of each lead: of two copies the same ones, whatever else they hold."""
    order = np.lexsort((hashes, lead))
    rank = np.arange(lead.size) - np.searchsorted(lead[order], lead[order])
    return np.unique(hashes[order][rank < n])
