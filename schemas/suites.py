"""Expectation suites as declarations: what `schemas/expectations/*.yaml` may say. `chiron.quality` runs them."""

from typing import Annotated

from pydantic import Field, JsonValue

from schemas.base import Frozen
from schemas.results import Severity

__all__ = ["ExpectationSpec", "Suite"]


class ExpectationSpec(Frozen):
    """One expectation, or one per column where `for_columns` names several.

    A string `$limit` among `kwargs` stands for that limit of the gate; `{limit}` and `{column}` in `expected` likewise.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    type: Annotated[str, Field(pattern=r"^expect_[a-z_]+$")]  # of Great Expectations, or our own
    kwargs: dict[str, JsonValue]
    for_columns: tuple[str, ...] = ()
    severity: Severity
    expected: str  # a sentence for people
    why: str


class Suite(Frozen):
    """All expectations of one table."""

    table: str
    expectations: Annotated[tuple[ExpectationSpec, ...], Field(min_length=1)]
