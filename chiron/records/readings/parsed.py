"""What readers of labels hand to ingest: rows by the source's own names, which ingest replaces.

Two kinds of reader: of a record's own files (`OwnReadings`), and of tables about many records (`Parsed`). Both count
what the raw text states by other means than they parse it, so that a parser that misses labels is found out.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

import polars as pl

from chiron.records.refusal import Refusal
from schemas.codes import Code
from schemas.tables import ANNOTATIONS, EVENTS, FACTS

__all__ = ["CLINICAL_COLUMNS", "OwnEvent", "OwnReading", "OwnReadings", "Parsed", "RecordNames", "RowFault", "by_name"]


class OwnReading(NamedTuple):
    """One code in a record's own files."""

    code: str
    present: bool
    likelihood: float | None = None


class OwnEvent(NamedTuple):
    """Something at a time. `lead`: none for all leads."""

    code: str
    lead: str | None
    start_sample: int
    end_sample: int


@dataclass(slots=True)
class OwnReadings:
    """What one label source says about one record, in that record's own files.

    `readings`: what is stated. Ingest adds the codes of the vocabulary that are absent, where there is any reading.
    """

    readings: list[OwnReading] = field(default_factory=list)
    events: list[OwnEvent] = field(default_factory=list)
    stated: Counter[Code] = field(default_factory=Counter)  # codes found present, counted in the raw text
    n_unreadable: int = 0  # texts in the place of a code that are none
    n_outside: int = 0  # events beyond the recording, dropped


class RowFault(StrEnum):
    """Why a row of a table did not become annotations."""

    UNREADABLE_ROW = "unreadable_row"
    UNKNOWN_CODE = "unknown_code"
    SEVERAL_CODES = "several_codes"
    RECORD_NOT_IN_SOURCE = "record_not_in_source"
    RECORD_IN_QUARANTINE = "record_in_quarantine"  # the record is kept with its bytes, and its row with the source
    STATED_TWICE = "stated_twice"  # by the same annotator in the same round, with the same words


class RecordNames:
    """Finds a record by the name that a table gives it: its path without suffix, or its last part if unique."""

    def __init__(self, ingested: Collection[str], quarantined: Collection[str]) -> None:
        """Both: names of records, the path below the landing folder without suffix."""
        every = {*ingested, *quarantined}
        occurrences = Counter(name.rpartition("/")[2] for name in every)
        self._name_of = {base: n for n in every if occurrences[base := n.rpartition("/")[2]] == 1}
        self._name_of |= {name: name for name in every}
        self._ingested = frozenset(ingested)

    def find(self, name: str) -> str | RowFault:
        """The record's name, or why there is none."""
        found = self._name_of.get(name)
        if found is None:
            return RowFault.RECORD_NOT_IN_SOURCE
        return found if found in self._ingested else RowFault.RECORD_IN_QUARANTINE


CLINICAL_COLUMNS: Final[Mapping[str, pl.DataType]] = {
    "patient": pl.String(),
    "age_years": pl.Float64(),
    "sex": pl.String(),
    "site": pl.String(),
    "device": pl.String(),
    "recorded_year": pl.Int32(),
    "height_cm": pl.Float64(),
    "weight_kg": pl.Float64(),
    "split_bucket": pl.Int32(),
}


def by_name(columns: Mapping[str, pl.DataType]) -> pl.Schema:
    """The columns of a table with the record's own name, `record`, in the place of its id."""
    return pl.Schema({"record": pl.String(), **{k: v for k, v in columns.items() if k != "record_id"}})


@dataclass
class Parsed:
    """What one table says. Every `record` is a name of `RecordNames`, or one of `records` that only the table knows.

    `records`: what the table says of circumstances, one row per record; a record that has no recording becomes one
    without samples.
    """

    annotations: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=by_name(ANNOTATIONS.columns)))
    events: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=by_name(EVENTS.columns)))
    facts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=by_name(FACTS.columns)))
    records: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=by_name(CLINICAL_COLUMNS)))
    stated: Counter[Code] = field(default_factory=Counter)  # readings found present, counted in the raw text
    faults: Counter[RowFault] = field(default_factory=Counter)  # rows
    lost: Counter[tuple[RowFault, Code]] = field(default_factory=Counter)  # of `stated`, what is not in `annotations`
    refusals: list[Refusal] = field(default_factory=list)
    unreadable_values: Counter[str] = field(default_factory=Counter)  # by column of `records` or fact
    unknown_codes: Counter[Code] = field(default_factory=Counter)  # outside the vocabulary: kept, but not known absent
