"""What is known about a source before its files are read: who read it, in which code system, and what must be hidden.

A profile is recognised from the names of the files, or named by the caller. A public profile keeps the source's own
names, so it is recognised only where *every* record is named as that source names its records.
"""

from typing import Annotated, Final

from pydantic import Field

from schemas.base import Frozen
from schemas.codes import AnnotatorKind, CodeSystem

__all__ = ["CINC2017", "DEMO_HOSPITAL", "GENERIC_WFDB", "PROFILES", "LabelFile", "SourceProfile"]


class LabelFile(Frozen):
    """One file with the readings of one annotator in one round: rows `record,code`, no heading."""

    file_name: str
    annotator_id: str
    annotator_kind: AnnotatorKind
    round: Annotated[int, Field(ge=1)]


class SourceProfile(Frozen):
    """A source of recordings.

    `vocabulary`: the codes that each of its annotators looked for, so that a code that was not given is absent; with
    `one_code_per_reading` a reading is exactly one of them. `dates_are_real`: false where the headers' dates are
    placeholders.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    public: bool
    has_patients: bool
    simulated: bool
    licence: str
    code_system: CodeSystem
    vocabulary: tuple[str, ...] = ()
    one_code_per_reading: bool = True
    label_files: tuple[LabelFile, ...] = ()
    record_pattern: str | None = None  # of every record's file name without suffix; none: never recognised by it
    marker_files: tuple[str, ...] = ()  # must be there to be recognised
    dates_are_real: bool = True

    @property
    def needs_pseudonyms(self) -> bool:
        """Whether names of patients, records, places, devices and readers must be replaced."""
        return self.has_patients and not self.public


def _panel_round(file_name: str, number: int) -> LabelFile:
    return LabelFile(
        file_name=file_name, annotator_id="cinc2017-panel", annotator_kind=AnnotatorKind.GROUP, round=number
    )


def _person_round(reader: str, number: int) -> LabelFile:
    return LabelFile(
        file_name=f"{reader}-round-{number}.csv", annotator_id=reader, annotator_kind=AnnotatorKind.PERSON, round=number
    )


CINC2017: Final = SourceProfile(
    name="cinc2017",
    public=True,
    has_patients=True,
    simulated=False,
    licence="ODC-By-1.0",
    code_system=CodeSystem.CINC2017,
    vocabulary=("N", "A", "O", "~"),
    label_files=(
        _panel_round("REFERENCE-original.csv", 1),
        _panel_round("REFERENCE-2017-05.csv", 2),
        _panel_round("REFERENCE-v3.csv", 3),
    ),
    record_pattern=r"A\d{5}",
    marker_files=("REFERENCE-v3.csv",),
    dates_are_real=False,
)

DEMO_HOSPITAL: Final = SourceProfile(
    name="demo-hospital",
    public=False,
    has_patients=False,
    simulated=True,
    licence="CC0-1.0",
    code_system=CodeSystem.CINC2017,
    vocabulary=("N", "A", "O", "~"),
    label_files=(
        _person_round("reader-1", 1),
        _person_round("reader-1", 2),
        _person_round("reader-2", 1),
        _person_round("reader-3", 1),
    ),
    record_pattern=r"simulated-\d{5}(-copy)?",
    marker_files=("reader-1-round-1.csv", "README.txt"),
)

GENERIC_WFDB: Final = SourceProfile(
    name="wfdb",
    public=False,
    has_patients=True,
    simulated=False,
    licence="not stated",
    code_system=CodeSystem.CHIRON,
)

PROFILES: Final[dict[str, SourceProfile]] = {p.name: p for p in (CINC2017, DEMO_HOSPITAL, GENERIC_WFDB)}
