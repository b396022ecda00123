"""Tables of labels: which reader reads which kind. A file that can't be used at all is refused by InputRefused."""

import re
from pathlib import PurePosixPath
from typing import assert_never

from chiron.records.landing import LandingFile
from chiron.records.readings.cells import refuse_table
from chiron.records.readings.fact_tables import read_ranks, read_records
from chiron.records.readings.label_tables_annotator import read_annotator_table
from chiron.records.readings.label_tables_codes import read_record_codes
from chiron.records.readings.label_tables_ptbxl import read_ptbxl
from chiron.records.readings.label_tables_quality import read_lead_quality
from chiron.records.readings.label_tables_rows import read_events, read_readings
from chiron.records.readings.parsed import Parsed, RecordNames
from schemas.source import (
    AnnotatorTable,
    EventsTable,
    LeadQualityTable,
    PtbxlTable,
    RankTable,
    ReadingsTable,
    RecordCodeTable,
    RecordTable,
    SourceProfile,
    TableLabels,
)

__all__ = ["read_table"]


def read_table(source: TableLabels, file: LandingFile, profile: SourceProfile, names: RecordNames) -> Parsed:
    """What a file states about many records. Raises InputRefused where the whole file is unusable."""
    match source:
        case RecordCodeTable():
            return read_record_codes(source, file, names, _round(source, file))
        case AnnotatorTable():
            return read_annotator_table(source, file, names, _round(source, file))
        case LeadQualityTable():
            return read_lead_quality(source, file, names, _round(source, file))
        case PtbxlTable():
            return read_ptbxl(source, file, profile, names, _round(source, file))
        case _:
            return _read_rows(source, file, profile, names)


def _read_rows(
    source: ReadingsTable | EventsTable | RecordTable | RankTable,
    file: LandingFile,
    profile: SourceProfile,
    names: RecordNames,
) -> Parsed:
    """Tables that are of no one annotator."""
    match source:
        case ReadingsTable():
            return read_readings(source, file, names)
        case EventsTable():
            return read_events(source, file, names)
        case RecordTable():
            return read_records(source, file, profile, names)
        case RankTable():
            return read_ranks(source, file, names)
        case _:
            assert_never(source)


def _round(source: RecordCodeTable | AnnotatorTable | LeadQualityTable | PtbxlTable, file: LandingFile) -> int:
    """The round that the file's name states by the pattern's group `round`, else the source's. Raises InputRefused."""
    match = re.fullmatch(source.pattern, PurePosixPath(file.name).name)
    stated = match.groupdict().get("round") if match else None
    if stated is None:
        return source.round
    if not re.fullmatch(r"0*[1-9][0-9]{0,3}", stated, re.ASCII):
        raise refuse_table("a round from 1 to 9999 in the file's name", f"{len(stated)} other characters")
    return int(stated)
