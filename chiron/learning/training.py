"""One training loop: pre-training on stored or generated records, from scratch, fine-tuning, self-supervision.

They differ in the examples and in `Recipe`. Not here: how a batch is put together (`batches`), losses (`losses`), what
is kept for after a kill (`checkpoint`).

Shapes: records N, windows W, leads L, samples T, codes C, batch B.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import nn

from chiron.errors import BadParameters
from chiron.learning.augment import augment
from chiron.learning.batches import Batch, Examples, Given, batches_of, generator_at, seed_of
from chiron.learning.checkpoint import Keeper, key_of
from chiron.learning.losses import balanced, each_code_apart, one_code_of_all
from chiron.learning.state import TrainingState
from chiron.settings import settings
from schemas.training import Augmentation

__all__ = [
    "Examples",
    "OnStep",
    "Recipe",
    "Trace",
    "computes_in_bfloat16",
    "fit",
    "head_of",
    "mean_over_windows",
    "one_cycle",
    "predict",
    "record_logits",
    "unwatched",
    "window_logits",
]

_LOG_EVERY: Final = 20
_PREDICT_BATCH: Final = 256
_LARGEST_GRADIENT: Final = 5.0
_EVERYTHING: Final = Augmentation()

OnStep = Callable[[int, int], None]


@dataclass(frozen=True)
class Recipe:
    """How long and how strongly to train."""

    n_steps: int
    learning_rate: float  # the highest of the cycle
    batch: int = 64
    weight_decay: float = 1e-2
    freeze_norm: bool = False  # keep the batch statistics of pre-training: a few real records can't estimate them
    head_only: bool = False  # move the last layer alone
    augmentation: Augmentation | None = _EVERYTHING
    leads: tuple[str, ...] = ()  # their names, for augmentation
    fs_hz: float = 100.0  # of the windows, for augmentation
    exclusive: bool = False  # every record has exactly one of the codes: softmax, else one sigmoid per code
    balanced: bool = False  # rare classes count as much as frequent ones; of stored examples only


@dataclass(frozen=True)
class Trace:
    """Mean loss of each stretch of steps."""

    step: tuple[int, ...]
    loss: tuple[float, ...]
    waiting: float = field(default=0.0, compare=False)  # share of the time in which batches were put together


def unwatched(done: int, total: int) -> None:
    """The default of `on_step`: nobody watches."""


def fit(  # noqa: PLR0913 - two of them are for those who watch a run, and may kill it
    network: nn.Module,
    examples: Examples | Iterable[Given],
    recipe: Recipe,
    *,
    seed: int,
    on_step: OnStep = unwatched,
    checkpoint: Path | None = None,
) -> Trace:
    """Train in place with AdamW and a one-cycle rate, in half precision where the device computes in it.

    examples: stored ones, or a stream of batches x (B, L, T), target (B, C) and, if need be, weight (B, C), as arrays
    or tensors. The same seed, examples, machine and thread count give the same weights, also where a run was killed and
    goes on from its `checkpoint`. Raises BadParameters where a stream ends early, or shall be balanced.
    """
    device = next(network.parameters()).device
    key = key_of(examples, network.state_dict(), recipe, seed, str(device)) if checkpoint else ""
    keeper = Keeper(checkpoint, key) if checkpoint else None
    moved = tuple((head_of(network) if recipe.head_only else network).parameters())
    state = TrainingState(network, moved, recipe.n_steps, recipe.weight_decay)
    if keeper is not None and (kept := keeper.kept()):
        state.resume(*kept)
    examples = _balanced(examples, recipe)
    batches = _Timed(batches_of(examples, recipe.batch, seed=seed, device=device, first=state.done))
    with _repeatable(device), _moving(network, moved):
        _set_mode(network, recipe)
        for done in _steps(state, batches, recipe, seed):
            if done % _LOG_EVERY == 0 or done == recipe.n_steps:
                on_step(done, recipe.n_steps)
            if keeper is not None and keeper.is_due():
                keeper.keep(done, state.tensors())
    network.eval()
    if keeper is not None:
        keeper.drop()
    return _trace(state.losses.tolist(), batches.waiting)


def _steps(state: TrainingState, batches: Iterator[Batch], recipe: Recipe, seed: int) -> Iterator[int]:
    """All steps that are left; after each, how many are done. None of them waits for the device."""
    device = state.losses.device
    half = computes_in_bfloat16(device)
    network = torch.compile(state.network) if settings().compile else state.network
    loss_of = one_code_of_all if recipe.exclusive else each_code_apart
    for step in range(state.done, recipe.n_steps):
        batch = next(batches, None)
        if batch is None:
            raise BadParameters(f"stream: expected {recipe.n_steps} batches, found {step}; make it longer")
        batch = _augmented(batch, recipe, generator_at(device, seed, "augment", step))
        torch.manual_seed(seed_of(seed, "layers", step))  # of layers that draw; `_repeatable` puts the old state back
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            logits_BC = network(batch.x_BLT)
        loss = loss_of(logits_BC.float(), batch.target_BC, batch.weight_BC)
        rate, momentum = one_cycle(step, recipe.n_steps, recipe.learning_rate)
        state.step(loss, rate, momentum, _LARGEST_GRADIENT)
        yield state.done


class _Timed:
    """Batches, and the share of the time since the first was asked for in which they were put together."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches, self._waited_s, self._start_s = batches, 0.0, 0.0

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        asked_s = time.perf_counter()
        self._start_s = self._start_s or asked_s
        batch = next(self._batches)
        self._waited_s += time.perf_counter() - asked_s
        return batch

    @property
    def waiting(self) -> float:
        """In [0, 1]."""
        return self._waited_s / max(time.perf_counter() - self._start_s, 1e-9)


def one_cycle(step: int, n_steps: int, highest: float) -> tuple[float, float]:
    """Learning rate and first momentum of a step: up for 15 % of the steps, then down (Smith & Topin 2018).

    As torch's `OneCycleLR(highest, total_steps=n_steps + 1, pct_start=0.15)`, which can't start at any step.
    """
    lowest, top = highest / 25, 0.15 * (n_steps + 1) - 1
    if step <= top:
        return _between(lowest, highest, step / top), _between(0.95, 0.85, step / top)
    share = (step - top) / (n_steps - top)
    return _between(highest, lowest / 1e4, share), _between(0.85, 0.95, share)


def _between(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


def computes_in_bfloat16(device: torch.device) -> bool:
    """Whether half precision is quicker there: half the time of a step on processors with AVX512-BF16."""
    if device.type == "cpu":
        return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def head_of(network: nn.Module) -> nn.Linear:
    """The last linear layer: features to codes."""
    return [module for module in network.modules() if isinstance(module, nn.Linear)][-1]


def predict(network: nn.Module, examples: Examples, *, exclusive: bool = False) -> np.ndarray:
    """Probability of each code, (N, C) float64, from the mean logit over a record's windows.

    exclusive: one code excludes the others, and the probabilities sum to one.
    """
    mean_NC = torch.from_numpy(record_logits(network, examples))
    return np.asarray(torch.softmax(mean_NC, dim=1) if exclusive else torch.sigmoid(mean_NC))


def record_logits(network: nn.Module, examples: Examples) -> np.ndarray:
    """The mean logit of each code over a record's windows, (N, C) float64."""
    return mean_over_windows(window_logits(network, examples.x_WLT), examples.owner_W, examples.n_records)


def mean_over_windows(logits_WC: np.ndarray, owner_W: np.ndarray, n_records: int) -> np.ndarray:
    """The mean of each record's windows, (N, C); `owner_W` says whose each is."""
    sums_NC = np.zeros((n_records, logits_WC.shape[1]))
    np.add.at(sums_NC, owner_W, logits_WC)
    return np.asarray(sums_NC / np.bincount(owner_W, minlength=n_records)[:, None])


def window_logits(network: nn.Module, x_WLT: np.ndarray) -> np.ndarray:
    """The logit of each code in each window, (W, C) float64."""
    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode():
        parts = [
            network(torch.from_numpy(x_WLT[i : i + _PREDICT_BATCH]).to(device)).double().cpu().numpy()
            for i in range(0, len(x_WLT), _PREDICT_BATCH)
        ]
    return np.concatenate(parts)


def _augmented(batch: Batch, recipe: Recipe, generator: torch.Generator) -> Batch:
    if recipe.augmentation is None:
        return batch
    return Batch(*augment(*batch, recipe.augmentation, generator, leads=recipe.leads, fs_hz=recipe.fs_hz))


def _balanced(examples: Examples | Iterable[Given], recipe: Recipe) -> Examples | Iterable[Given]:
    if not recipe.balanced:
        return examples
    if not isinstance(examples, Examples):
        raise BadParameters("balanced: expected stored examples, found a stream; balance what the stream generates")
    weight_NC = balanced(examples.target_NC, examples.weight_NC, exclusive=recipe.exclusive)
    return Examples(examples.x_WLT, examples.owner_W, examples.target_NC, weight_NC)


@contextmanager
def _repeatable(device: torch.device) -> Iterator[None]:
    """The same steps give the same bits; the global random state is left as it was."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.backends.cudnn.flags(benchmark=False, deterministic=True):
        yield


@contextmanager
def _moving(network: nn.Module, moved: tuple[nn.Parameter, ...]) -> Iterator[None]:
    """Gradients are made for these parameters alone."""
    wanted = {id(parameter) for parameter in moved}
    still = [p for p in network.parameters() if id(p) not in wanted and p.requires_grad]
    for parameter in still:
        parameter.requires_grad_(False)
    yield
    for parameter in still:
        parameter.requires_grad_(True)


def _set_mode(network: nn.Module, recipe: Recipe) -> None:
    network.train()
    if recipe.freeze_norm or recipe.head_only:
        for module in network.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()


def _trace(losses: list[float], waiting: float) -> Trace:
    stretch = max(len(losses) // 50, 1)
    starts = range(0, len(losses) - stretch + 1, stretch)
    return Trace(
        tuple(start + stretch for start in starts),
        tuple(float(np.mean(losses[start : start + stretch])) for start in starts),
        waiting,
    )
