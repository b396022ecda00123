"""The digital samples of one record: their hash, and the type that holds them. Where they are kept: `signals`."""

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from chiron.datasets.shards import SignalDtype

__all__ = ["fits_int16", "signal_sha256", "to_missing"]

_INT16: Final = np.iinfo(np.int16)


def signal_sha256(signal: np.ndarray) -> str:
    """SHA-256 of a record's samples: (n_leads, n_samples), lead after lead, little-endian.

    A record that fits in int16 is hashed as int16, so that its hash is the same in an array of either type.
    """
    narrow = _narrow(signal)
    little_endian = np.ascontiguousarray(narrow, dtype="<i2" if narrow.dtype.itemsize == 2 else "<i4")
    return hashlib.sha256(little_endian.data).hexdigest()


def to_missing(signal: np.ndarray, dtype: "SignalDtype") -> np.ndarray:
    """The samples in `dtype`, with the missing value of that type. Raises ValueError where one has no place in it."""
    if signal.dtype == dtype:
        return signal
    if dtype == "int16" and not fits_int16(signal):
        raise ValueError(f"samples: expected values of 16 bits, found wider ones in {signal.dtype}")
    missing = signal == np.iinfo(signal.dtype).min
    converted = signal.astype(dtype)
    converted[missing] = np.iinfo(np.dtype(dtype)).min
    return converted


def fits_int16(signal: np.ndarray) -> bool:
    """Whether every sample that is not missing has a place in int16."""
    if signal.dtype == np.int16:
        return True
    present = signal[signal != np.iinfo(signal.dtype).min]
    return present.size == 0 or bool(present.min() > _INT16.min and present.max() <= _INT16.max)


def _narrow(signal: np.ndarray) -> np.ndarray:
    """The samples in the smallest type that holds them."""
    return to_missing(signal, "int16") if signal.dtype != np.int16 and fits_int16(signal) else signal
