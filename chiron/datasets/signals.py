"""The signal array: the samples of all records in one flat, sharded Zarr array.

A record's samples lie lead after lead from its `sample_offset` on. Physical = (digital - baseline) / gain; the
type's minimum means missing. Where records lie is layout: shards, chunks and padding are no part of the content.
"""

import hashlib
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import numpy as np
import zarr
from zarr.codecs import BloscCodec, BloscShuffle

from chiron.datasets.links import link_or_copy
from chiron.datasets.workdir import sync_path
from chiron.settings import settings

__all__ = [
    "SIGNALS",
    "SignalDtype",
    "SignalReader",
    "SignalWriter",
    "create_signal_array",
    "default_shard_samples",
    "link_signals",
    "signal_sha256",
    "to_missing",
    "write_region",
]

SIGNALS: Final = "signals.zarr"
SignalDtype = Literal["int16", "int32"]
_CHUNK_SAMPLES: Final = 2**18
_READ_AHEAD_SAMPLES: Final = 2**23
_INT16: Final = np.iinfo(np.int16)


def signal_sha256(signal: np.ndarray) -> str:
    """SHA-256 of a record's samples: (n_leads, n_samples), lead after lead, little-endian.

    A record that fits in int16 is hashed as int16, so that its hash is the same in an array of either type.
    """
    return hashlib.sha256(_narrow(signal).astype("<i2" if _fits_int16(signal) else "<i4").tobytes()).hexdigest()


def to_missing(signal: np.ndarray, dtype: SignalDtype) -> np.ndarray:
    """The samples in `dtype`, with the missing value of that type."""
    missing = signal == np.iinfo(signal.dtype).min
    converted = signal.astype(dtype)
    converted[missing] = np.iinfo(np.dtype(dtype)).min
    return converted


def _fits_int16(signal: np.ndarray) -> bool:
    """Whether every sample that is not missing has a place in int16."""
    if signal.dtype == np.int16:
        return True
    present = signal[signal != np.iinfo(signal.dtype).min]
    return present.size == 0 or bool(present.min() > _INT16.min and present.max() <= _INT16.max)


def _narrow(signal: np.ndarray) -> np.ndarray:
    """The samples in the smallest type that holds them."""
    return to_missing(signal, "int16") if signal.dtype != np.int16 and _fits_int16(signal) else signal


def default_shard_samples(dtype: SignalDtype) -> int:
    """Samples per shard file, from the setting `shard_mb`: a whole number of chunks."""
    n_bytes = settings().shard_mb * 2**20
    return max(n_bytes // np.dtype(dtype).itemsize // _CHUNK_SAMPLES, 1) * _CHUNK_SAMPLES


def create_signal_array(folder: Path, *, dtype: SignalDtype, n_samples_total: int, shard_samples: int) -> zarr.Array:
    """Make the empty array. Regions of whole shards may then be written by several processes at once.

    `shard_samples` must be a whole number of chunks, or at most one chunk.
    """
    chunk = min(_CHUNK_SAMPLES, shard_samples)
    return zarr.create_array(
        store=folder / SIGNALS,
        shape=(n_samples_total,),
        chunks=(chunk,),
        shards=(shard_samples,),
        dtype=dtype,
        compressors=BloscCodec(cname="zstd", clevel=1, shuffle=BloscShuffle.bitshuffle),
        fill_value=int(np.iinfo(np.dtype(dtype)).min),
        overwrite=True,
    )


def write_region(folder: Path, offset: int, samples: np.ndarray) -> None:
    """Write flat samples from `offset` on, to the disk. Nobody else may write to the shards that this touches."""
    array = _open(folder, "r+")
    array[offset : offset + samples.size] = samples
    shard_samples = array.shards[0]
    for number in range(offset // shard_samples, -(-(offset + samples.size) // shard_samples)):
        shard = folder / SIGNALS / "c" / str(number)
        if shard.exists():  # a shard of missing samples only is not stored
            sync_path(shard)


def link_signals(source: Path, target: Path) -> None:
    """Give another dataset folder the same array by hard links; by copies across file systems."""
    shutil.copytree(source / SIGNALS, target / SIGNALS, copy_function=link_or_copy)


def _open(folder: Path, mode: Literal["r", "r+"]) -> Any:
    return zarr.open_array(folder / SIGNALS, mode=mode)


class SignalWriter:
    """Writes records one after the other; memory is one shard. A context manager: leaving it writes the rest."""

    def __init__(self, folder: Path, *, dtype: SignalDtype = "int16", shard_samples: int | None = None) -> None:
        self._dtype = dtype
        self._shard = shard_samples or default_shard_samples(dtype)
        self._array: Any = create_signal_array(folder, dtype=dtype, n_samples_total=0, shard_samples=self._shard)
        self._buffer = np.empty(self._shard, dtype=dtype)
        self._filled = 0
        self._written = 0

    def append(self, signal: np.ndarray) -> int:
        """Add a record's samples, (n_leads, n_samples). Returns the offset of its first sample."""
        offset = self._written + self._filled
        samples = to_missing(signal, self._dtype).reshape(-1)
        while samples.size:
            taken = min(samples.size, self._shard - self._filled)
            self._buffer[self._filled : self._filled + taken] = samples[:taken]
            self._filled += taken
            samples = samples[taken:]
            if self._filled == self._shard:
                self._flush()
        return offset

    def _flush(self) -> None:
        """Write the buffer as the array's next shard."""
        end = self._written + self._filled
        self._array.resize((end,))
        self._array[self._written : end] = self._buffer[: self._filled]
        self._written, self._filled = end, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._filled:
            self._flush()


class SignalReader:
    """Reads records by offset. Records read in the order in which they lie cost one pass over the array."""

    def __init__(self, folder: Path) -> None:
        self._array: Any = _open(folder, "r")
        self._start = 0
        self._block = np.empty(0, dtype=self._array.dtype)
        self._next = -1

    @property
    def dtype(self) -> SignalDtype:
        """The type of the samples."""
        return "int16" if self._array.dtype == np.int16 else "int32"

    def read(self, offset: int, n_leads: int, n_samples: int) -> np.ndarray:
        """The samples of one record, (n_leads, n_samples). Raises IndexError beyond the array's end."""
        size = n_leads * n_samples
        if not 0 <= offset <= self._array.shape[0] - size:
            raise IndexError(f"signal: expected samples within {self._array.shape[0]}, found {offset} + {size}")
        if not self._start <= offset <= self._start + self._block.size - size:
            ahead = _READ_AHEAD_SAMPLES if offset == self._next else 0  # only where the caller reads in order
            self._start = offset
            self._block = np.asarray(self._array[offset : offset + max(size, ahead)])
        self._next = offset + size
        first = offset - self._start
        return self._block[first : first + size].reshape(n_leads, n_samples).copy()
