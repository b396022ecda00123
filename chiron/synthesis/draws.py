"""Random draws for compiled code: counter-based, keyed by (seed, index, topic), the same on every machine.

The generator is Philox 4x64 with ten rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), word
for word that of numpy. Distributions are made from its bits with our own arithmetic. Each topic of a record has its own
numbers: what is drawn for the noise does not move the rhythm.
"""

from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import exp, log, normal_quantile
from chiron.synthesis.compiled import borrowing, compiled

__all__ = [
    "Bits",
    "Topic",
    "chance",
    "exponential",
    "from_quantiles",
    "log_normal",
    "log_uniform",
    "new_stream",
    "next_word",
    "normal",
    "pick",
    "uniform",
    "unit",
]

Bits = npt.NDArray[np.uint64]
_SIZE: Final = 11  # of a stream: key (2), counter (4), the words of this counter (4), how many of them are used
_UNIT: Final = 2.0**-53


class Topic(IntEnum):
    """What numbers are drawn for."""

    CONDITION = 0
    SHAPES = 1
    RHYTHM = 2
    BEATS = 3
    NOISE = 4
    DEVICE = 5
    READERS = 6
    BANK = 7
    PLAIN = 8


@compiled("uint64[::1](uint64, uint64, uint64)")
def new_stream(seed: int, index: int, topic: int) -> Bits:
    """The numbers of one record for one topic."""
    stream = np.zeros(11, dtype=np.uint64)
    stream[0], stream[1] = seed, index
    stream[5] = topic
    stream[10] = np.uint64(4)
    return stream


@compiled("UniTuple(uint64, 2)(uint64, uint64)")
def _product(a: int, b: int) -> tuple[int, int]:
    """The high and low words of a product of 64-bit words."""
    low_32 = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    a_high, a_low, b_high, b_low = a >> shift, a & low_32, b >> shift, b & low_32
    first = a_low * b_low
    middle = a_high * b_low + (first >> shift)
    cross = a_low * b_high + (middle & low_32)
    return a_high * b_high + (middle >> shift) + (cross >> shift), a * b  # type: ignore[return-value]


@borrowing("void(uint64[::1])")
def _advance(stream: Bits) -> None:
    """Count one on, and make the four words of that count."""
    for k in range(2, 6):
        stream[k] += np.uint64(1)
        if stream[k] != np.uint64(0):
            break
    c0, c1, c2, c3 = stream[2], stream[3], stream[4], stream[5]
    k0, k1 = stream[0], stream[1]
    for _ in range(10):
        high_0, low_0 = _product(np.uint64(0xD2E7470EE14C6C93), c0)
        high_1, low_1 = _product(np.uint64(0xCA5A826395121157), c2)
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0 += np.uint64(0x9E3779B97F4A7C15)
        k1 += np.uint64(0xBB67AE8584CAA73B)
    stream[6], stream[7], stream[8], stream[9] = c0, c1, c2, c3
    stream[10] = np.uint64(0)


@borrowing("uint64(uint64[::1])")
def next_word(stream: Bits) -> int:
    """64 random bits."""
    if stream[10] == np.uint64(4):
        _advance(stream)
    word = stream[6 + np.int64(stream[10])]
    stream[10] += np.uint64(1)
    return word  # type: ignore[no-any-return]


@borrowing("float64(uint64[::1])")
def unit(stream: Bits) -> float:
    """Uniform in (0, 1), never 0 or 1."""
    return (2.0 * np.float64(next_word(stream) >> np.uint64(12)) + 1.0) * _UNIT


@borrowing("float64(uint64[::1], float64, float64)")
def uniform(stream: Bits, low: float, high: float) -> float:
    """Uniform between low and high."""
    return low + (high - low) * unit(stream)  # type: ignore[no-any-return]


@borrowing("boolean(uint64[::1], float64)")
def chance(stream: Bits, share: float) -> bool:
    """True in `share` of the draws."""
    return unit(stream) < share  # type: ignore[no-any-return]


@borrowing("float64(uint64[::1], float64, float64)")
def normal(stream: Bits, mean: float, sd: float) -> float:
    """Normal with the given mean and standard deviation."""
    return mean + sd * normal_quantile(unit(stream))  # type: ignore[no-any-return]


@borrowing("float64(uint64[::1], float64, float64)")
def log_normal(stream: Bits, median: float, sigma: float) -> float:
    """Log-normal: `sigma` is the standard deviation of the natural logarithm."""
    return median * exp(sigma * normal_quantile(unit(stream)))  # type: ignore[no-any-return]


@borrowing("float64(uint64[::1], float64, float64)")
def log_uniform(stream: Bits, low: float, high: float) -> float:
    """Between low and high, uniform in the logarithm."""
    return low * exp(log(high / low) * unit(stream))  # type: ignore[no-any-return]


@borrowing("float64(uint64[::1], float64)")
def exponential(stream: Bits, mean: float) -> float:
    """Exponential waiting time."""
    return -mean * log(unit(stream))  # type: ignore[no-any-return]


@borrowing("int64(uint64[::1], float64[::1])")
def pick(stream: Bits, shares: npt.NDArray[np.float64]) -> int:
    """A position, each drawn with its share; the shares sum to 1."""
    left = unit(stream)
    for k in range(shares.size):
        left -= shares[k]
        if left < 0.0:
            return k
    last = shares.size - 1  # rounding: the last that is possible at all
    while shares[last] == 0.0:
        last -= 1
    return last


@borrowing("float64(uint64[::1], float64[::1])")
def from_quantiles(stream: Bits, quantiles: npt.NDArray[np.float64]) -> float:
    """From a distribution by its values at evenly spaced probabilities, linear in between."""
    at = unit(stream) * (quantiles.size - 1)
    k = min(int(at), quantiles.size - 2)
    return quantiles[k] + (at - k) * (quantiles[k + 1] - quantiles[k])  # type: ignore[no-any-return]
