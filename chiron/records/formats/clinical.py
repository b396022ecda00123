"""Clinical columns from comments: `#Age: 63` and its kin, whatever the format of the file that they are in.

Unknown is null. A value that is stated but not understood is null too, and counted. Ages above 89 are pooled to 90,
because few people are that old and an exact age would give them away. Free text is dropped.

The ways in which known sets write, with their numbers changed:

    Age: 63                             CinC 2020 and 2021, PTB
    ECG date: 01/10/1990                PTB
    Age: 62  Sex: M                     European ST-T
    <age>: 70 <sex>: M <diagnoses> ...  MIMIC
    69 M 1085 1629 x1                   MIT-BIH: age, sex, tape
    32 M                                MIT-BIH normal sinus rhythm
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from schemas.codes import Sex

__all__ = ["Clinical", "read_comments"]

_MAX_CHARACTERS: Final = 500  # of a comment that is read; what is longer is a story
_POOLED_AGE_YEARS: Final = 90.0
_COMMENT: Final = re.compile(r"<?(?P<key>[A-Za-z_ ]{1,30}?)>?\s*:\s*(?P<value>.*)")
_NEXT: Final = re.compile(r"\s+(?=<|(?:age|sex|gender|height|weight)\s?:)", re.IGNORECASE)
_AGE_AND_SEX: Final = re.compile(r"(?P<age>-?\d{1,3}) (?P<sex>[MF])(?: \S+ \S+ x\d)?")
_UNKNOWN: Final = {"", "unknown", "nan", "n/a", "none", "?", "??", "-1"}
_SEXES: Final = {"f": Sex.FEMALE, "female": Sex.FEMALE, "m": Sex.MALE, "male": Sex.MALE}
_WRITTEN: Final = {  # a number that is not alone
    "age_years": re.compile(r"(.*\d)\s?(?:y|yr|yrs|years|years old)\.?", re.IGNORECASE),
    "height_cm": re.compile(r"(.*\d)\s?cm\.?", re.IGNORECASE),
    "weight_kg": re.compile(r"(.*\d)\s?kg\.?", re.IGNORECASE),
    "year": re.compile(r"\d{1,2}/\d{1,2}/(\d{4})"),  # of a day nothing else is kept
}
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
    "ecg date": "year",
    "patient": "patient",
    "site": "site",
    "device": "device",
}


@dataclass(slots=True)
class Clinical:
    """What is said of patient and circumstances; None where nothing is. `not_understood`: columns."""

    numbers: dict[str, float] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    sex: Sex | None = None
    not_understood: list[str] = field(default_factory=list)

    def take(self, column: str, value: str) -> None:
        """Store a stated value; one that is not understood is counted, one that says nothing is not."""
        if value.lower() in _UNKNOWN:
            return
        if column == "sex":
            self.sex = _SEXES.get(value.lower())
            understood = self.sex is not None
        elif column in _LIMITS:
            understood = self._take_number(column, value)
        else:
            self.names[column] = value
            understood = True
        if not understood:
            self.not_understood.append(column)

    def _take_number(self, column: str, value: str) -> bool:
        written = _WRITTEN[column].fullmatch(value)
        number = _number(written[1] if written else value, *_LIMITS[column])
        if number is None:
            return False
        self.numbers[column] = min(number, _POOLED_AGE_YEARS) if column == "age_years" else number
        return True


def read_comments(comments: Iterable[str]) -> Clinical:
    """Read the comments that are known; the others are dropped, for they may hold anything."""
    clinical = Clinical()
    for comment in comments:
        if len(comment) > _MAX_CHARACTERS:
            continue
        tape = _AGE_AND_SEX.fullmatch(comment)
        if tape:
            clinical.take("age_years", tape["age"])
            clinical.take("sex", tape["sex"])
        elif ":" in comment:
            _take_keys(clinical, comment)
    return clinical


def _take_keys(clinical: Clinical, comment: str) -> None:
    """Take `key: value`, and those that follow on the same line up to the first key that is not known."""
    for part in _NEXT.split(comment):
        match = _COMMENT.fullmatch(part)
        column = _COLUMNS.get(match["key"].strip().lower()) if match else None
        if match is None or column is None:
            return
        clinical.take(column, match["value"].strip())


def _number(value: str, low: float, high: float) -> float | None:
    """A number within limits; None for anything else."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if low <= number <= high else None
