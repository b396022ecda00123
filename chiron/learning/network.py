"""A small one-dimensional residual network.

Shapes: batch B, leads L, samples T, features D, codes C. x_BLT -> logits_BC. The stem divides the rate by four, each
block by two: on a processor most of the time goes into the first layers, and a beat's place is kept in the channels.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["ARCHITECTURE", "Network", "new_network"]

ARCHITECTURE: Final = "resnet1d-1"  # name and version; changing a layer makes another one

_STEM_KERNEL: Final = 15
_STEM_STRIDE: Final = 4
_KERNEL: Final = 9
_WIDTHS: Final = (16, 32, 48, 64)


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


class Network(nn.Module):
    """Stem, four blocks, mean and maximum over time, one linear layer."""

    def __init__(self, n_leads: int, n_codes: int) -> None:
        super().__init__()
        self.stem = nn.Conv1d(
            n_leads, _WIDTHS[0], _STEM_KERNEL, stride=_STEM_STRIDE, padding=_STEM_KERNEL // 2, bias=False
        )
        self.stem_norm = nn.BatchNorm1d(_WIDTHS[0])
        self.blocks = nn.Sequential(*(_Block(a, b) for a, b in zip((_WIDTHS[0], *_WIDTHS[:-1]), _WIDTHS, strict=True)))
        self.head = nn.Linear(2 * _WIDTHS[-1], n_codes)

    def forward(self, x_BLT: Tensor) -> Tensor:
        """Logits of every code, (B, C)."""
        h_BDT = self.blocks(F.relu(self.stem_norm(self.stem(x_BLT))))
        logits_BC: Tensor = self.head(torch.cat([h_BDT.mean(dim=-1), h_BDT.amax(dim=-1)], dim=1))
        return logits_BC


def new_network(n_leads: int, n_codes: int, seed: int) -> Network:
    """A network whose first weights depend on `seed` alone; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(n_leads, n_codes)
