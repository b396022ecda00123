"""Values of a table's cells: numbers within limits, names, and the facts that a profile lists.

A value that is stated but not understood becomes null, and is counted. Free text never passes.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import polars as pl

from chiron.records.readings.cells import ROW
from schemas.source import FactColumn, FactKind

__all__ = ["FACT_COLUMNS", "count_unreadable", "name", "number", "stated", "stated_facts"]

FACT_COLUMNS: Final = pl.Schema({ROW: pl.UInt32(), "fact": pl.String(), "number": pl.Float64(), "text": pl.String()})

_NOT_STATED: Final = ("", "nan", "none", "null", "n/a", "?")
_NO_NUMBER: Final = pl.lit(None, pl.Float64)
_NO_TEXT: Final = pl.lit(None, pl.String)


def stated(column: str) -> pl.Expr:
    """The cell's text, or null where it says nothing."""
    return pl.when(pl.col(column).str.to_lowercase().is_in(_NOT_STATED)).then(None).otherwise(pl.col(column))


def number(column: str, low: float | None, high: float | None) -> pl.Expr:
    """A finite number from `low` to `high`, both included, where they are given; null for anything else."""
    value = stated(column).cast(pl.Float64, strict=False)
    within = value.is_finite()
    if low is not None:
        within &= value >= low
    if high is not None:
        within &= value <= high
    return pl.when(within).then(value)


def name(column: str) -> pl.Expr:
    """A name with even spaces; a number that was written with a decimal point by mistake (`12.0`) is a whole one."""
    return stated(column).str.replace_all(r"\s+", " ").str.replace(r"^(\d+)\.0$", "${1}")


def count_unreadable(cells: pl.DataFrame, column: str, value: pl.Expr) -> int:
    """In how many rows something is stated, and `value` is null."""
    return int(cells.select((stated(column).is_not_null() & value.is_null()).sum()).item())


def stated_facts(cells: pl.DataFrame, columns: Sequence[FactColumn]) -> tuple[pl.DataFrame, Counter[str]]:
    """The facts of each row, in long form, and how many values of each were not understood."""
    unreadable: Counter[str] = Counter()
    facts = [pl.DataFrame(schema=FACT_COLUMNS)]
    for fact in columns:
        value = _value(fact)
        as_number, as_text = (value, _NO_TEXT) if fact.kind in _NUMBERS else (_NO_NUMBER, value)
        rows = cells.select(ROW, fact=pl.lit(fact.name), number=as_number, text=as_text)
        facts.append(rows.filter(pl.any_horizontal(pl.col("number", "text").is_not_null())))
        unreadable[fact.name] += count_unreadable(cells, fact.column, value)
    return pl.concat(facts), +unreadable


_NUMBERS: Final = (FactKind.NUMBER, FactKind.FLAG)


def _value(fact: FactColumn) -> pl.Expr:
    match fact.kind:
        case FactKind.NUMBER:
            return number(fact.column, fact.low, fact.high)
        case FactKind.FLAG:
            return stated(fact.column).is_not_null().cast(pl.Float64)
        case FactKind.CATEGORY:
            return pl.when(pl.col(fact.column).is_in(fact.allowed)).then(pl.col(fact.column))
        case FactKind.NAME:
            return name(fact.column)
