"""xresnet1d50, of the PTB-XL benchmark (Strodthoff, Wagner, Schaeffter and Samek 2021, arXiv 2004.13701).

Three convolutions as the stem, four stages of 3, 4, 6 and 3 bottlenecks of 64 inner and 256 outer channels with kernels
of 5 (He et al. 2019, "Bag of tricks": an average before a shortcut that halves the rate, a last norm that begins at
zero), mean and maximum over time, and two linear layers. One thing differs: no dropout between the last layers, because
nothing in a network is random here, so that training can be resumed exactly.

Shapes: batch B, leads L, samples T, codes C. x_BLT -> logits_BC. The rate is divided by 32.
"""

from typing import ClassVar, Final

from torch import Tensor, nn
from torch.nn import functional as F

from chiron.learning.networks.network import Network, mean_and_maximum
from schemas.training import Architecture

__all__ = ["XResNet"]

_STEM: Final = (32, 32, 64)
_KERNEL: Final = 5
_STAGES: Final = (3, 4, 6, 3)  # bottlenecks
_INNER: Final = 64
_OUTER: Final = 256
_HIDDEN: Final = 128


class XResNet(Network):
    """Stem, four stages of bottlenecks, a head of two layers."""

    architecture: ClassVar = Architecture.XRESNET

    def __init__(self, n_leads: int, n_codes: int) -> None:
        super().__init__(n_leads, n_codes)
        stem = zip((n_leads, *_STEM[:-1]), _STEM, (2, 1, 1), strict=True)
        self.stem = nn.Sequential(*(_active(a, b, _KERNEL, stride) for a, b, stride in stem), nn.MaxPool1d(3, 2, 1))
        self.stages = nn.Sequential(*(_stage(i, n) for i, n in enumerate(_STAGES)))
        self.head = nn.Sequential(
            nn.BatchNorm1d(2 * _OUTER),
            nn.Linear(2 * _OUTER, _HIDDEN),
            nn.ReLU(),
            nn.BatchNorm1d(_HIDDEN),
            nn.Linear(_HIDDEN, n_codes),
        )
        self.apply(_initialise)

    def forward(self, x_BLT: Tensor) -> Tensor:
        """Logits of every code, (B, C)."""
        logits_BC: Tensor = self.head(mean_and_maximum(self.stages(self.stem(x_BLT))))
        return logits_BC


class _Bottleneck(nn.Module):
    """A narrow convolution between two of one sample, and a shortcut. stride: 2 halves the rate."""

    def __init__(self, n_in: int, stride: int) -> None:
        super().__init__()
        last = _normed(_INNER, _OUTER, 1, scale=0.0)  # so that a block begins as its shortcut
        self.convolutions = nn.Sequential(_active(n_in, _INNER, 1), _active(_INNER, _INNER, _KERNEL, stride), last)
        halved = [nn.AvgPool1d(2, ceil_mode=True)] if stride == 2 else []
        widened = [_normed(n_in, _OUTER, 1)] if n_in != _OUTER else []
        self.shortcut = nn.Sequential(*halved, *widened)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.convolutions(x) + self.shortcut(x))


def _stage(position: int, n_blocks: int) -> nn.Sequential:
    first = _Bottleneck(_STEM[-1], 1) if position == 0 else _Bottleneck(_OUTER, 2)
    return nn.Sequential(first, *(_Bottleneck(_OUTER, 1) for _ in range(n_blocks - 1)))


def _normed(n_in: int, n_out: int, kernel: int, stride: int = 1, *, scale: float = 1.0) -> nn.Sequential:
    """A convolution and its norm, which begins with this scale."""
    norm = nn.BatchNorm1d(n_out)
    nn.init.constant_(norm.weight, scale)
    return nn.Sequential(nn.Conv1d(n_in, n_out, kernel, stride, kernel // 2, bias=False), norm)


def _active(n_in: int, n_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(_normed(n_in, n_out, kernel, stride), nn.ReLU())


def _initialise(module: nn.Module) -> None:
    """He's weights."""
    if isinstance(module, nn.Conv1d | nn.Linear):
        nn.init.kaiming_normal_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
