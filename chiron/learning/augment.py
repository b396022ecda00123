"""Changes to a window that leave its labels true. Used in training only.

Shapes: batch B, leads L, samples T.
"""

from typing import Final

import torch
from torch import Tensor

__all__ = ["augment"]

_TIME_SCALE: Final = 0.12  # heart rates within +-12 %
_SHIFT: Final = 0.05  # of the window
_SHORTER_SHARE: Final = 0.15  # of the windows keep only a part, as short recordings have
_NOISY_SHARE: Final = 0.5
_NOISE: Final = 0.15  # largest standard deviation, in units of the typical R amplitude


def augment(x_BLT: Tensor, generator: torch.Generator) -> Tensor:
    """Time scale, shift, amplitude, polarity, length and noise, drawn anew for each window."""
    n, _, n_samples = x_BLT.shape
    device = x_BLT.device

    def uniform(low: float, high: float) -> Tensor:
        return (low + (high - low) * torch.rand(n, generator=generator)).to(device)

    x = _warp(x_BLT, 1 + uniform(-_TIME_SCALE, _TIME_SCALE), uniform(-_SHIFT, _SHIFT) * n_samples)
    sign = torch.sign(uniform(-1, 1))
    x = x * (sign * torch.exp(uniform(-0.4, 0.4)))[:, None, None]
    noise = torch.randn(x.shape, generator=generator).to(device)
    rough = uniform(0, 1)[:, None, None]
    noise = rough * noise + (1 - rough) * 3 * torch.nn.functional.avg_pool1d(noise, 15, stride=1, padding=7)
    loudness = uniform(0, _NOISE) * (uniform(0, 1) < _NOISY_SHARE)
    x = x + noise * loudness[:, None, None]
    return x * _kept(n_samples, uniform(0, 1) < _SHORTER_SHARE, uniform(0.4, 1.0), uniform(0, 1))


def _warp(x_BLT: Tensor, scale_B: Tensor, shift_B: Tensor) -> Tensor:
    """Read the window at `centre + (t - centre) * scale + shift`, linearly interpolated, zero outside."""
    n_samples = x_BLT.shape[-1]
    centre = (n_samples - 1) / 2
    t = torch.arange(n_samples, device=x_BLT.device) - centre
    at = centre + t[None, :] * scale_B[:, None] + shift_B[:, None]
    inside = (at >= 0) & (at <= n_samples - 1)
    at = at.clamp(0, n_samples - 1.001)
    left = at.long()
    weight = (at - left)[:, None, :]
    index = left[:, None, :].expand_as(x_BLT)
    return (x_BLT.gather(-1, index) * (1 - weight) + x_BLT.gather(-1, index + 1) * weight) * inside[:, None, :]


def _kept(n_samples: int, shorter_B: Tensor, share_B: Tensor, position_B: Tensor) -> Tensor:
    """A mask (B, 1, T): ones, or for shorter windows one stretch of ones."""
    share = torch.where(shorter_B, share_B, torch.ones_like(share_B))
    start = position_B * (1 - share)
    t = (torch.arange(n_samples, device=share.device) / n_samples)[None, :]
    return ((t >= start[:, None]) & (t < (start + share)[:, None])).float()[:, None, :]
