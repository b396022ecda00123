"""Batches of examples on the device that computes. Batch k depends on the examples, the seed and k alone.

So a run that was killed goes on at batch k without anything that was drawn before. Not here: changes to windows
(`augment`), how examples are generated (`streaming`, `device_cohort`).

Shapes: records N, windows W (every record has at least one), batch B, leads L, samples T, codes C.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count, islice
from typing import Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

__all__ = ["Batch", "Examples", "Given", "Startable", "Stored", "batches_of", "generator_at", "seed_of"]

_SHARE_OF_FREE: Final = 0.6  # of a GPU's free memory that examples may fill

Given = tuple[np.ndarray | Tensor, ...]
"""x (B, L, T), target (B, C; nan where a code was not read) and, where they differ, weight (B, C)."""


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


class Batch(NamedTuple):
    """Tensors on the device. Where a code was not read, its target and weight are zero."""

    x_BLT: Tensor
    target_BC: Tensor
    weight_BC: Tensor


@runtime_checkable
class Startable(Protocol):
    """A stream that starts at any batch without making those before it."""

    def since(self, step: int) -> Iterator[Given]:
        """Batches `step`, `step` + 1, ..."""
        ...


def batches_of(
    examples: Examples | Iterable[Given], batch: int, *, seed: int, device: torch.device, first: int = 0
) -> Iterator[Batch]:
    """Batch `first` and those after it. A stream ends where it ends; stored examples never do."""
    if isinstance(examples, Examples):
        return Stored(examples, batch, seed=seed, device=device).since(first)
    given = examples.since(first) if isinstance(examples, Startable) else islice(examples, first, None)
    return _on_device(map(_whole, given), device)


def generator_at(device: torch.device, *key: object) -> torch.Generator:
    """Random numbers on the device that depend on the key alone."""
    return torch.Generator(device).manual_seed(seed_of(*key))


def seed_of(*key: object) -> int:
    """A seed of 63 bits that depends on the key alone."""
    return int.from_bytes(blake2b(repr(key).encode(), digest_size=8).digest(), "big") >> 1


class Stored:
    """Endless batches: every pass sees each record once, in a new order, with a random window of it.

    The examples lie in the device's memory where it has room, else in the host's.
    """

    def __init__(self, examples: Examples, batch: int, *, seed: int, device: torch.device) -> None:
        self._device, self._seed, self._batch = device, seed, batch
        self._home = device if _has_room(device, examples.x_WLT.nbytes) else torch.device("cpu")
        n_windows = np.bincount(examples.owner_W, minlength=examples.n_records)
        self._n_records = examples.n_records
        self._x = torch.from_numpy(examples.x_WLT).to(self._home)
        self._target, self._weight = (
            part.to(self._home)
            for part in _read_only(torch.from_numpy(examples.target_NC), torch.from_numpy(examples.weight_NC))
        )
        self._count = torch.from_numpy(n_windows).to(self._home)
        self._first = torch.from_numpy(np.cumsum(n_windows) - n_windows).to(self._home)
        self._orders: dict[int, Tensor] = {}

    def since(self, first: int) -> Iterator[Batch]:
        """Batch `first` and those after it, on the device."""
        return _on_device(map(self._at, count(first)), self._device)

    def _at(self, k: int) -> Batch:
        chosen = self._records(k * self._batch)
        position = torch.rand(
            self._batch, generator=generator_at(self._home, self._seed, "window", k), device=self._home
        )
        window = self._first[chosen] + (position * self._count[chosen]).long()
        return Batch(self._x[window], self._target[chosen], self._weight[chosen])

    def _records(self, first: int) -> Tensor:
        """A batch of positions `first`, ... in the endless row of passes."""
        stop, parts = first + self._batch, []
        for each in range(first // self._n_records, (stop - 1) // self._n_records + 1):
            start = each * self._n_records
            parts.append(self._order(each)[max(first - start, 0) : stop - start])
        return torch.cat(parts)

    def _order(self, each: int) -> Tensor:
        """The records in the order of a pass."""
        if each not in self._orders:
            rng = np.random.Generator(np.random.Philox(key=[self._seed, each]))
            self._orders = {each: torch.from_numpy(rng.permutation(self._n_records)).to(self._home)}
        return self._orders[each]


def _whole(given: Given) -> Batch:
    """A stream's batch; without weights all that was read counts as one."""
    x, target, *weights = map(torch.as_tensor, given)
    return Batch(x, *_read_only(target, weights[0] if weights else torch.ones_like(target)))


def _read_only(target: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Both zero where a code was not read: nan times zero would be nan."""
    read = torch.isfinite(target)
    return torch.where(read, target, 0.0), torch.where(read, weight, 0.0)


def _has_room(device: torch.device, n_bytes: int) -> bool:
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return n_bytes < _SHARE_OF_FREE * free


def _on_device(batches: Iterator[Batch], device: torch.device) -> Iterator[Batch]:
    """The same batches; to a GPU one is copied, from pinned memory, while it computes on the one before."""
    if device.type != "cuda":
        yield from batches
        return
    copying, before = torch.cuda.Stream(device), None  # type: ignore[no-untyped-call]
    for batch in batches:
        if before is not None:
            yield _arrived(before, copying)
        with torch.cuda.stream(copying):
            before = Batch(*(_copied(part, device) for part in batch))
    if before is not None:
        yield _arrived(before, copying)


def _copied(part: Tensor, device: torch.device) -> Tensor:
    return part if part.device.type == "cuda" else part.pin_memory().to(device, non_blocking=True)


def _arrived(batch: Batch, copying: torch.cuda.Stream) -> Batch:
    """The batch, for whoever computes next: not before it is copied, and not overwritten before it is used."""
    computing = torch.cuda.current_stream(copying.device)
    computing.wait_stream(copying)
    for part in batch:
        part.record_stream(computing)
    return batch
