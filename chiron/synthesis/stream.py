"""Random draws of one record: counter-based, keyed by (seed, index), the same on every machine.

Only the raw bits of numpy's Philox are used (numpy keeps them stable between versions); distributions are made from
them with our own arithmetic.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np

from chiron.synthesis.arithmetic import Floats, exp, log, normal_quantile, normals_from_bits

__all__ = ["Stream"]

T = TypeVar("T")
_BLOCK: Final = 256
_UNIT: Final = 2.0**-53


class Stream:
    """The random numbers of record `index` of a cohort. Draws depend on their order and on nothing else."""

    def __init__(self, seed: int, index: int) -> None:
        self._bits = np.random.Philox(key=np.array([seed, index], dtype=np.uint64))
        self._pool: list[int] = []

    def unit(self) -> float:
        """Uniform in (0, 1), never 0 or 1."""
        if not self._pool:
            self._pool = (self._bits.random_raw(_BLOCK) >> np.uint64(12)).tolist()
        return (2 * self._pool.pop() + 1) * _UNIT

    def uniform(self, low: float, high: float) -> float:
        """Uniform between low and high."""
        return low + (high - low) * self.unit()

    def chance(self, share: float) -> bool:
        """True in `share` of the draws."""
        return self.unit() < share

    def normal(self, mean: float = 0.0, sd: float = 1.0) -> float:
        """Normal with the given mean and standard deviation."""
        return mean + sd * float(normal_quantile(self.unit()))

    def log_normal(self, median: float, sigma: float) -> float:
        """Log-normal: `sigma` is the standard deviation of the natural logarithm."""
        return median * float(exp(sigma * self.normal()))

    def log_uniform(self, low: float, high: float) -> float:
        """Between low and high, uniform in the logarithm."""
        return low * float(exp(float(log(high / low)) * self.unit()))

    def exponential(self, mean: float) -> float:
        """Exponential waiting time."""
        return -mean * float(log(self.unit()))

    def pick(self, choices: Sequence[tuple[T, float]]) -> T:
        """One of (value, share) pairs; the shares sum to 1."""
        u = self.unit()
        for value, share in choices:
            u -= share
            if u < 0:
                return value
        return choices[-1][0]

    def normals(self, n: int) -> Floats:
        """n independent, nearly normal variates: for the samples of noise."""
        return normals_from_bits(self._bits.random_raw(n))  # type: ignore[no-any-return]
