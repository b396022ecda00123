"""What a SNOMED CT identifier looks like: digits with a partition and a check digit (Verhoeff's).

Source: SNOMED CT Release File Specifications, "SCTID" and "Check-digit computation".
"""

import re
from typing import Final

__all__ = ["is_concept_id"]

_CONCEPT_ID: Final = re.compile(r"[1-9][0-9]{2,14}[01]0[0-9]", re.ASCII)  # partition 00 or 10, check digit


# The dihedral group of order 10, and the permutation of its elements by position.
_PRODUCT: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_PERMUTATION: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


def is_concept_id(text: str) -> bool:
    """Whether a text is a well-formed identifier of a concept; of one chance text in 50 it is so."""
    return _CONCEPT_ID.fullmatch(text) is not None and _checksum(text) == 0


def _checksum(digits: str) -> int:
    """0 where the check digit is right."""
    checksum = 0
    for position, digit in enumerate(reversed(digits)):
        checksum = _PRODUCT[checksum][_PERMUTATION[position % 8][int(digit)]]
    return checksum
