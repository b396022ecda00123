"""The numeric arrays of a MATLAB version 5 file, found and read without trusting any size that the file states.

Source: MATLAB MAT-File Format, The MathWorks, chapter 1. `scipy.io.loadmat` says itself that it is not made for files
from strangers: an unknown type of data ends the process, and a small packed file can fill the memory.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple, NoReturn

import numpy as np

from chiron.errors import InputRefused
from chiron.records.formats.regular import read_part
from schemas.codes import QuarantineReason

__all__ = ["MatArray", "find_arrays", "read_array"]

ByteOrder = Literal["<", ">"]
_PIECE_BYTES: Final = 2**20
_MAX_ELEMENTS: Final = 1000
_MAX_DIMENSIONS: Final = 32
_MAX_NAME_BYTES: Final = 64  # MATLAB's own limit is 63
_HEADER_BYTES: Final = 128
_VERSION_5: Final[dict[bytes, ByteOrder]] = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}  # version and order of bytes
_MATRIX, _PACKED, _INT8, _INT32, _UINT32 = 14, 15, 1, 5, 6
_NUMERIC_CLASSES: Final = range(6, 16)  # double, single, int8 to uint64
_COMPLEX: Final = 0x0800
_STORED: Final = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}


class MatArray(NamedTuple):
    """A variable of the file. `dtype`: as its numbers are stored, which may be narrower than its class."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    element: "_Element"


class _Element(NamedTuple):
    """A part of the file."""

    path: Path
    order: ByteOrder
    kind: int
    first_byte: int
    n_bytes: int


def _refuse(message: str, reason: QuarantineReason = QuarantineReason.UNREADABLE_HEADER) -> NoReturn:
    raise InputRefused(reason, message)


def find_arrays(path: Path, n_bytes: int) -> Iterator[MatArray]:
    """The real numeric arrays, in the order in which they lie. Raises InputRefused."""
    order = _VERSION_5.get(read_part(path, _HEADER_BYTES)[124:])
    if order is None:
        _refuse("file: expected MATLAB version 5 to 7, found another kind", QuarantineReason.UNSUPPORTED_FORMAT)
    at = _HEADER_BYTES
    for _ in range(_MAX_ELEMENTS):
        if at >= n_bytes:
            return
        kind, size = struct.unpack(f"{order}2I", read_part(path, 8, offset=at).ljust(8, b"\0"))
        if kind not in (_MATRIX, _PACKED) or at + 8 + size > n_bytes:
            _refuse("variable: expected an array within the file, found another element or a truncated one")
        array = _Contents(_Element(path, order, kind, at + 8, size)).array()
        if array is not None:
            yield array
        at += 8 + size
    _refuse(f"file: expected at most {_MAX_ELEMENTS} variables, found more", QuarantineReason.TOO_LARGE)


def read_array(array: MatArray) -> Iterator[np.ndarray]:
    """The numbers in pieces, flat, the first dimension fastest. Raises InputRefused."""
    contents = _Contents(array.element)
    contents.array()
    left = int(np.prod(array.shape, dtype=object))
    while left:
        n_numbers = min(left, _PIECE_BYTES // array.dtype.itemsize)
        yield np.frombuffer(contents.take(n_numbers * array.dtype.itemsize), dtype=array.dtype)
        left -= n_numbers


class _Contents:
    """The bytes of an array, unpacked as far as they are asked for."""

    def __init__(self, element: _Element) -> None:
        self._element = element
        self._order = element.order
        pieces = _plain(element)
        self._pieces = _unpacked(pieces) if element.kind == _PACKED else pieces
        self._ready = bytearray()

    def take(self, n_bytes: int) -> bytes:
        """The next bytes. Raises InputRefused where there are fewer."""
        while len(self._ready) < n_bytes:
            piece = next(self._pieces, None)
            if piece is None:
                _refuse(f"array: expected {n_bytes} more bytes, found fewer", QuarantineReason.TRUNCATED_SIGNAL)
            self._ready += piece
        taken = bytes(self._ready[:n_bytes])
        del self._ready[:n_bytes]
        return taken

    def array(self) -> MatArray | None:
        """What stands before the numbers; none where it is no array of real numbers."""
        if self._element.kind == _PACKED and self._tag()[0] != _MATRIX:
            _refuse("variable: expected an array, found another element")
        flags, *_ = self._words("I", _UINT32, 8) or (0,)
        if flags & 0xFF not in _NUMERIC_CLASSES or flags & _COMPLEX:
            return None
        shape = self._words("i", _INT32, 4 * _MAX_DIMENSIONS)
        name = self._small(_INT8, _MAX_NAME_BYTES).decode("latin-1")
        kind, n_bytes, _ = self._tag()
        if kind not in _STORED or min(shape, default=-1) < 0:
            _refuse("array: expected numbers, found another type or a negative size")
        dtype = np.dtype(_STORED[kind]).newbyteorder(self._order)
        if n_bytes != int(np.prod(shape, dtype=object)) * dtype.itemsize:
            _refuse("array: expected as many numbers as its dimensions say, found another count")
        return MatArray(name, shape, dtype, self._element)

    def _tag(self) -> tuple[int, int, bytes]:
        """Type and size of what comes next; up to four bytes of data lie in the tag itself."""
        tag = self.take(8)
        kind, n_bytes = struct.unpack(f"{self._order}2I", tag)
        if kind >> 16:
            kind, n_bytes = kind & 0xFFFF, kind >> 16
            self._ready[:0] = tag[4:]
            return kind, n_bytes, tag[4:]
        return kind, n_bytes, b""

    def _words(self, letter: str, kind: int, most: int) -> tuple[int, ...]:
        """A short piece of data as words of 32 bits."""
        content = self._small(kind, most)
        return struct.unpack(f"{self._order}{len(content) // 4}{letter}", content[: len(content) // 4 * 4])

    def _small(self, kind: int, most: int) -> bytes:
        """A short piece of data of one type, with what fills it up to eight bytes."""
        found, n_bytes, within = self._tag()
        if found != kind or n_bytes > (4 if within else most):
            _refuse("array: expected flags, dimensions and a name, found another order")
        return self.take(4 if within else n_bytes + -n_bytes % 8)[:n_bytes]


def _plain(element: _Element) -> Iterator[bytes]:
    end = element.first_byte + element.n_bytes
    for at in range(element.first_byte, end, _PIECE_BYTES):
        yield read_part(element.path, min(_PIECE_BYTES, end - at), offset=at)


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What is packed, in pieces of bounded size, however much it would be."""
    unpacker = zlib.decompressobj()
    for packed in pieces:
        rest, unpacked = packed, b""
        while rest or len(unpacked) == _PIECE_BYTES:
            try:
                unpacked = unpacker.decompress(rest, _PIECE_BYTES)
            except zlib.error:
                _refuse("array: expected packed data, found damaged data", QuarantineReason.UNREADABLE_FILE)
            rest = unpacker.unconsumed_tail
            yield unpacked
