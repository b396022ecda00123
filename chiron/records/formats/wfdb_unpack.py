"""Bytes of WFDB signal files to samples, one function per way of storing: see `chiron.records.formats.wfdb_formats`.

The wfdb package takes three times as long for format 212 alone, and can't return format 61 frame by frame. That both
agree wherever it can read is tested.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

__all__ = ["unpack"]


def unpack(storage: str, content: bytes, n_samples: int) -> np.ndarray:
    """`n_samples` in the order of the file, int16 or int32; of format 8 the differences.

    content: at least `stored_bytes(storage, n_samples)` bytes.
    """
    return _WAYS[storage](content)[:n_samples]


def _whole(content: bytes, dtype: str, *, zero: int = 0) -> np.ndarray:
    """One number of whole bytes per sample; `zero`: what stands for 0."""
    numbers = np.frombuffer(content, dtype)
    return numbers if not zero else (numbers.astype(np.int32) - zero).astype(np.int16)


def _groups(content: bytes, n_bytes: int, dtype: str) -> np.ndarray:
    """The bytes in whole groups, the last one filled up: (n_groups, numbers in a group)."""
    padded = content + bytes(-len(content) % n_bytes)
    return np.frombuffer(padded, dtype).reshape(-1, n_bytes // np.dtype(dtype).itemsize)


def _bytes_24(content: bytes) -> np.ndarray:
    """Three bytes per sample. They become the highest of four, and then all go down, with their sign."""
    triplets = _groups(content, 3, "u1")
    filled = np.zeros((len(triplets), 4), np.uint8)
    filled[:, 1:] = triplets
    return filled.view("<i4").reshape(-1) >> 8


def _bits_212(content: bytes) -> np.ndarray:
    """Two samples in three bytes: the middle one holds the high bits of both, those of the first below.

    Each byte is put where it belongs in two samples of two bytes; it is three times as fast as to compute the samples.
    """
    triplets = _groups(content, 3, "u1")
    middle = triplets[:, 1].view(np.int8)
    samples = np.empty((len(triplets), 4), np.uint8)
    samples[:, 0], samples[:, 2] = triplets[:, 0], triplets[:, 2]
    samples[:, 1], samples[:, 3] = (middle << 4 >> 4).view(np.uint8), (middle >> 4).view(np.uint8)
    return samples.view("<i2").reshape(-1)


def _bits_310(content: bytes) -> np.ndarray:
    """Three samples in two words: ten bits of each word from the second on, and five and five of their highest."""
    first, second = _groups(content, 4, "<u2").T
    return _ten_bits(first >> 1, second >> 1, first >> 11 | second >> 11 << 5)


def _bits_311(content: bytes) -> np.ndarray:
    """Three samples in one word, from the lowest bits on."""
    (word,) = _groups(content, 4, "<u4").T
    return _ten_bits(word, word >> 10, word >> 20)


def _ten_bits(*samples: np.ndarray) -> np.ndarray:
    """Take turns; of each the lowest ten bits, with their sign."""
    return np.stack(samples, axis=1).reshape(-1).astype(np.int16) << 6 >> 6


_WAYS: Final[dict[str, Callable[[bytes], np.ndarray]]] = {
    "8": partial(_whole, dtype="i1"),
    "16": partial(_whole, dtype="<i2"),
    "24": _bytes_24,
    "32": partial(_whole, dtype="<i4"),
    "61": partial(_whole, dtype=">i2"),
    "80": partial(_whole, dtype="u1", zero=2**7),
    "160": partial(_whole, dtype="<u2", zero=2**15),
    "212": _bits_212,
    "310": _bits_310,
    "311": _bits_311,
}
