"""Random draws of many records at once on any device, and arrays on their way there.

The distributions are those of `chiron.synthesis.draws`, the numbers are torch's. Shapes: N records first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

__all__ = ["Draws", "on"]


def on(device: torch.device, x: npt.ArrayLike) -> Tensor:
    """Numbers as float32, positions and flags as int64."""
    values = np.asarray(x)
    wanted = np.float32 if values.dtype.kind == "f" else np.int64
    return torch.from_numpy(np.ascontiguousarray(values, dtype=wanted)).to(device)


@dataclass(frozen=True)
class Draws:
    """Draws of shape (N, *shape)."""

    generator: torch.Generator
    n: int

    def unit(self, *shape: int) -> Tensor:
        """Uniform in [0, 1)."""
        return torch.rand(self.n, *shape, generator=self.generator, device=self.generator.device)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Uniform between low and high."""
        return low + (high - low) * self.unit(*shape)

    def chance(self, share: float | Tensor, *shape: int) -> Tensor:
        """True in `share` of the draws."""
        return self.unit(*shape) < share

    def sign(self, minus: float, *shape: int) -> Tensor:
        """-1 in the share `minus` of the draws, else 1."""
        return 1.0 - 2.0 * self.chance(minus, *shape).float()

    def normal(self, sd: float, *shape: int) -> Tensor:
        """Normal around 0."""
        return sd * torch.randn(self.n, *shape, generator=self.generator, device=self.generator.device)

    def log_normal(self, median: float, sigma: float, *shape: int) -> Tensor:
        """`sigma` is the standard deviation of the natural logarithm."""
        return median * torch.exp(self.normal(sigma, *shape))

    def log_uniform(self, low: float | Tensor, high: float | Tensor, *shape: int) -> Tensor:
        """Uniform in the logarithm."""
        return low * torch.exp(torch.log(torch.as_tensor(high) / low) * self.unit(*shape))

    def below(self, most: int, *shape: int) -> Tensor:
        """A whole number from 0 to most - 1."""
        return (self.unit(*shape) * most).long().clamp_(max=most - 1)

    def pick(self, shares: Tensor | Sequence[float]) -> Tensor:
        """(N,) a position, each with its share: (K,) or (N, K)."""
        cumulated = torch.as_tensor(shares, device=self.generator.device).cumsum(-1)
        return (self.unit(1) >= cumulated[..., :-1]).sum(-1)
