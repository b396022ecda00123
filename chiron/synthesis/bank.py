"""The noise that records are mixed from: long stretches of each kind in several colours, one set per sampling rate.

Corner frequencies were fitted to the spectra of the MIT-BIH Noise Stress Test recordings (Moody 1984). Wander falls
with the fourth power of the frequency from some 0.2 Hz; electrode motion begins at 0.7 Hz, falls with its square from 1
or 2 Hz and faster from 10 Hz; muscle lies at 10 to 50 Hz. Tremor of the hands is 4 to 10 Hz. Which stretches a record
takes, and how loud, does not belong here.
"""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import exp, log
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Topic, new_stream, normal
from chiron.synthesis.filters import Floats32, filter_row, gentle_low_pass, high_pass, low_pass
from schemas.states import NoiseKind

__all__ = ["BANK_SAMPLES", "COLOURS", "Bank", "make_bank"]

BANK_SAMPLES: Final = 2**17
COLOURS: Final = 8  # of each kind
_WARM_UP_S: Final = 20.0  # made and dropped, so that slow filters have settled


class Bank(NamedTuple):
    """Noise of mean square 1 in every row. samples: (4, colours, n) by the order of `NoiseKind`; recorded: 0 or 1."""

    samples: npt.NDArray[np.float32]
    recorded: int


@lru_cache(maxsize=4)
def make_bank(fs_hz: float) -> Bank:
    """The modelled noise at this sampling rate; the same whenever it is made."""
    samples = np.empty((len(NoiseKind), COLOURS, BANK_SAMPLES), dtype=np.float32)
    _fill(samples, fs_hz)
    return Bank(samples, recorded=0)


@compiled("float64(float64, float64, float64)")
def _between(low: float, high: float, share: float) -> float:
    """From low to high, evenly in the logarithm."""
    return low * exp(log(high / low) * share)  # type: ignore[no-any-return]


@compiled("void(float32[::1], int64, float64, float64, float64)")
def _colour(x: Floats32, kind: int, at: float, other: float, fs_hz: float) -> None:
    """Filter white noise in place. `at` and `other` in (0, 1) say where in their ranges the corners are."""
    if kind == 0:
        filter_row(x, low_pass(_between(0.1, 0.22, at), fs_hz))
    elif kind == 1:
        filter_row(x, gentle_low_pass(_between(0.5, 3.0, at), fs_hz))
        filter_row(x, low_pass(_between(7.0, 20.0, other), fs_hz))
        filter_row(x, high_pass(_between(0.3, 0.9, other), fs_hz))
    elif kind == 2:
        filter_row(x, high_pass(_between(7.0, 20.0, at), fs_hz))
        filter_row(x, low_pass(_between(28.0, 70.0, other), fs_hz))
    else:
        rate_hz = _between(4.0, 10.0, at)
        for _ in range(2):
            filter_row(x, high_pass(0.9 * rate_hz, fs_hz))
            filter_row(x, low_pass(1.1 * rate_hz, fs_hz))


@compiled("void(float32[:, :, ::1], float64)")
def _fill(bank: npt.NDArray[np.float32], fs_hz: float) -> None:
    kinds, colours, n = bank.shape
    warm_up = np.int64(_WARM_UP_S * fs_hz)
    x = np.empty(warm_up + n, dtype=np.float32)
    for kind in range(kinds):
        for c in range(colours):
            stream = new_stream(np.uint64(0), np.uint64(kind * colours + c), np.uint64(Topic.BANK))
            for i in range(x.size):
                x[i] = normal(stream, 0.0, 1.0)
            # the second corner goes through its range in another order than the first
            _colour(x, kind, (c + 0.5) / colours, ((3 * c + 1) % colours + 0.5) / colours, fs_hz)
            total = 0.0
            for i in range(warm_up, x.size):
                total += np.float64(x[i]) * np.float64(x[i])
            gain = 1.0 / np.sqrt(total / n)
            for i in range(n):
                bank[kind, c, i] = gain * x[warm_up + i]
