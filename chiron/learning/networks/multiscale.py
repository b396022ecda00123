"""One residual trunk that looks at the same recording at four zoom levels, with the same weights at each.

A heart that beats half as fast, read at half the rate, looks the same: what is learned at one zoom is known at the
others. At 100 Hz the first level shows waves, the last (12.5 Hz) little but the rhythm, of which one time of the
features then sees the whole window. The levels stand one after the other in one long input, apart by zeros, so that
convolutions and batch statistics are one and the same for all of them, in training as in use, and a pass is one pass.
Mean and maximum of each level go to the head side by side: what a feature means depends on the level.

It costs twice what the trunk alone does (1 + 1/2 + 1/4 + 1/8, and the zeros).

Shapes: batch B, leads L, samples T, features D, codes C. x_BLT -> logits_BC.
"""

from collections.abc import Iterator
from typing import ClassVar, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from chiron.learning.networks.network import mean_and_maximum
from chiron.learning.networks.resnet import DIVIDES_BY, WIDTHS, Trunk
from schemas.training import Architecture

__all__ = ["MultiScale"]

_ZOOMS: Final = (1, 2, 4, 8)  # samples that one becomes


class MultiScale(Trunk):
    """The small network's trunk, shared by the levels, and one linear layer over what all of them found."""

    architecture: ClassVar = Architecture.MULTISCALE

    def __init__(self, n_leads: int, n_codes: int) -> None:
        super().__init__(n_leads, n_codes)
        self.head = nn.Linear(len(_ZOOMS) * 2 * WIDTHS[-1], n_codes)

    def forward(self, x_BLT: Tensor) -> Tensor:
        """Logits of every code, (B, C)."""
        levels = [_between_zeros(x_BLT if zoom == 1 else F.avg_pool1d(x_BLT, zoom)) for zoom in _ZOOMS]
        h_BDT = self.features(torch.cat(levels, dim=-1))
        found = [mean_and_maximum(h_BDT[..., a:b]) for a, b in _places([x.shape[-1] for x in levels])]
        logits_BC: Tensor = self.head(torch.cat(found, dim=1))
        return logits_BC


def _between_zeros(x_BLT: Tensor) -> Tensor:
    """A whole number of the features' times long, and one time of zeros more."""
    n = x_BLT.shape[-1]
    return F.pad(x_BLT, (0, (-n) % DIVIDES_BY + DIVIDES_BY))


def _places(lengths: list[int]) -> Iterator[tuple[int, int]]:
    """Where each level stands among the features, without its zeros."""
    start = 0
    for length in lengths:
        stop = start + length // DIVIDES_BY
        yield start, stop - 1
        start = stop
