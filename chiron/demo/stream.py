"""Random draws for plain Python code: the numbers of `chiron.synthesis.draws`, one at a time."""

from collections.abc import Sequence
from typing import TypeVar

from chiron.synthesis.draws import Topic, exponential, new_stream, normal, unit

__all__ = ["Stream"]

T = TypeVar("T")


class Stream:
    """The random numbers of (seed, index). Draws depend on their order and on nothing else."""

    def __init__(self, seed: int, index: int) -> None:
        self._bits = new_stream(seed, index, Topic.PLAIN)

    def unit(self) -> float:
        """Uniform in (0, 1), never 0 or 1."""
        return float(unit(self._bits))

    def uniform(self, low: float, high: float) -> float:
        """Uniform between low and high."""
        return low + (high - low) * self.unit()

    def chance(self, share: float) -> bool:
        """True in `share` of the draws."""
        return self.unit() < share

    def normal(self, mean: float = 0.0, sd: float = 1.0) -> float:
        """Normal with the given mean and standard deviation."""
        return float(normal(self._bits, mean, sd))

    def exponential(self, mean: float) -> float:
        """Exponential waiting time."""
        return float(exponential(self._bits, mean))

    def pick(self, choices: Sequence[tuple[T, float]]) -> T:
        """One of (value, share) pairs; the shares sum to 1."""
        u = self.unit()
        for value, share in choices:
            u -= share
            if u < 0:
                return value
        return choices[-1][0]
