"""The numbers that drawn hearts come from: averages and ways of varying of the waves of real people.

A heartbeat is a sum of Gaussians at fixed places in seconds from the R peak (from its own peak for the P wave), so that
a person is a vector of amplitudes, and people are their mean, what sex and age add, and components that vary at random.
Fitting it to recordings does not belong here (`chiron.populations.morphology_fit`).
"""

import hashlib
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from chiron.errors import Damaged, NotFound
from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.morphology_basis import CENTRES_S
from chiron.synthesis.structures import MEASURED

__all__ = ["DURATIONS", "MorphologyModel", "load_model", "model_named", "read_model", "write_model"]

_SHAPE: Final = (len(CENTRES_S), len(MEASURED))
_MOST_COMPONENTS: Final = 64
_MOST_BYTES: Final = 2_000_000
_LARGEST_MV: Final = 20.0
_LARGEST_LOG_SIZE: Final = 6.0
_KIND: Final = "chiron-wave-shapes-2"
_FIELDS: Final = ("mean_mv", "female_mv", "decade_mv", "components_mv", "log_size", "durations_ms")
DURATIONS: Final = ("p_ms", "qrs_ms", "qtc_ms")
_LIMITS_MS: Final = np.array([[40.0, 200.0], [50.0, 160.0], [300.0, 500.0]])


class MorphologyModel(NamedTuple):
    """How the waves of people's hearts are distributed, in the eight measured leads.

    mean: (W, 8) mV, of a man of 50 whose waves are of usual size. female, decade: (W, 8) mV that being a woman and
    each ten years add. components: (K, W, 8) mV, of one standard deviation. What is drawn from these is resized to
    `size`: (3, 6) of P, QRS and T: the natural logarithm of the usual size (mV s^1/2, `morphology_basis.wave_sizes`),
    what being a woman and each ten years add to it, and a row of the triangular root of its covariance.
    durations_ms: (3, 2) mean and standard deviation of the P wave, QRS and QTc.
    """

    mean: Floats
    female: Floats
    decade: Floats
    components: Floats
    size: Floats
    durations_ms: Floats


@cache
def load_model() -> MorphologyModel:
    """The model that Chiron ships."""
    return _parsed(files("chiron.synthesis").joinpath("morphology.json").read_bytes(), "morphology.json")


def model_named(path: Path | None, sha256: str | None) -> MorphologyModel:
    """The shipped model where no hash is named; otherwise that of the file with this hash.

    Raises NotFound where there is no file, Damaged where it is another one or can't be a model.
    """
    if sha256 is None:
        return load_model()
    if path is None or not path.is_file():
        raise NotFound("wave shapes: expected a file, found none; name it by CHIRON_SHAPES")
    return _verified(path, sha256)


@cache
def _verified(path: Path, sha256: str) -> MorphologyModel:
    data = _bytes(path)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise Damaged(f"wave shapes: expected SHA-256 {sha256}, found {found}; name the file that the cohort asks for")
    return _parsed(data, "wave shapes")


def read_model(path: Path) -> MorphologyModel:
    """A model from a file. Raises NotFound where there is none, Damaged where it can't be one."""
    if not path.is_file():
        raise NotFound(f"{path}: expected a model of wave shapes, found no file")
    return _parsed(_bytes(path), str(path))


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES + 1)


def write_model(model: MorphologyModel, path: Path, *, source: str) -> str:
    """Write a model with the statement where its numbers come from; amplitudes are rounded to 0.1 uV.

    Returns the file's SHA-256, for `CohortSpec.shapes_sha256`.
    """
    body = {
        "kind": _KIND,
        "source": source,
        "log_size": model.size.round(4).tolist(),
        "durations_ms": model.durations_ms.round(1).tolist(),
        "mean_mv": _rounded(model.mean),
        "female_mv": _rounded(model.female),
        "decade_mv": _rounded(model.decade),
        "components_mv": [_rounded(component) for component in model.components],
    }
    text = json.dumps(body, allow_nan=False).replace(', "', ',\n"').replace("]], [[", "]],\n[[") + "\n"
    path.write_bytes(text.encode())
    return hashlib.sha256(text.encode()).hexdigest()


def _rounded(waves: Floats) -> list[list[float]]:
    return (waves.round(4) + 0.0).tolist()  # type: ignore[no-any-return]  # + 0.0: no minus zero


def _parsed(data: bytes, name: str) -> MorphologyModel:
    if len(data) > _MOST_BYTES:
        raise Damaged(f"{name}: expected at most {_MOST_BYTES} bytes of wave shapes, found more")
    try:
        body = json.loads(data)
        found = {field: np.array(body[field], dtype=np.float64) for field in _FIELDS}
        kind = body["kind"]
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise Damaged(f"{name}: expected a model of wave shapes, found other content; fit it again") from error
    if kind != _KIND:
        raise Damaged(f"{name}: expected kind {_KIND}, found another; fit it again")
    _require_plausible(found, name)
    mean, female, decade, components, size, durations = (np.ascontiguousarray(found[field]) for field in _FIELDS)
    return MorphologyModel(mean, female, decade, components, size, durations)


def _require_plausible(found: dict[str, Floats], name: str) -> None:
    for field in ("mean_mv", "female_mv", "decade_mv"):
        _require(found[field].shape == _SHAPE, name, f"{field} of shape {_SHAPE}")
    components = found["components_mv"]
    _require(components.ndim == 3 and components.shape[1:] == _SHAPE, name, f"components_mv of shape (K, *{_SHAPE})")
    _require(1 <= len(components) <= _MOST_COMPONENTS, name, f"1 to {_MOST_COMPONENTS} components")
    for field in _FIELDS[:4]:
        _require(bool((np.abs(found[field]) <= _LARGEST_MV).all()), name, f"{field} within {_LARGEST_MV:g} mV")
    size = found["log_size"]
    _require(size.shape == (3, 6) and bool((np.abs(size[:, 1:]) <= 1).all()), name, "log_size of shape (3, 6) within 1")
    _require(
        bool((np.abs(size[:, 0]) <= _LARGEST_LOG_SIZE).all()), name, f"usual log_size within {_LARGEST_LOG_SIZE:g}"
    )
    durations = found["durations_ms"]
    _require(durations.shape == (len(DURATIONS), 2), name, f"durations_ms of {', '.join(DURATIONS)}: mean, deviation")
    within = (durations[:, 0] >= _LIMITS_MS[:, 0]) & (durations[:, 0] <= _LIMITS_MS[:, 1])
    _require(bool(within.all() and ((durations[:, 1] >= 0) & (durations[:, 1] <= 60)).all()), name, "human durations")


def _require(holds: bool, name: str, expected: str) -> None:
    if not holds:
        raise Damaged(f"{name}: expected {expected}, found otherwise; fit it again")
