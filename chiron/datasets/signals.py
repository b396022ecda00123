"""The signal array: the samples of all records in one flat, sharded Zarr array.

A record's samples lie lead after lead from its `sample_offset` on. Physical = (digital - baseline) / gain; the
type's minimum means missing. Where records lie is layout: shards, chunks and padding are no part of the content.
The bytes of the files are in `chiron.datasets.shards`.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np

from chiron.datasets.chunks import RECORDED, SYNTHETIC, Codec
from chiron.datasets.links import link_or_copy
from chiron.datasets.samples import fits_int16, signal_sha256, to_missing
from chiron.datasets.shards import (
    SIGNALS,
    ArrayLayout,
    ShardWriter,
    SignalDtype,
    read_chunk,
    shard_path,
    stored_chunks,
)
from chiron.datasets.workdir import remove_tree
from chiron.errors import Damaged, NotFound
from chiron.settings import settings

__all__ = [
    "SIGNALS",
    "SignalDtype",
    "SignalReader",
    "SignalWriter",
    "can_append",
    "create_signal_array",
    "default_shard_samples",
    "fits_int16",
    "link_signals",
    "signal_sha256",
    "to_missing",
    "write_region",
]

_CHUNK_SAMPLES: Final = 2**17  # a record that is read alone costs one or two chunks
_HELD_CHUNKS: Final = 6  # two for each split: a record may reach from one into the next


def default_shard_samples(dtype: SignalDtype) -> int:
    """Samples per shard file, from the setting `shard_mb`: a whole number of chunks."""
    n_bytes = settings().shard_mb * 2**20
    return max(n_bytes // np.dtype(dtype).itemsize // _CHUNK_SAMPLES, 1) * _CHUNK_SAMPLES


def _layout(dtype: SignalDtype, n_samples: int, shard_samples: int, codec: Codec = RECORDED) -> ArrayLayout:
    return ArrayLayout(dtype, n_samples, shard_samples, min(_CHUNK_SAMPLES, shard_samples), codec)


def create_signal_array(folder: Path, *, dtype: SignalDtype, n_samples_total: int, shard_samples: int) -> None:
    """Make an array of synthetic samples, all missing. Several processes may then write regions of whole shards.

    `shard_samples` must be a whole number of chunks, or at most one chunk.
    """
    remove_tree(folder / SIGNALS)
    _layout(dtype, n_samples_total, shard_samples, SYNTHETIC).write(folder)


def write_region(folder: Path, offset: int, blocks: Iterable[np.ndarray]) -> None:
    """Write flat samples from `offset` on: whole shards, the last of which is filled up as missing. The disk may lag.

    blocks: of any size; one is done with when the next is asked for. Raises ValueError where no shard begins at
    `offset`, or the array ends before the samples.
    """
    layout = ArrayLayout.read(folder)
    number, n_rest = divmod(offset, layout.shard_samples)
    if n_rest or offset < 0:
        raise ValueError(f"region: expected whole shards within {layout.n_samples}, found one from {offset} on")
    chunks = _pieces(_within(blocks, layout.n_samples - offset), layout.chunk_samples)
    for first in chunks:
        with closing(ShardWriter(folder, number, layout)) as shard:
            for chunk in chain((first,), islice(chunks, layout.shard_samples // layout.chunk_samples - 1)):
                shard.add(chunk)
        number += 1


def _within(blocks: Iterable[np.ndarray], n_samples: int) -> Iterator[np.ndarray]:
    for block in blocks:
        n_samples -= block.size
        if n_samples < 0:
            raise ValueError(f"region: expected whole shards within the array, found {-n_samples} samples beyond it")
        yield block


def _pieces(blocks: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """The samples in pieces of this size, the last of which may be shorter; copied where blocks meet only."""
    rest = np.empty(0)
    for block in blocks:
        first = -rest.size % size if rest.size else 0
        if rest.size:
            rest = np.concatenate([rest, block[:first]])
            if rest.size < size:
                continue
            yield rest
        last = first + (block.size - first) // size * size
        for begin in range(first, last, size):
            yield block[begin : begin + size]
        rest = block[last:].copy()
    if rest.size:
        yield rest


def link_signals(source: Path, target: Path) -> None:
    """Give another dataset folder the same array by hard links; by copies across file systems."""
    shutil.copytree(source / SIGNALS, target / SIGNALS, copy_function=link_or_copy)


def can_append(folder: Path, dtype: SignalDtype, shard_samples: int | None = None) -> bool:
    """Whether a new array of this type may begin with that of the dataset `folder`, whose layout must be the same."""
    try:
        found = ArrayLayout.read(folder)
    except (NotFound, Damaged):
        return False
    return found == _layout(dtype, found.n_samples, shard_samples or default_shard_samples(dtype))


class SignalWriter:
    """Writes records one after the other; memory is one chunk. A context manager: leaving it writes the rest.

    `after`: a dataset folder whose array the new one begins with. Full shards are linked, what the last one holds is
    copied, and nothing there is written to. Raises ValueError where `can_append` says no.
    """

    def __init__(
        self,
        folder: Path,
        *,
        dtype: SignalDtype = "int16",
        shard_samples: int | None = None,
        codec: Codec = RECORDED,
        after: Path | None = None,
    ) -> None:
        self._folder = folder
        self._layout = _layout(dtype, 0, shard_samples or default_shard_samples(dtype), codec)
        self._chunk = np.empty(self._layout.chunk_samples, dtype=dtype)
        self._filled = 0  # of the chunk
        self._n_samples = 0
        self._n_shards = 0
        self._shard: ShardWriter | None = None
        if after is not None and not can_append(after, dtype, self._layout.shard_samples):
            raise ValueError(f"signals: expected an array that {dtype} samples can follow, found another in {after}")
        remove_tree(folder / SIGNALS)
        if after is not None:
            self._begin_with(after, ArrayLayout.read(after))

    def _begin_with(self, after: Path, old: ArrayLayout) -> None:
        self._n_shards, n_rest = divmod(old.n_samples, old.shard_samples)
        self._n_samples = old.n_samples - n_rest
        shard_path(self._folder, 0).parent.mkdir(parents=True)
        for number in range(self._n_shards):
            if shard_path(after, number).exists():  # a shard of missing samples only may not be stored
                link_or_copy(shard_path(after, number), shard_path(self._folder, number))
        first, last = self._n_samples // old.chunk_samples, old.n_samples // old.chunk_samples
        for stored in stored_chunks(after, old, range(first, last)):
            self._open_shard().add_stored(stored)
            self._n_samples += old.chunk_samples
        if n_last := old.n_samples - self._n_samples:
            (stored,) = stored_chunks(after, old, range(last, last + 1))
            read_chunk(stored, old, self._chunk)
            self._filled, self._n_samples = n_last, old.n_samples

    def append(self, signal: np.ndarray) -> int:
        """Add a record's samples, (n_leads, n_samples). Returns the offset of its first sample."""
        offset = self._n_samples
        samples = to_missing(signal, self._layout.dtype).reshape(-1)
        self._n_samples += samples.size
        while samples.size:
            taken = min(samples.size, self._chunk.size - self._filled)
            self._chunk[self._filled : self._filled + taken] = samples[:taken]
            self._filled += taken
            samples = samples[taken:]
            if self._filled == self._chunk.size:
                self._flush()
        return offset

    def _open_shard(self) -> ShardWriter:
        """The shard that the next chunk belongs to."""
        if self._shard is None:
            self._shard = ShardWriter(self._folder, self._n_shards, self._layout)
        return self._shard

    def _flush(self) -> None:
        """Write the chunk, and the index of a shard that is full."""
        shard = self._open_shard()
        shard.add(self._chunk[: self._filled])
        self._filled = 0
        if shard.is_full:
            shard.close()
            self._shard, self._n_shards = None, self._n_shards + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left. After an error there is no array: its metadata come last."""
        if kind is None and self._filled:
            self._flush()
        if self._shard is not None:
            self._shard.close()
        if kind is None:
            self._layout._replace(n_samples=self._n_samples).write(self._folder)


class SignalReader:
    """Reads records by offset, holding a few chunks.

    Records read in the order in which they lie cost one pass over the array; so do those of several stretches that take
    turns, as when a dataset that lies split by split is read by `record_id`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._layout = ArrayLayout.read(folder)
        self._held: dict[int, np.ndarray] = {}  # by number, the one that was used last at the end

    @property
    def dtype(self) -> SignalDtype:
        """The type of the samples."""
        return self._layout.dtype

    def read(self, offset: int, n_leads: int, n_samples: int) -> np.ndarray:
        """The samples of one record, (n_leads, n_samples). Raises IndexError beyond the array's end, Damaged."""
        size = n_leads * n_samples
        if not 0 <= offset <= self._layout.n_samples - size or size < 0:
            raise IndexError(f"signal: expected samples within {self._layout.n_samples}, found {offset} + {size}")
        samples, end = np.empty(size, dtype=self._layout.dtype), offset + size
        for begin, chunk in self._chunks(offset, end):
            first, stop = max(offset, begin), min(end, begin + chunk.size)
            samples[first - offset : stop - offset] = chunk[first - begin : stop - begin]
        return samples.reshape(n_leads, n_samples)

    def _chunks(self, offset: int, end: int) -> Iterator[tuple[int, np.ndarray]]:
        """The chunks that hold a range of samples, one after the other, with the offset of each one's first sample."""
        size = self._layout.chunk_samples
        wanted = range(offset // size, -(-end // size))
        if wanted and wanted[0] in self._held:
            chunk = self._held[wanted[0]] = self._held.pop(wanted[0])
            yield wanted[0] * size, chunk
            wanted = wanted[1:]
        for number, stored in zip(wanted, stored_chunks(self._folder, self._layout, wanted), strict=True):
            chunk = self._room(number)
            read_chunk(stored, self._layout, chunk)  # a damaged one is not held
            self._held[number] = chunk
            yield number * size, chunk

    def _room(self, number: int) -> np.ndarray:
        """Room for one more chunk: that of the one whose use is longest ago, where enough are held."""
        if number in self._held:
            return self._held.pop(number)
        if len(self._held) < _HELD_CHUNKS:
            return np.empty(self._layout.chunk_samples, dtype=self._layout.dtype)
        return self._held.pop(next(iter(self._held)))
