"""A file of recorded noise that cohorts may take their noise from, named by the SHA-256 of its bytes.

The file is a safetensors file: the sampling rate and one array per kind of noise; nothing in it is ever executed. What
the recordings lack (nobody recorded tremor by itself) is modelled. Mixing the noise does not belong here.
"""

import hashlib
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from chiron.errors import BadParameters, Damaged, NotFound
from chiron.synthesis.arithmetic import TWO_PI, cos, sin
from chiron.synthesis.bank import BANK_SAMPLES, COLOURS, Bank, make_bank
from chiron.synthesis.compiled import compiled
from chiron.synthesis.filters import Floats32
from schemas.states import NoiseKind

__all__ = ["load_bank", "read_recordings", "resample", "write_bank"]

_NAMES: Final = {  # of files, without their ending
    "bw": NoiseKind.WANDER,  # as in the MIT-BIH Noise Stress Test database
    "em": NoiseKind.MOTION,
    "ma": NoiseKind.MUSCLE,
    **{kind.value: kind for kind in NoiseKind},
}
_RATE: Final = "fs_hz"
_SHORTEST_S: Final = 60.0
_FS_LIMITS_HZ: Final = (50.0, 10_000.0)
_MOST_BYTES: Final = 2**30
_ZEROS: Final = 16  # of the interpolating sinc, on either side


def read_recordings(folder: Path) -> dict[NoiseKind, Floats32]:
    """(channels, samples) of every kind in a folder of .mat or .npy files, each named `bw`, `em`, `ma` or by its kind.

    Raises NotFound where there is none, and BadParameters where a file is not one array of numbers.
    """
    files = {_NAMES[path.stem.lower()]: path for path in sorted(folder.glob("*")) if _is_recording(path)}
    if not files:
        raise NotFound(f"noise recordings: expected .mat or .npy files named {', '.join(_NAMES)}, found none")
    return {kind: _read(path) for kind, path in files.items()}


def _is_recording(path: Path) -> bool:
    return path.stem.lower() in _NAMES and path.suffix.lower() in {".mat", ".npy"}


def _read(path: Path) -> Floats32:
    try:
        x = _matlab(path) if path.suffix.lower() == ".mat" else np.load(path, allow_pickle=False)
        x = np.atleast_2d(np.asarray(x, dtype=np.float32))
    except (ValueError, TypeError, OSError, MatReadError, NotImplementedError) as why:
        raise BadParameters(f"{path.name}: expected one array of numbers, found {type(why).__name__}") from why
    return np.ascontiguousarray(x if x.shape[0] < x.shape[-1] else x.T)


def _matlab(path: Path) -> Any:
    arrays = [value for name, value in loadmat(path).items() if not name.startswith("__")]
    if len(arrays) != 1:
        raise ValueError("not one array")
    return arrays[0]


def write_bank(path: Path, recordings: Mapping[NoiseKind, npt.ArrayLike], fs_hz: float) -> str:
    """Write (channels, samples) recordings of each kind to a file; its SHA-256, for `CohortSpec.noise_bank_sha256`."""
    arrays = {kind.value: np.ascontiguousarray(x, dtype=np.float32) for kind, x in recordings.items()}
    why = _why_unfit(arrays, fs_hz)
    if why is not None:
        raise BadParameters(f"noise recordings: {why}")
    content = save({_RATE: np.array([fs_hz]), **arrays})
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


@lru_cache(maxsize=2)
def load_bank(path: Path | None, sha256: str, fs_hz: float) -> Bank:
    """The recorded noise at this sampling rate.

    Raises NotFound where there is no file, Damaged where its bytes are not those of `sha256` or are no noise bank.
    """
    arrays = _verified(path, sha256)
    own_fs_hz = float(arrays.pop(_RATE)[0])
    samples = make_bank(fs_hz).samples.copy()
    for kind, x in arrays.items():
        row = list(NoiseKind).index(NoiseKind(kind))
        samples[row] = _colours(x, Fraction(fs_hz / own_fs_hz).limit_denominator(1000))
    return Bank(samples, recorded=1)


def _verified(path: Path | None, sha256: str) -> dict[str, npt.NDArray[Any]]:
    """The arrays, with the rate; nothing is read before the hash is known to be right."""
    if path is None or not path.is_file():
        raise NotFound("noise bank: expected a file, found none; name it by CHIRON_NOISE_BANK")
    if path.stat().st_size > _MOST_BYTES:
        raise Damaged(f"noise bank: expected at most {_MOST_BYTES} bytes, found {path.stat().st_size}")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise Damaged(f"noise bank: expected SHA-256 {sha256}, found {found}; name the file that the cohort asks for")
    try:
        arrays: dict[str, npt.NDArray[Any]] = load(content)
    except (SafetensorError, KeyError, ValueError) as error:
        raise Damaged(f"noise bank: expected a safetensors file, found {type(error).__name__}") from error
    if _RATE not in arrays or arrays[_RATE].shape != (1,):
        raise Damaged(f"noise bank: expected one number {_RATE}, found none")
    why = _why_unfit({name: x for name, x in arrays.items() if name != _RATE}, float(arrays[_RATE][0]))
    if why is not None:
        raise Damaged(f"noise bank: {why}")
    return arrays


def _why_unfit(arrays: Mapping[str, npt.NDArray[Any]], fs_hz: float) -> str | None:
    """What is wrong with recordings; none where nothing is."""
    low, high = _FS_LIMITS_HZ
    if not low <= fs_hz <= high:
        return f"expected {_RATE} from {low:g} to {high:g}, found {fs_hz:g}"
    if not arrays or any(name not in list(NoiseKind) for name in arrays):
        return f"expected arrays named {', '.join(NoiseKind)}, found {len(arrays)} with other names"
    for name, x in arrays.items():
        if x.ndim != 2 or x.dtype != np.float32 or not x.shape[0] or x.shape[1] < _SHORTEST_S * fs_hz:
            return f"{name}: expected (channels, samples) float32 of {_SHORTEST_S:g} s, found {x.dtype} {x.shape}"
        if not np.isfinite(x).all() or not (x.max(axis=1) > x.min(axis=1)).all():
            return f"{name}: expected finite samples that vary in every channel, found others"
    return None


def _colours(x: Floats32, ratio: Fraction) -> Floats32:
    """(COLOURS, BANK_SAMPLES) pieces, channel by channel, spread over the recording; mirrored where it is too short."""
    rows = [resample(np.ascontiguousarray(row), ratio.numerator, ratio.denominator) for row in x[:COLOURS]]
    if rows[0].size < BANK_SAMPLES:
        rows = [np.pad(row, (0, BANK_SAMPLES - row.size), mode="symmetric") for row in rows]
    spare, rounds = rows[0].size - BANK_SAMPLES, max((COLOURS - 1) // len(rows), 1)
    pieces = np.empty((COLOURS, BANK_SAMPLES), dtype=np.float32)
    for c in range(COLOURS):
        first = spare * (c // len(rows)) // rounds
        pieces[c] = rows[c % len(rows)][first : first + BANK_SAMPLES]
        _normalise(pieces[c])
    return pieces


@compiled("float32[::1](float32[::1], int64, int64)")
def resample(x: Floats32, up: int, down: int) -> Floats32:
    """x at up/down times its sampling rate, without what the lower of both rates can't carry.

    A sinc within a Hann window, 16 zeros to either side; scipy's filters may differ in the last bit between machines.
    """
    cutoff = min(1.0, up / down)
    reach = int(np.ceil(_ZEROS / cutoff))
    taps = np.zeros((up, 2 * reach))
    for phase in range(up):
        for k in range(2 * reach):
            t = phase / up + (reach - 1 - k)
            if abs(t) < reach:
                angle = 0.5 * TWO_PI * cutoff * t
                taps[phase, k] = cutoff * (0.5 + 0.5 * cos(0.5 * TWO_PI * t / reach))
                taps[phase, k] *= sin(angle) / angle if abs(t) > 1e-9 else 1.0
    out = np.empty(x.size * up // down, dtype=np.float32)
    for i in range(out.size):
        first, phase = i * down // up - reach + 1, i * down % up
        total = 0.0
        for k in range(max(-first, 0), min(2 * reach, x.size - first)):
            total += taps[phase, k] * x[first + k]
        out[i] = total
    return out


@compiled("void(float32[::1])")
def _normalise(x: Floats32) -> None:
    """To mean 0 and mean square 1, in place."""
    total, squares = 0.0, 0.0
    for value in x:
        total += np.float64(value)
    mean = total / x.size
    for value in x:
        squares += (value - mean) * (value - mean)
    gain = 1.0 / np.sqrt(squares / x.size)
    for i in range(x.size):
        x[i] = (x[i] - mean) * gain
