"""Who was recorded and how, as a table states it: the columns of `records` that aren't in a recording's own files."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import polars as pl

from chiron.records.cells import ROW
from chiron.records.parsed import CLINICAL_COLUMNS
from chiron.records.stated_values import count_unreadable, name, number
from schemas.codes import Sex

__all__ = ["circumstances"]

_OLDEST_TOLD: Final = 89.0  # few people are older, and an exact age would give them away
_AGES: Final = (0.0, 300.0)
_LIMITS: Final = {"height_cm": (20.0, 260.0), "weight_kg": (0.2, 500.0)}


def circumstances(
    cells: pl.DataFrame, columns: Mapping[str, str], *, sexes: Mapping[str, Sex], dates_are_real: bool
) -> tuple[pl.DataFrame, Counter[str]]:
    """`ROW` and the clinical columns, and how many stated values of each were not understood.

    columns: of `records` -> of the table; others are null. sexes: what the table writes -> sex. Ages above 89 become
    90; sources that hide them write 300.
    """
    values = {clinical: _value(clinical, column, sexes) for clinical, column in columns.items()}
    unreadable = Counter({c: count_unreadable(cells, columns[c], value) for c, value in values.items()})
    if not dates_are_real:
        values.pop("recorded_year", None)
    absent = {c: pl.lit(None) for c in CLINICAL_COLUMNS if c not in values}
    return cells.select(ROW, **values, **absent).cast(pl.Schema(CLINICAL_COLUMNS)), +unreadable


def _value(clinical: str, column: str, sexes: Mapping[str, Sex]) -> pl.Expr:
    """What one column says, null where that isn't understood."""
    match clinical:
        case "age_years":
            age = number(column, *_AGES)
            return pl.when(age > _OLDEST_TOLD).then(_OLDEST_TOLD + 1).otherwise(age)
        case "height_cm" | "weight_kg":
            return number(column, *_LIMITS[clinical])
        case "sex":
            known = {text: sex.value for text, sex in sexes.items()}
            return name(column).replace_strict(known, default=None, return_dtype=pl.String())
        case "recorded_year":
            return pl.col(column).str.extract(r"^((?:19|20)[0-9]{2})-").cast(pl.Int32)
        case _:
            return name(column)
