"""Examples as memory-mapped files: written once, read by every job in any process, never sent through a scheduler.

A set of arrays is a folder that appears whole or not at all. Shapes: records N, windows W, leads L, samples T, codes C,
features D.
"""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from chiron.datasets.canonical import canonical_json
from chiron.datasets.workdir import remove_tree, sync_path, sync_tree
from chiron.learning.examples import Collection
from chiron.learning.training import Examples

__all__ = ["load_collection", "load_examples", "save_collection", "save_examples", "saved_once"]

_EXAMPLES: Final = ("x_WLT", "owner_W", "target_NC", "weight_NC")
_FEATURES: Final = "features_ND"
_ABOUT: Final = "about.json"


def saved_once(folder: Path, fill: Callable[[Path], None]) -> Path:
    """The folder; `fill` writes it where it is not there yet."""
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.{secrets.token_hex(4)}")
    temporary.mkdir()
    try:
        fill(temporary)
        sync_tree(temporary)
        temporary.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another worker was first, with the same content
            raise
    finally:
        remove_tree(temporary)
    sync_path(folder.parent)
    return folder


def save_examples(folder: Path, examples: Examples) -> None:
    """Write the arrays into an empty folder."""
    for name in _EXAMPLES:
        np.save(folder / f"{name}.npy", getattr(examples, name))


def load_examples(folder: Path) -> Examples:
    """The arrays, mapped into memory: what is not used is not read."""
    return Examples(*(_mapped(folder / f"{name}.npy") for name in _EXAMPLES))


def save_collection(folder: Path, collection: Collection) -> None:
    """Write arrays, features and names into an empty folder."""
    save_examples(folder, collection.examples)
    np.save(folder / f"{_FEATURES}.npy", collection.features_ND)
    about = [collection.record_ids, collection.patient_ids, collection.patients_known]
    (folder / _ABOUT).write_bytes(canonical_json(about))


def load_collection(folder: Path) -> Collection:
    """What `save_collection` wrote."""
    record_ids, patient_ids, known = json.loads((folder / _ABOUT).read_bytes())
    features_ND = _mapped(folder / f"{_FEATURES}.npy")
    return Collection(tuple(record_ids), tuple(patient_ids), known, load_examples(folder), features_ND)


def _mapped(path: Path) -> np.ndarray:
    """Copy-on-write, because torch wants arrays that could be written to. An empty array can't be mapped."""
    array = np.load(path, mmap_mode=None if path.stat().st_size <= 256 else "c", allow_pickle=False)
    return np.asarray(array)
