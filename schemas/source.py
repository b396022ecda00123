"""What is known about a source before its files are read: which files are records, who read them, what must be hidden.

Shipped profiles are `schemas/sources/*.yaml`; users write the same for their own. A profile is recognised from the
names of the files, or named by the caller. A public profile keeps the source's own names, so it is recognised only
where *every* record is named as that source names its records.

Patterns are regular expressions of a whole base name.
"""

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.base import Frozen
from schemas.codes import AnnotatorKind, CodeSystem

__all__ = [
    "AnnotatorTable",
    "EventsTable",
    "FactColumn",
    "FactKind",
    "FileLayout",
    "HeaderCodes",
    "LabelSource",
    "LeadQualityTable",
    "PtbxlTable",
    "RankTable",
    "ReadingsTable",
    "RecordCodeTable",
    "RecordTable",
    "SignalFiles",
    "SignalFormat",
    "SourceProfile",
    "WfdbAnnotations",
]


def _compiles(pattern: str) -> str:
    re.compile(pattern)  # re.error is a ValueError
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class SignalFormat(StrEnum):
    """How a file that stands for a record is read."""

    WFDB = "wfdb"  # the header
    EDF = "edf"
    DICOM = "dicom"
    TEXT = "text"  # rows are samples, columns are leads; described by the profile's layout
    SIDECAR = "sidecar"  # a YAML file beside the text file that it names: a `FileLayout` with `file`
    MATLAB = "matlab"  # an array, described by the profile's layout


class FileLayout(Frozen):
    """What a file of bare numbers doesn't say. physical = (number - baseline) / gain_per_unit."""

    fs_hz: Annotated[float, Field(gt=0)]
    leads: Annotated[tuple[str, ...], Field(min_length=1)]
    unit: str = "mV"
    gain_per_unit: Annotated[float, Field(gt=0)] = 1000.0
    baseline: int = 0
    numbers: Literal["digital", "physical"] = "digital"  # physical: rounded to the nearest digital step on reading
    delimiter: str = ","
    skip_rows: Annotated[int, Field(ge=0)] = 0
    skip_columns: Annotated[int, Field(ge=0)] = 0  # an index or time before the leads
    variable: str | None = None  # of a MATLAB file
    file: str | None = None  # a sidecar names the text file beside it


class SignalFiles(Frozen):
    """Which files stand for a record each."""

    format: SignalFormat
    pattern: Pattern
    layout: FileLayout | None = None

    @model_validator(mode="after")
    def _layout_where_needed(self) -> Self:
        if (self.format in (SignalFormat.TEXT, SignalFormat.MATLAB)) != (self.layout is not None):
            raise ValueError(f"signal files: expected a layout for text and matlab only, found format {self.format}")
        return self


class LabelSource(Frozen):
    """Where readings come from, by whom, in which code system.

    `vocabulary`: the codes that the reader looked for, so that one that was not given is absent; a code outside it is
    known only where it was found. Empty: nothing is known to be absent.
    """

    annotator_id: str
    annotator_kind: AnnotatorKind
    round: Annotated[int, Field(ge=1)] = 1
    code_system: CodeSystem
    vocabulary: tuple[str, ...] = ()


class RecordCodeTable(LabelSource):
    """CSV rows `record,code`. A group `(?P<round>...)` of the pattern gives the round."""

    kind: Literal["record_code"] = "record_code"
    pattern: Pattern
    one_code_per_reading: bool = True


class AnnotatorTable(LabelSource):
    """CSV with one 0/1 column per code of the vocabulary; an empty cell says that the code was not read.

    `record_column`: names the record. Without it a row is a record that only such tables know, named by its position
    from 00000. Other columns are ignored.
    """

    kind: Literal["annotator_table"] = "annotator_table"
    pattern: Pattern
    vocabulary: Annotated[tuple[str, ...], Field(min_length=1)]
    record_column: str | None = None


class LeadQualityTable(LabelSource):
    """CSV `record,group,<lead>...`: a group is acceptable or not, and a lead is 1 where it is of poor quality.

    The vocabulary is the one code that stands for an unacceptable recording, and for a poor lead as an event over its
    whole length, `n_samples`.
    """

    kind: Literal["lead_quality"] = "lead_quality"
    pattern: Pattern
    leads: Annotated[tuple[str, ...], Field(min_length=1)]
    n_samples: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _one_code(self) -> Self:
        if len(self.vocabulary) != 1:
            raise ValueError(f"lead quality: expected one code in the vocabulary, found {len(self.vocabulary)}")
        return self


class PtbxlTable(LabelSource):
    """The table of PTB-XL: `scp_codes` with likelihoods, validation, and the facts of the profile.

    `annotator_id` is the beginning of the annotators' names: who made the statements differs from row to row.
    """

    kind: Literal["ptbxl"] = "ptbxl"
    pattern: Pattern


class ReadingsTable(Frozen):
    """CSV with the columns of `annotations`, one row per reading of one code; `record` in the place of `record_id`.

    Who read, in which round and code system, and how likely the finding is, is in the rows; `present` is 1 or 0. What
    has no row is unknown. `codes`: those that may occur beyond what their systems are known to have.
    """

    kind: Literal["readings"] = "readings"
    pattern: Pattern
    codes: tuple[str, ...] = ()


class EventsTable(Frozen):
    """CSV with the columns of `events`; `record` in the place of `record_id`. An empty `lead` means all of them.

    `codes`, `leads`: which may occur; they are closed lists, so that no other text passes.
    """

    kind: Literal["events"] = "events"
    pattern: Pattern
    codes: Annotated[tuple[str, ...], Field(min_length=1)]
    leads: tuple[str, ...] = ()


class RankTable(Frozen):
    """Text rows `record rank`, `#` before a comment: a fact, not a reading."""

    kind: Literal["ranks"] = "ranks"
    pattern: Pattern
    fact: Name


class RecordTable(Frozen):
    """CSV of circumstances: which column states what of `records`. Who has no recording becomes a record without one.

    `record_column`: as in an annotator's table. `male` and `female`: what the column of sexes says. `split_bucket`:
    what decides a patient's split, 0 to 999, of a source where that was decided before.
    """

    kind: Literal["records"] = "records"
    pattern: Pattern
    record_column: str | None = None
    patient: str | None = None
    age_years: str | None = None
    sex: str | None = None
    male: str = "M"
    female: str = "F"
    site: str | None = None
    device: str | None = None
    recorded_year: str | None = None
    height_cm: str | None = None
    weight_kg: str | None = None
    split_bucket: str | None = None


class HeaderCodes(LabelSource):
    """Codes in a header's comment, `#Dx: 164889003,427084000`, in any case and spacing.

    `records`: which records this source has read, by their names; so one folder can hold those of several.
    """

    kind: Literal["header_codes"] = "header_codes"
    key: str = "Dx"
    records: Pattern = ".*"


class WfdbAnnotations(LabelSource):
    """A WFDB annotation file beside the record: beats and rhythms become events, rhythms also readings.

    A rhythm is written as in the file, with its parenthesis, `(AFIB`, so that it is told from a beat.
    """

    kind: Literal["wfdb_annotations"] = "wfdb_annotations"
    suffix: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,8}$")]


TableLabels = Annotated[
    RecordCodeTable
    | AnnotatorTable
    | LeadQualityTable
    | PtbxlTable
    | ReadingsTable
    | EventsTable
    | RankTable
    | RecordTable,
    Field(discriminator="kind"),
]
OwnLabels = Annotated[HeaderCodes | WfdbAnnotations, Field(discriminator="kind")]


class FactKind(StrEnum):
    """What a stated value may be; whatever else is stated is dropped, and counted."""

    NUMBER = "number"
    CATEGORY = "category"  # one of a closed list
    FLAG = "flag"  # whether anything is stated, and nothing of what
    NAME = "name"  # of a person, place or device: replaced by a pseudonym where names are hidden


class FactColumn(Frozen):
    """A column of a source's tables that is kept in `facts`, under `name` (with its unit)."""

    column: str
    name: Name
    kind: FactKind
    allowed: tuple[str, ...] = ()  # of a category
    low: float | None = None  # of a number
    high: float | None = None


class SourceProfile(Frozen):
    """A source of recordings. `dates_are_real`: false where the dates are placeholders or shifted."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    public: bool
    has_patients: bool
    simulated: bool
    licence: str
    signals: tuple[SignalFiles, ...] = ()  # the first pattern that fits a file is taken
    own_labels: tuple[OwnLabels, ...] = ()  # in or beside the record's own files
    tables: tuple[TableLabels, ...] = ()  # files about many records
    facts: tuple[FactColumn, ...] = ()
    record_pattern: Pattern | None = None  # of every record's name; none: never recognised by it
    marker_files: tuple[str, ...] = ()  # must be there to be recognised
    dates_are_real: bool = True

    @property
    def needs_pseudonyms(self) -> bool:
        """Whether names of patients, records, places, devices and readers must be replaced."""
        return self.has_patients and not self.public

    @model_validator(mode="after")
    def _own_readers_have_names_of_their_own(self) -> Self:
        """What came from a record's own files is told apart by who read it."""
        both = {s.annotator_id for s in self.own_labels} & {
            s.annotator_id for s in self.tables if isinstance(s, LabelSource)
        }
        if both:
            raise ValueError(
                f"annotators: expected other names in tables than in records, found {sorted(both)} in both"
            )
        if self.own_labels and any(isinstance(s, ReadingsTable | EventsTable) for s in self.tables):
            raise ValueError("annotators: expected tables whose rows name them, or labels in records, found both")
        return self
