"""Who was recorded and how, as a table states it: the columns of `records` that aren't in a recording's own files."""

from collections import Counter
from typing import Final

import polars as pl

from chiron.records.readings.cells import ROW
from chiron.records.readings.label_rows import RECORD
from chiron.records.readings.parsed import CLINICAL_COLUMNS, Parsed, by_name
from chiron.records.readings.stated_values import count_unreadable, name, number, stated_facts
from schemas.codes import Sex
from schemas.source import RecordTable, SourceProfile
from schemas.tables import FACTS

__all__ = ["add_circumstances", "headings_of"]

_OLDEST_TOLD: Final = 89.0  # few people are older, and an exact age would give them away
_AGES: Final = (0.0, 300.0)  # sources that hide the age of the oldest write 300
_LIMITS: Final = {"height_cm": (20.0, 260.0), "weight_kg": (0.2, 500.0)}


def headings_of(source: RecordTable) -> dict[str, str]:
    """The columns of `records` that a table states -> its own headings."""
    return {column: heading for column in CLINICAL_COLUMNS if (heading := getattr(source, column)) is not None}


def add_circumstances(
    parsed: Parsed, profile: SourceProfile, source: RecordTable, good: pl.DataFrame, at: pl.DataFrame
) -> None:
    """Set `records` and `facts`. good: the cells of sound rows; at: their `ROW` and `RECORD`.

    Facts are those of the profile whose columns are there.
    """
    clinical, unreadable = _clinical(good, source, dates_are_real=profile.dates_are_real)
    facts, unreadable_facts = stated_facts(good, [fact for fact in profile.facts if fact.column in good.columns])
    parsed.records = clinical.join(at, on=ROW).select(RECORD, *CLINICAL_COLUMNS)
    parsed.facts = facts.join(at, on=ROW).select(list(by_name(FACTS.columns)))
    parsed.unreadable_values += unreadable + unreadable_facts


def _clinical(cells: pl.DataFrame, source: RecordTable, *, dates_are_real: bool) -> tuple[pl.DataFrame, Counter[str]]:
    """`ROW` and the clinical columns, and how many stated values of each were not understood."""
    headings = headings_of(source)
    values = {clinical: _value(clinical, heading, source) for clinical, heading in headings.items()}
    unreadable = Counter({c: count_unreadable(cells, headings[c], value) for c, value in values.items()})
    if not dates_are_real:
        values.pop("recorded_year", None)
    absent = {c: pl.lit(None) for c in CLINICAL_COLUMNS if c not in values}
    return cells.select(ROW, **values, **absent).cast(pl.Schema(CLINICAL_COLUMNS)), +unreadable


def _value(clinical: str, heading: str, source: RecordTable) -> pl.Expr:
    """What one column says, null where that isn't understood."""
    match clinical:
        case "age_years":
            age = number(heading, *_AGES)
            return pl.when(age > _OLDEST_TOLD).then(_OLDEST_TOLD + 1).otherwise(age)
        case "height_cm" | "weight_kg":
            return number(heading, *_LIMITS[clinical])
        case "sex":
            sexes = {source.male: Sex.MALE.value, source.female: Sex.FEMALE.value}
            return name(heading).replace_strict(sexes, default=None, return_dtype=pl.String())
        case "recorded_year":
            return pl.col(heading).str.extract(r"^((?:19|20)[0-9]{2})(?:-|$)").cast(pl.Int32)
        case "split_bucket":
            return pl.col(heading).str.extract(r"^([0-9]{1,3})$").cast(pl.Int32)
        case _:
            return name(heading)
