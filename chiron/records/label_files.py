"""Readings: the rows `record,code` of label files become annotations, and no row vanishes without being counted.

Absence is explicit: a reading has one row for every code of the vocabulary, because its reader looked for all of them.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

import polars as pl

from chiron.errors import InputRefused
from chiron.records.landing import Landing, LandingFile
from chiron.records.pseudonyms import Pseudonyms
from chiron.records.quarantine import Refusal
from chiron.records.wfdb_files import require_regular
from schemas.codes import QuarantineReason
from schemas.ingested import LabelCount, LabelHop
from schemas.profiles import LabelFile, SourceProfile
from schemas.tables import ANNOTATIONS

__all__ = ["Readings", "RecordNames", "RowFault", "find_label_files", "read_label_files"]

_MAX_LABEL_BYTES: Final = 256 * 2**20

Row = list[str]


class RowFault(StrEnum):
    """Why a row of a label file did not become annotations."""

    UNREADABLE_ROW = "unreadable_row"
    UNKNOWN_CODE = "unknown_code"
    SEVERAL_CODES = "several_codes"
    RECORD_NOT_IN_SOURCE = "record_not_in_source"
    RECORD_IN_QUARANTINE = "record_in_quarantine"  # the record is kept with its bytes, and its row with the source


_QUARANTINED_AS: Final = {
    RowFault.UNREADABLE_ROW: QuarantineReason.UNREADABLE_LABELS,
    RowFault.UNKNOWN_CODE: QuarantineReason.UNREADABLE_LABELS,
    RowFault.SEVERAL_CODES: QuarantineReason.UNREADABLE_LABELS,
    RowFault.RECORD_NOT_IN_SOURCE: QuarantineReason.LABEL_WITHOUT_RECORD,
}


class RecordNames:
    """Finds a record by the name that a label file gives it: its path without suffix, or its last part if unique."""

    def __init__(self, ingested: Mapping[str, str], quarantined: Collection[str]) -> None:
        """`ingested`: stem of the header to record id; `quarantined`: stems."""
        stems = {*ingested, *quarantined}
        occurrences = Counter(PurePosixPath(stem).name for stem in stems)
        self._stem_of = {PurePosixPath(s).name: s for s in stems if occurrences[PurePosixPath(s).name] == 1}
        self._stem_of |= {stem: stem for stem in stems}
        self._ingested = ingested

    def find(self, name: str) -> str | RowFault:
        """The record id, or why there is none."""
        stem = self._stem_of.get(name)
        if stem is None:
            return RowFault.RECORD_NOT_IN_SOURCE
        return self._ingested.get(stem, RowFault.RECORD_IN_QUARANTINE)


@dataclass
class Readings:
    """What all label files gave. `parsed`: rows per known code; `faults`: rows that did not become annotations."""

    annotations: pl.DataFrame = field(default_factory=ANNOTATIONS.empty)
    refusals: list[Refusal] = field(default_factory=list)
    parsed: Counter[str] = field(default_factory=Counter)
    faults: Counter[RowFault] = field(default_factory=Counter)

    def label_counts(self, profile: SourceProfile) -> tuple[LabelCount, ...]:
        """Readings per code as parsed from the files, and as stored."""
        stored = dict(self.annotations.filter("present").group_by("code").len().iter_rows())
        return tuple(
            LabelCount(hop=hop, code_system=profile.code_system, code=code, n=counts.get(code, 0))
            for hop, counts in ((LabelHop.PARSED, self.parsed), (LabelHop.STORED, stored))
            for code in profile.vocabulary
        )


def find_label_files(landing: Landing, profile: SourceProfile) -> dict[str, LabelFile]:
    """The label files of a source: name in the landing folder -> what the profile knows about it."""
    known = {label_file.file_name: label_file for label_file in profile.label_files}
    return {name: known[base] for name in landing.files if (base := PurePosixPath(name).name) in known}


def read_label_files(landing: Landing, profile: SourceProfile, names: RecordNames, pseudonyms: Pseudonyms) -> Readings:
    """Read every label file of the profile. Files and rows that can't be used are refused, not raised."""
    readings = Readings()
    read: dict[LabelFile, pl.DataFrame] = {}
    for name, label_file in find_label_files(landing, profile).items():
        try:
            if label_file in read:
                raise InputRefused(QuarantineReason.UNREADABLE_LABELS, "label file: expected one, found a second one")
            rows = _rows(landing.files[name])
        except InputRefused as error:
            readings.refusals.append(Refusal.of(name, error, [landing.files[name]]))
        else:
            codes = _codes_by_record(name, rows, profile, names, readings)
            read[label_file] = _annotations(codes, label_file, profile, pseudonyms)
    readings.annotations = pl.concat([ANNOTATIONS.empty(), *read.values()])
    return readings


def _rows(file: LandingFile) -> list[Row]:
    """The rows of a CSV file. Raises InputRefused."""
    require_regular(file, "label file")
    if file.n_bytes > _MAX_LABEL_BYTES:
        raise InputRefused(
            QuarantineReason.TOO_LARGE, f"label file: expected at most {_MAX_LABEL_BYTES} bytes, found {file.n_bytes}"
        )
    try:
        text = file.path.read_bytes().decode("utf-8-sig")
        return [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputRefused(
            QuarantineReason.UNREADABLE_LABELS, f"label file: expected UTF-8 CSV, found {type(error).__name__}"
        ) from None


def _codes_by_record(
    file_name: str, rows: list[Row], profile: SourceProfile, names: RecordNames, readings: Readings
) -> dict[str, set[str]]:
    """Record id -> codes that it was given. Every other row is counted and refused."""
    by_record: dict[str, list[Row]] = defaultdict(list)
    at_fault: dict[RowFault, list[Row]] = defaultdict(list)
    for row in rows:
        found = _record_of(row, profile, names)
        (at_fault if isinstance(found, RowFault) else by_record)[found].append(row)  # type: ignore[index]
        if len(row) == 2 and row[1] in profile.vocabulary:
            readings.parsed[row[1]] += 1
    codes = {record_id: {code for _, code in given} for record_id, given in by_record.items()}
    for record_id in [r for r, given in codes.items() if profile.one_code_per_reading and len(given) > 1]:
        at_fault[RowFault.SEVERAL_CODES] += by_record[record_id]
        del codes[record_id]
    readings.faults.update({fault: len(refused) for fault, refused in at_fault.items()})
    readings.refusals += _refuse_rows(file_name, at_fault, len(rows))
    return codes


def _record_of(row: Row, profile: SourceProfile, names: RecordNames) -> str | RowFault:
    """The id of the record that a row is about, or what is wrong with the row."""
    if len(row) != 2 or not row[0]:
        return RowFault.UNREADABLE_ROW
    name, code = row
    return names.find(name) if code in profile.vocabulary else RowFault.UNKNOWN_CODE


def _refuse_rows(file_name: str, at_fault: Mapping[RowFault, list[Row]], n_rows: int) -> list[Refusal]:
    """One refusal per fault, with the rows themselves as its content."""
    return [
        Refusal(
            name=file_name,
            reason=_QUARANTINED_AS[fault],
            message=f"label file: expected {n_rows} usable rows, found {len(rows)} with fault {fault}",
            text=_as_csv(rows),
        )
        for fault, rows in at_fault.items()
        if fault in _QUARANTINED_AS
    ]


def _as_csv(rows: list[Row]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _annotations(
    codes: Mapping[str, set[str]], label_file: LabelFile, profile: SourceProfile, pseudonyms: Pseudonyms
) -> pl.DataFrame:
    """One row per record and code of the vocabulary."""
    pairs = [(record_id, code, code in given) for record_id, given in codes.items() for code in profile.vocabulary]
    frame = pl.DataFrame(pairs, schema={"record_id": pl.String, "code": pl.String, "present": pl.Boolean}, orient="row")
    return frame.with_columns(
        annotator_id=pl.lit(pseudonyms.name("annotator", label_file.annotator_id)),
        annotator_kind=pl.lit(label_file.annotator_kind.value),
        round=pl.lit(label_file.round, pl.Int32),
        code_system=pl.lit(profile.code_system.value),
        likelihood=pl.lit(None, pl.Float64),
    ).select(list(ANNOTATIONS.columns))
