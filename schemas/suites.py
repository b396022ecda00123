"""Expectation suites as declarations: what `schemas/expectations/*.yaml` may say. `chiron.quality` runs them."""

from typing import Annotated

from pydantic import Field, JsonValue

from schemas.base import Frozen
from schemas.gate import Severity

__all__ = ["ExpectationSpec", "Suite"]


class ExpectationSpec(Frozen):
    """One expectation, or one per column where `for_columns` names several.

    A text `$name` among `kwargs` stands for a limit of the gate or a vocabulary; `{name}` and `{column}` in `expected`
    likewise.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    type: Annotated[str, Field(pattern=r"^expect_[a-z_]+$")]  # of Great Expectations, or our own
    kwargs: dict[str, JsonValue] = {}
    for_columns: tuple[str, ...] = ()
    severity: Severity
    expected: str  # for people
    why: str
    where_recorded: bool = False  # left out where no row has a value: another expectation says that none is there


class Suite(Frozen):
    """All expectations of one table."""

    table: str
    expectations: Annotated[tuple[ExpectationSpec, ...], Field(min_length=1)]
