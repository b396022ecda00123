"""Readings in a record's own files: codes in its header's comments, and WFDB annotation files beside it."""

from chiron.records.formats.recording import Recording
from chiron.records.landing import Landing, LandingFile
from chiron.records.readings.annotation_files import annotation_file, annotation_readings
from chiron.records.readings.header_codes import header_readings
from chiron.records.readings.parsed import OwnReadings
from schemas.source import HeaderCodes, OwnLabels, WfdbAnnotations

__all__ = ["own_files", "own_readings"]


def own_readings(source: OwnLabels, recording: Recording, landing: Landing) -> OwnReadings:
    """What a source says about a record; nothing where the record has no such file. Raises InputRefused."""
    match source:
        case HeaderCodes():
            return header_readings(source, recording)
        case WfdbAnnotations():
            return annotation_readings(source, recording, landing)


def own_files(source: OwnLabels, recording: Recording, landing: Landing) -> tuple[LandingFile, ...]:
    """The files beyond the recording's own that `own_readings` reads."""
    file = annotation_file(source, recording, landing) if isinstance(source, WfdbAnnotations) else None
    return () if file is None else (file,)
