"""What a training run that was killed needs to go on: weights, the optimizer's moments, losses so far, and its step.

One safetensors file, which appears whole or not at all. It names what it was trained with; a run with another recipe,
seed, start or other examples does not take it. Random numbers need no place in it: they depend on the step (`batches`).
"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from chiron.datasets.workdir import write_file
from chiron.learning.batches import Examples, Given
from chiron.settings import settings

__all__ = ["Keeper", "key_of"]

_ABOUT: Final = "chiron.training"


def key_of(examples: Examples | Iterable[Given], weights: Mapping[str, Tensor], *told: object) -> str:
    """What a run depends on, as one SHA-256. `told`: everything else that decides it, known by its `repr`.

    A stream is known by its `repr`: one that does not say what it holds, such as a generator, has another in every
    process, and is trained on from the beginning.
    """
    digest = hashlib.sha256(repr((torch.__version__, *told)).encode())
    for name, value in weights.items():
        digest.update(name.encode())
        digest.update(_bytes_of(value.detach().cpu().numpy()))
    if isinstance(examples, Examples):
        for array in (examples.x_WLT, examples.owner_W, examples.target_NC, examples.weight_NC):
            digest.update(repr((array.dtype.str, array.shape)).encode() + b"\0")
            digest.update(_bytes_of(array))
    else:
        digest.update(repr(examples).encode())
    return digest.hexdigest()


class Keeper:
    """Keeps a run's tensors in a file, every `CHIRON_CHECKPOINT_S` seconds."""

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        self._next_s = time.monotonic() + settings().checkpoint_s

    def kept(self) -> tuple[int, dict[str, Tensor]] | None:
        """The step and the tensors of this very run; None where there are none. What a kill left is removed."""
        for unfinished in self._path.parent.glob(f".{self._path.name}.*"):
            unfinished.unlink(missing_ok=True)
        try:
            with safe_open(self._path, framework="pt") as file:
                key, step = json.loads((file.metadata() or {})[_ABOUT])
                if key != self._key:
                    return None
                return int(step), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        except (SafetensorError, KeyError, TypeError, ValueError, OSError):
            return None

    def is_due(self) -> bool:
        """Whether the last time is long enough ago."""
        return time.monotonic() >= self._next_s

    def keep(self, step: int, tensors: Mapping[str, Tensor]) -> None:
        """Write the file anew."""
        contents = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
        write_file(self._path, save(contents, {_ABOUT: json.dumps([self._key, step])}))
        self._next_s = time.monotonic() + settings().checkpoint_s

    def drop(self) -> None:
        """The run is over."""
        self._path.unlink(missing_ok=True)


def _bytes_of(array: np.ndarray) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
