"""The result of one job as one `.safetensors` file: arrays by name, and a few words about them as JSON.

A file appears whole or not at all, so one that is there is finished work.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from chiron.datasets.workdir import write_file
from chiron.errors import Damaged

__all__ = ["Result", "read_result", "write_result"]

_ABOUT: Final = "about"


class Result(NamedTuple):
    """Arrays by name, and what is known of them (JSON)."""

    arrays: dict[str, np.ndarray]
    about: dict[str, Any]


def write_result(path: Path, arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> None:
    """Write a result; the same job writes the same."""
    whole = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
    write_file(path, save(whole, metadata={_ABOUT: json.dumps(about, sort_keys=True)}))


def read_result(path: Path, names: str = "") -> Result:
    """A finished job's result; of its arrays only those whose names begin with `names`.

    Raises Damaged where the file holds something else.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {})[_ABOUT])
            return Result({n: file.get_tensor(n) for n in file.keys() if n.startswith(names)}, about)  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError) as error:
        raise Damaged(f"{path.name}: expected the result of a job, found other content; delete it") from error
