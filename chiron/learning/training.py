"""One training loop for every arm: pre-training, from scratch and fine-tuning differ in `Recipe` only.

Shapes: records N, windows W (every record has at least one), leads L, samples T, codes C, batch B.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from chiron.learning.augment import augment
from chiron.learning.network import Network

__all__ = ["Examples", "Recipe", "Trace", "fit", "optimizer_of", "predict", "unwatched", "window_logits"]

_LOG_EVERY: Final = 20
_PREDICT_BATCH: Final = 256


@dataclass(frozen=True)
class Examples:
    """Windows and targets. owner_W says whose record a window is; target_NC is nan where a code was not read."""

    x_WLT: np.ndarray  # float32
    owner_W: np.ndarray  # int64, ascending
    target_NC: np.ndarray  # float32, probability
    weight_NC: np.ndarray  # float32 in [0, 1]

    @property
    def n_records(self) -> int:
        """N."""
        return len(self.target_NC)

    def take(self, records: np.ndarray) -> "Examples":
        """Only these records, renumbered in ascending order."""
        kept = np.unique(records)
        windows = np.isin(self.owner_W, kept)
        owner = np.searchsorted(kept, self.owner_W[windows])
        return Examples(self.x_WLT[windows], owner, self.target_NC[kept], self.weight_NC[kept])


@dataclass(frozen=True)
class Recipe:
    """How long and how strongly to train."""

    n_steps: int
    learning_rate: float
    batch: int = 64
    weight_decay: float = 1e-2
    freeze_norm: bool = False  # keep the batch statistics of pre-training: a few real records can't estimate them
    augmented: bool = True


@dataclass(frozen=True)
class Trace:
    """Mean loss of each stretch of steps."""

    step: tuple[int, ...]
    loss: tuple[float, ...]


def unwatched(done: int, total: int) -> None:
    """The default of `on_step`: nobody watches."""


def fit(
    network: Network,
    examples: Examples,
    recipe: Recipe,
    *,
    seed: int,
    on_step: Callable[[int, int], None] = unwatched,
) -> Trace:
    """Train in place with AdamW and a one-cycle rate. The same seed, machine and thread count give the same weights."""
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    optimizer, schedule = optimizer_of(network, recipe)
    batches = _Batches(examples, recipe, generator, device)
    _set_mode(network, recipe)
    losses: list[float] = []
    for step in range(recipe.n_steps):
        x_BLT, target_BC, weight_BC = batches.next()
        optimizer.zero_grad(set_to_none=True)
        loss = _loss(network(x_BLT), target_BC, weight_BC)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if (step + 1) % _LOG_EVERY == 0 or step + 1 == recipe.n_steps:
            on_step(step + 1, recipe.n_steps)
    network.eval()
    return _trace(losses)


def optimizer_of(network: Network, recipe: Recipe) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.OneCycleLR]:
    """AdamW, and the one-cycle rate that is stepped with it."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=recipe.n_steps + 1, pct_start=0.15
    )
    return optimizer, schedule


def predict(network: Network, examples: Examples) -> np.ndarray:
    """Probability of each code, (N, C) float64: the sigmoid of the mean logit over a record's windows."""
    logits_WC = window_logits(network, examples.x_WLT)
    sums_NC = np.zeros((examples.n_records, logits_WC.shape[1]))
    np.add.at(sums_NC, examples.owner_W, logits_WC)
    mean_NC = sums_NC / np.bincount(examples.owner_W, minlength=examples.n_records)[:, None]
    return np.asarray(1 / (1 + np.exp(-mean_NC)))


def window_logits(network: Network, x_WLT: np.ndarray) -> np.ndarray:
    """The logit of each code in each window, (W, C) float64."""
    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode():
        parts = [
            network(torch.from_numpy(x_WLT[i : i + _PREDICT_BATCH]).to(device)).double().cpu().numpy()
            for i in range(0, len(x_WLT), _PREDICT_BATCH)
        ]
    return np.concatenate(parts)


class _Batches:
    """Endless batches: every pass sees each record once, in a new order, with a random window of it."""

    def __init__(self, examples: Examples, recipe: Recipe, generator: torch.Generator, device: torch.device) -> None:
        self._x = torch.from_numpy(examples.x_WLT)
        self._target = torch.from_numpy(examples.target_NC)
        self._weight = torch.from_numpy(examples.weight_NC)
        count = np.bincount(examples.owner_W, minlength=examples.n_records)
        self._count = torch.from_numpy(count)
        self._first = torch.from_numpy(np.cumsum(count) - count)
        self._recipe, self._generator, self._device = recipe, generator, device
        self._order = torch.empty(0, dtype=torch.int64)

    def next(self) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, L, T), target (B, C), weight (B, C) on the device."""
        while len(self._order) < self._recipe.batch:
            again = torch.randperm(len(self._target), generator=self._generator)
            self._order = torch.cat([self._order, again])
        chosen, self._order = self._order[: self._recipe.batch], self._order[self._recipe.batch :]
        position = torch.rand(len(chosen), generator=self._generator)
        window = self._first[chosen] + (position * self._count[chosen]).long()
        x = self._x[window].to(self._device)
        if self._recipe.augmented:
            x = augment(x, self._generator)
        return x, self._target[chosen].to(self._device), self._weight[chosen].to(self._device)


def _loss(logits_BC: Tensor, target_BC: Tensor, weight_BC: Tensor) -> Tensor:
    """Weighted binary cross-entropy over the codes that were read."""
    read = torch.isfinite(target_BC)
    weight = weight_BC * read
    each = F.binary_cross_entropy_with_logits(logits_BC, torch.nan_to_num(target_BC), reduction="none")
    return (each * weight).sum() / weight.sum().clamp(min=1e-6)


def _set_mode(network: Network, recipe: Recipe) -> None:
    network.train()
    if recipe.freeze_norm:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.eval()


def _trace(losses: list[float]) -> Trace:
    stretch = max(len(losses) // 50, 1)
    starts = range(0, len(losses) - stretch + 1, stretch)
    return Trace(
        tuple(start + stretch for start in starts),
        tuple(float(np.mean(losses[start : start + stretch])) for start in starts),
    )
