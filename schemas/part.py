"""What somebody wants of a release, and what a pull of it brought."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from schemas.base import Frozen
from schemas.codes import SplitName
from schemas.manifest import Sha256
from schemas.results import Pulled
from schemas.tables import RECORDS, SPLITS, TABLES

__all__ = ["SIGNALS_PART", "Part", "PulledPart"]

SIGNALS_PART: Final = "signals"  # beside the names of tables


class Part(Frozen):
    """Some splits, some tables, some records; what is not named is not restricted. Order and repetition don't count."""

    splits: frozenset[SplitName] | None = None
    tables: frozenset[str] | None = None  # of them `signals` is one
    records: frozenset[str] | None = None

    @model_validator(mode="after")
    def _is_some(self) -> Self:
        known = {*TABLES, SIGNALS_PART}
        if self.tables is not None and not self.tables <= known:
            raise ValueError(f"tables: expected some of {', '.join(sorted(known))}, found another name")
        if any(chosen is not None and not chosen for chosen in (self.splits, self.tables, self.records)):
            raise ValueError("part: expected at least one split, table or record where any are named, found none")
        return self

    @property
    def selects(self) -> bool:
        """Whether some records only are wanted."""
        return self.splits is not None or self.records is not None

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return not self.selects and self.tables is None

    @property
    def with_signals(self) -> bool:
        """Whether signals are wanted, if there are any."""
        return self.tables is None or SIGNALS_PART in self.tables

    def wants(self, table: str) -> bool:
        """Whether a table is part of it: `records` always, where rows or signals are chosen by them."""
        if self.tables is None or table in self.tables:
            return True
        return table == RECORDS.name and (self.selects or self.with_signals)

    def needs(self, table: str) -> bool:
        """Whether a table must be read to find what is wanted."""
        return self.wants(table) or (table == SPLITS.name and self.splits is not None)


class PulledPart(Pulled):
    """A part of a release that was pulled into a folder: what it is of, and its own content hash."""

    part_content_sha256: Sha256
    n_records: Annotated[int, Field(ge=0)]
    n_bytes_of_release: Annotated[int, Field(ge=0)]  # of all files of the release
