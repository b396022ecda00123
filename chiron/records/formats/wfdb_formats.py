"""The storage formats of WFDB signal files: https://physionet.org/physiotools/wag/signal-5.htm"""

import math
from typing import Final, NamedTuple

__all__ = ["COMPRESSED", "FORMATS", "Format", "stored_bytes"]


class Format(NamedTuple):
    """`missing`: the stored value that means so; `bits`: of the type that samples are kept in."""

    bytes_per_sample: float
    missing: int | None
    bits: int


FORMATS: Final[dict[str, Format]] = {
    "8": Format(1, None, 32),  # differences, which add up to anything
    "16": Format(2, -(2**15), 16),
    "24": Format(3, -(2**23), 32),
    "32": Format(4, -(2**31), 32),
    "61": Format(2, -(2**15), 16),
    "80": Format(1, -(2**7), 16),
    "160": Format(2, -(2**15), 16),
    "212": Format(1.5, -(2**11), 16),
    "310": Format(4 / 3, -(2**9), 16),
    "311": Format(4 / 3, -(2**9), 16),
    "508": Format(0, -(2**7), 16),
    "516": Format(0, -(2**15), 16),
    "524": Format(0, -(2**23), 32),
}
COMPRESSED: Final = ("508", "516", "524")  # FLAC: the number of bytes says nothing


def stored_bytes(storage: str, n_samples: int) -> int:
    """The least number of bytes that hold `n_samples`; 0 where compressed."""
    if storage == "310" and n_samples % 3 == 2:  # the second of a triplet is in its last two bytes
        return 4 * math.ceil(n_samples / 3)
    if storage in ("310", "311"):
        return math.ceil(n_samples * 4 / 3)
    return math.ceil(n_samples * FORMATS[storage].bytes_per_sample)
