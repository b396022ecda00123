"""A small one-dimensional residual network: the default on a processor.

Shapes: batch B, leads L, samples T, features D, codes C. x_BLT -> logits_BC. The stem divides the rate by four, each
block by two: on a processor most of the time goes into the first layers, and a beat's place is kept in the channels.
"""

from typing import ClassVar, Final

from torch import Tensor, nn
from torch.nn import functional as F

from chiron.learning.networks.network import Network, mean_and_maximum
from schemas.training import Architecture

__all__ = ["DIVIDES_BY", "WIDTHS", "ResNet", "Trunk"]

_STEM_KERNEL: Final = 15
_STEM_STRIDE: Final = 4
_KERNEL: Final = 9
WIDTHS: Final = (16, 32, 48, 64)
DIVIDES_BY: Final = _STEM_STRIDE * 2 ** len(WIDTHS)
"""Samples of the input for one time of the features."""


class _Block(nn.Module):
    """Two convolutions and a shortcut; halves the rate."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(n_in, n_out, _KERNEL, stride=2, padding=_KERNEL // 2, bias=False)
        self.first_norm = nn.BatchNorm1d(n_out)
        self.second = nn.Conv1d(n_out, n_out, _KERNEL, padding=_KERNEL // 2, bias=False)
        self.second_norm = nn.BatchNorm1d(n_out)
        self.shortcut = nn.Conv1d(n_in, n_out, 1, stride=2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(h)) + self.shortcut(x))


class Trunk(Network):
    """Stem and four blocks."""

    def __init__(self, n_leads: int, n_codes: int) -> None:
        super().__init__(n_leads, n_codes)
        self.stem = nn.Conv1d(
            n_leads, WIDTHS[0], _STEM_KERNEL, stride=_STEM_STRIDE, padding=_STEM_KERNEL // 2, bias=False
        )
        self.stem_norm = nn.BatchNorm1d(WIDTHS[0])
        self.blocks = nn.Sequential(*(_Block(a, b) for a, b in zip((WIDTHS[0], *WIDTHS[:-1]), WIDTHS, strict=True)))

    def features(self, x_BLT: Tensor) -> Tensor:
        """(B, D, T / `DIVIDES_BY`), rounded up."""
        h_BDT: Tensor = self.blocks(F.relu(self.stem_norm(self.stem(x_BLT))))
        return h_BDT


class ResNet(Trunk):
    """The trunk, mean and maximum over time, one linear layer."""

    architecture: ClassVar = Architecture.RESNET

    def __init__(self, n_leads: int, n_codes: int) -> None:
        super().__init__(n_leads, n_codes)
        self.head = nn.Linear(2 * WIDTHS[-1], n_codes)

    def forward(self, x_BLT: Tensor) -> Tensor:
        """Logits of every code, (B, C)."""
        logits_BC: Tensor = self.head(mean_and_maximum(self.features(x_BLT)))
        return logits_BC
