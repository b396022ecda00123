"""The files of the signal array, in the bytes of Zarr version 3: `zarr.json`, and shards of compressed chunks.

Zarr's own package reads what is written here. It is not used, because its general machinery costs a third of the speed,
and six times the time of a record that is read alone (`make bench NAME=store`). Source: the Zarr version 3 core
specification, with the codecs `sharding_indexed`, `crc32c` and those of `chiron.datasets.chunks`.
"""

import json
import struct
from collections.abc import Iterator
from io import FileIO
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, NamedTuple, Self

import numpy as np
from numcodecs.checksum32 import CRC32C

from chiron.datasets.chunks import CODECS, Codec
from chiron.errors import Damaged, NotFound

__all__ = [
    "SIGNALS",
    "ArrayLayout",
    "ShardWriter",
    "SignalDtype",
    "chunk_places",
    "read_chunk",
    "shard_path",
    "stored_chunks",
]

SIGNALS: Final = "signals.zarr"
SignalDtype = Literal["int16", "int32"]
_METADATA: Final = "zarr.json"
_ABSENT: Final = 2**64 - 1
_BLOSC_HEADER: Final = struct.Struct("<4x3I")  # bytes of samples, of a block, of all that is stored


class ArrayLayout(NamedTuple):
    """How the flat array is cut into files. A shard is a whole number of chunks."""

    dtype: SignalDtype
    n_samples: int
    shard_samples: int
    chunk_samples: int
    codec: Codec

    @property
    def chunk_bytes(self) -> int:
        """Of the samples of a chunk, as they are in memory."""
        return self.chunk_samples * np.dtype(self.dtype).itemsize

    @property
    def index_bytes(self) -> int:
        """Of the index that a shard ends with: where each chunk lies, and a checksum."""
        return self.shard_samples // self.chunk_samples * 16 + 4

    @property
    def missing(self) -> int:
        """The value of a missing sample."""
        return int(np.iinfo(np.dtype(self.dtype)).min)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The layout of a dataset folder's array. Raises NotFound, Damaged."""
        path = folder / SIGNALS / _METADATA
        if not path.is_file():
            raise NotFound(f"dataset {folder}: expected {SIGNALS}, found none")
        try:
            found = json.loads(path.read_bytes())
            *filters, _, blosc = found["codecs"][0]["configuration"]["codecs"]
            compressor = blosc["configuration"]
            layout = cls(
                dtype=found["data_type"],
                n_samples=found["shape"][0],
                shard_samples=found["chunk_grid"]["configuration"]["chunk_shape"][0],
                chunk_samples=found["codecs"][0]["configuration"]["chunk_shape"][0],
                codec=Codec(compressor["cname"], compressor["clevel"], differences=bool(filters)),
            )
            is_ours = layout._is_sound() and found == layout._metadata(compressor["blocksize"])
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            is_ours = False
        if not is_ours:
            raise Damaged(f"dataset {folder}: expected {SIGNALS} of sharded samples, found another kind of array")
        return layout

    def write(self, folder: Path) -> None:
        """Write `zarr.json`."""
        (folder / SIGNALS).mkdir(exist_ok=True)
        (folder / SIGNALS / _METADATA).write_text(json.dumps(self._metadata(self.chunk_bytes), indent=2))

    def _is_sound(self) -> bool:
        sizes = self[1:4]
        return (
            self.dtype in ("int16", "int32")
            and self.codec in CODECS
            and all(type(size) is int for size in sizes)
            and self.n_samples >= 0
            and 0 < self.chunk_samples <= self.shard_samples <= 2**32
            and self.shard_samples % self.chunk_samples == 0
        )

    def _metadata(self, block_bytes: int) -> dict[str, Any]:
        sharding = {
            "chunk_shape": [self.chunk_samples],
            "codecs": self.codec.metadata(self.dtype, block_bytes),
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
            "index_location": "end",
        }
        return {
            "zarr_format": 3,
            "node_type": "array",
            "shape": [self.n_samples],
            "data_type": self.dtype,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [self.shard_samples]}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": self.missing,
            "codecs": [{"name": "sharding_indexed", "configuration": sharding}],
            "attributes": {},
            "storage_transformers": [],
        }


def shard_path(folder: Path, number: int) -> Path:
    """Where a shard lies."""
    return folder / SIGNALS / "c" / str(number)


class ShardWriter:
    """Writes one new shard, chunk after chunk; one that is there is replaced, never written into."""

    def __init__(self, folder: Path, number: int, layout: ArrayLayout) -> None:
        self._layout = layout
        self._index = np.full((layout.shard_samples // layout.chunk_samples, 2), _ABSENT, dtype="<u8")
        self._next = 0
        path = shard_path(folder, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # it may be another dataset's too
        self._file = path.open("xb")

    @property
    def is_full(self) -> bool:
        """Whether all chunks are there."""
        return self._next == len(self._index)

    def add(self, samples: np.ndarray) -> None:
        """Compress and write the next chunk; a shorter one is filled up with missing samples."""
        chunk = samples
        if samples.size < self._layout.chunk_samples:
            chunk = np.full(self._layout.chunk_samples, self._layout.missing, dtype=self._layout.dtype)
            chunk[: samples.size] = samples
        self.add_stored(self._layout.codec.compress(chunk))

    def add_stored(self, stored: bytes) -> None:
        """Write the next chunk as it is stored elsewhere; nothing for one of missing samples."""
        if stored:
            self._index[self._next] = self._file.tell(), len(stored)
            self._file.write(stored)
        self._next += 1

    def close(self) -> None:
        """Write the index."""
        with self._file:
            self._file.write(CRC32C().encode(self._index).tobytes())


def stored_chunks(folder: Path, layout: ArrayLayout, chunks: range) -> Iterator[bytes]:
    """Chunks of the array as they are stored; nothing for one of missing samples. Raises Damaged."""
    per_shard = layout.shard_samples // layout.chunk_samples
    for number, group in groupby(chunks, key=lambda chunk: chunk // per_shard):
        yield from _chunks_of_shard(folder, number, layout, [chunk % per_shard for chunk in group])


def _chunks_of_shard(folder: Path, number: int, layout: ArrayLayout, chunks: list[int]) -> Iterator[bytes]:
    try:
        file = shard_path(folder, number).open("rb", buffering=0)
    except FileNotFoundError:
        yield from (b"" for _ in chunks)
        return
    with file:
        index = _read_index(file, layout)
        for offset, n_bytes in index[chunks].tolist():
            yield b"" if offset == n_bytes == _ABSENT else _read_stored(file, offset, n_bytes, layout)


def chunk_places(file: BinaryIO, layout: ArrayLayout, chunks: list[int]) -> list[tuple[int, int]]:
    """Where some chunks of a shard are stored: offset and length in bytes; those of missing samples are nowhere.

    Only the shard's end is read. Raises Damaged.
    """
    index = _read_index(file, layout)
    return [(offset, n_bytes) for offset, n_bytes in index[chunks].tolist() if not offset == n_bytes == _ABSENT]


def _read_index(file: BinaryIO, layout: ArrayLayout) -> np.ndarray:
    n_bytes = layout.index_bytes
    try:
        file.seek(-n_bytes, 2)
        return np.frombuffer(CRC32C().decode(file.read(n_bytes)), dtype="<u8").reshape(-1, 2)
    except (OSError, RuntimeError, ValueError):
        raise Damaged(f"{SIGNALS}: expected an index of {n_bytes} bytes, found a damaged shard") from None


def _read_stored(file: FileIO, offset: int, n_bytes: int, layout: ArrayLayout) -> bytes:
    """One chunk's bytes. Blosc trusts the sizes in front of them, so they are checked before it sees them."""
    if offset < 2**63 and _BLOSC_HEADER.size <= n_bytes <= 2 * layout.chunk_bytes + _BLOSC_HEADER.size:
        file.seek(offset)
        stored = file.read(n_bytes)
        if len(stored) == n_bytes:
            n_sample_bytes, _, n_stored = _BLOSC_HEADER.unpack_from(stored)
            if (n_sample_bytes, n_stored) == (layout.chunk_bytes, n_bytes):
                return stored
    raise Damaged(f"{SIGNALS}: expected chunks of {layout.chunk_samples} samples, found a damaged shard")


def read_chunk(stored: bytes, layout: ArrayLayout, chunk: np.ndarray) -> None:
    """Fill `chunk` with the samples that are stored. Raises Damaged."""
    if not stored:
        chunk[:] = layout.missing
        return
    layout.codec.decompress(stored, chunk)
