"""What all networks have in common.

Shapes: batch B, leads L, samples T, features D, codes C.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from schemas.training import Architecture

__all__ = ["Network", "mean_and_maximum"]


class Network(nn.Module):
    """x_BLT -> logits_BC, of any length. A window is judged by itself, never by its batch."""

    architecture: ClassVar[Architecture]

    def __init__(self, n_leads: int, n_codes: int) -> None:
        super().__init__()
        self.n_leads, self.n_codes = n_leads, n_codes


def mean_and_maximum(h_BDT: Tensor) -> Tensor:
    """How much of each feature there is over time, and whether it is there at all: (B, 2 D)."""
    return torch.cat([h_BDT.mean(dim=-1), h_BDT.amax(dim=-1)], dim=1)
