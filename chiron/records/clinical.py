"""Clinical columns from a header's comments: `#Age: 63` and its kin.

Unknown is null. A value that is stated but not understood is null too, and counted. Ages above 89 are pooled to 90,
because few people are that old and an exact age would give them away.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from schemas.codes import Sex

__all__ = ["Clinical", "read_comments"]

_POOLED_AGE_YEARS: Final = 90.0
_COMMENT: Final = re.compile(r"<?(?P<key>[A-Za-z_ ]{1,30}?)>?\s*:\s*(?P<value>.*)")
_UNKNOWN: Final = {"", "unknown", "nan", "n/a", "none", "?"}
_SEXES: Final = {"f": Sex.FEMALE, "female": Sex.FEMALE, "m": Sex.MALE, "male": Sex.MALE}
_LIMITS: Final = {
    "age_years": (0.0, 300.0),
    "height_cm": (20.0, 260.0),
    "weight_kg": (0.2, 500.0),
    "year": (1900.0, 2100.0),
}
_COLUMNS: Final = {
    "age": "age_years",
    "sex": "sex",
    "gender": "sex",
    "height": "height_cm",
    "weight": "weight_kg",
    "year": "year",
    "patient": "patient",
    "site": "site",
    "device": "device",
}


@dataclass(slots=True)
class Clinical:
    """What a header says about patient and circumstances; None where it says nothing. `not_understood`: columns."""

    numbers: dict[str, float] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    sex: Sex | None = None
    not_understood: list[str] = field(default_factory=list)


def read_comments(comments: Iterable[str]) -> Clinical:
    """Read the comments that are known; the others are dropped, for they may hold anything."""
    clinical = Clinical()
    for comment in comments:
        match = _COMMENT.fullmatch(comment)
        column = _COLUMNS.get(match["key"].strip().lower()) if match else None
        if match and column and match["value"].strip().lower() not in _UNKNOWN:
            _take(clinical, column, match["value"].strip())
    return clinical


def _take(clinical: Clinical, column: str, value: str) -> None:
    """Store one stated value in its column."""
    if column == "sex":
        clinical.sex = _SEXES.get(value.lower())
        understood = clinical.sex is not None
    elif column in _LIMITS:
        number = _number(value, *_LIMITS[column])
        understood = number is not None
        if number is not None:
            clinical.numbers[column] = min(number, _POOLED_AGE_YEARS) if column == "age_years" else number
    else:
        clinical.names[column] = value
        understood = True
    if not understood:
        clinical.not_understood.append(column)


def _number(value: str, low: float, high: float) -> float | None:
    """A number within limits; None for anything else."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if low <= number <= high else None
