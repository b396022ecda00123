"""Networks: windows of any leads in, one logit per code out. Nothing in them is random but the first weights.

Not here: training (`chiron.learning.training`), and what a logit means (`schemas.training.ModelOutput`).
"""

from typing import Final

import torch

from chiron.learning.networks.multiscale import MultiScale
from chiron.learning.networks.network import Network
from chiron.learning.networks.resnet import ResNet
from chiron.learning.networks.xresnet import XResNet
from schemas.training import Architecture

__all__ = ["Network", "new_network"]

_KINDS: Final[tuple[type[Network], ...]] = (ResNet, XResNet, MultiScale)


def new_network(architecture: Architecture, n_leads: int, n_codes: int, seed: int) -> Network:
    """A network whose first weights depend on `seed` alone; the global random state is left as it was."""
    kind = next(kind for kind in _KINDS if kind.architecture is architecture)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return kind(n_leads, n_codes)
