"""A network that is pre-trained on real recordings without their labels.

Two windows of one recording, changed as in training, shall be more alike to the network than windows of different
recordings: SimCLR (Chen et al. 2020, arXiv 2002.05709) with segments of one recording as views, as in CLOCS (Kiyasseh
et al. 2021, arXiv 2005.13249). It was chosen by measurement over telling transformations apart (docs/boost.md). No
label is read. Shapes: records N, batch B of them, leads L, samples T, codes C.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from chiron.errors import BadParameters
from chiron.learning.batches import Examples
from chiron.learning.checkpoint import key_of
from chiron.learning.networks import Network, new_network
from chiron.learning.training import OnStep, Recipe, fit, head_of, unwatched
from schemas.training import Architecture

__all__ = ["Pairs", "Twins", "pretrained_on_unlabelled", "with_new_head"]

_RATE: Final = 3e-3
_BATCH: Final = 64  # recordings
_N_NUMBERS: Final = 64  # that stand for a window
_TEMPERATURE: Final = 0.1
_NEVER: Final = -1e4  # a logit: no window is compared with itself

Pair = tuple[np.ndarray, np.ndarray]


def pretrained_on_unlabelled(  # noqa: PLR0913 - as of every training
    examples: Examples,
    n_steps: int,
    *,
    seed: int,
    architecture: Architecture,
    checkpoint: Path | None = None,
    on_step: OnStep = unwatched,
) -> Network:
    """A network for the examples' leads and codes; its last layer is new, and knows nothing.

    A killed run goes on from its `checkpoint`. Raises BadParameters for fewer than two records.
    """
    n_leads, n_codes = examples.x_WLT.shape[1], examples.target_NC.shape[1]
    trunk = new_network(architecture, n_leads, _N_NUMBERS, seed).to(_device())
    recipe = Recipe(n_steps, _RATE, exclusive=True)
    fit(Twins(trunk), Pairs(examples, seed), recipe, seed=seed, on_step=on_step, checkpoint=checkpoint)
    return with_new_head(trunk, new_network(architecture, n_leads, n_codes, seed))


def with_new_head(trunk: Network, fresh: Network) -> Network:
    """`fresh`, a network of the same architecture, with all of the trunk's weights but those of the last layer."""
    head = {id(parameter) for parameter in head_of(trunk).parameters()}
    kept = {name: value for name, value in trunk.named_parameters() if id(value) not in head}
    fresh.load_state_dict({**fresh.state_dict(), **kept, **dict(trunk.named_buffers())})
    return fresh.to(next(trunk.parameters()).device).eval()


class Twins(nn.Module):
    """How alike each window of a batch is to every other one, as logits: the softmax is that of SimCLR's NT-Xent."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, x_BLT: Tensor) -> Tensor:
        """(B, B)."""
        z_BD = F.normalize(self.trunk(x_BLT).float(), dim=1)
        alike_BB = z_BD @ z_BD.T / _TEMPERATURE
        return alike_BB.float().masked_fill(torch.eye(len(x_BLT), dtype=torch.bool, device=x_BLT.device), _NEVER)


@dataclass(frozen=True, repr=False)
class Pairs:
    """Endless batches of pairs of windows; row i's twin is half a batch away. Batch k depends on the seed and k alone.

    x: (2 B, L, T); target: (2 B, 2 B), 1 where the other window is of the same recording.
    """

    examples: Examples
    seed: int

    def __post_init__(self) -> None:
        if self.examples.n_records < 2:
            raise BadParameters(
                f"records without labels: expected two at least, found {self.examples.n_records}; add recordings"
            )

    def __repr__(self) -> str:
        return f"Pairs({key_of(self.examples, {}, self.seed)})"  # by which a checkpoint knows what it was trained on

    def __iter__(self) -> Iterator[Pair]:
        return self.since(0)

    def since(self, step: int) -> Iterator[Pair]:
        """Batches `step`, `step` + 1, ..."""
        n_windows = np.bincount(self.examples.owner_W, minlength=self.examples.n_records)
        first = np.cumsum(n_windows) - n_windows
        n = min(_BATCH, self.examples.n_records)
        twin = np.roll(np.eye(2 * n, dtype=np.float32), n, axis=1)
        while True:
            rng = np.random.Generator(np.random.Philox(key=[self.seed, step]))
            of = np.tile(rng.permutation(self.examples.n_records)[:n], 2)
            window = first[of] + (rng.random(2 * n) * n_windows[of]).astype(np.int64)
            yield self.examples.x_WLT[window], twin
            step += 1


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
