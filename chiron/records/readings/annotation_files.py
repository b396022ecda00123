"""WFDB annotation files: beats and other marks are events, rhythms are events that last, and readings.

Texts of notes are dropped: they may say anything. What a rhythm is called is a closed list.
"""

import re
from collections import Counter
from typing import Final

from chiron.errors import InputRefused
from chiron.records.formats.headers import HEADER_SUFFIX
from chiron.records.formats.recording import Recording
from chiron.records.formats.regular import read_part, require_regular
from chiron.records.formats.signal_files import read_header_text
from chiron.records.landing import Landing, LandingFile
from chiron.records.readings.annotation_words import RHYTHM_CHANGE, SYMBOLS, Annotation, parse_annotations
from chiron.records.readings.parsed import OwnEvent, OwnReading, OwnReadings
from schemas.codes import Code, CodeSystem, QuarantineReason, is_code
from schemas.source import WfdbAnnotations

__all__ = ["annotation_file", "annotation_readings"]

_MAX_BYTES: Final = 2**24  # a day of beats takes 0.5 MB
_TEXTS: Final = frozenset('"=@?')  # notes, measurements, links, learning: nothing that happens in the heart
_RESOLUTION: Final = re.compile(r"## time resolution: (\d{1,6}(?:\.\d{1,9})?)", re.ASCII)
_RAW_RHYTHM: Final = re.compile(rb"[\x02-\x20]\xfc(\([A-Z]{1,6})(?![A-Z])")  # the length of a text, its type, the text


def annotation_file(source: WfdbAnnotations, recording: Recording, landing: Landing) -> LandingFile | None:
    """The annotation file beside the file that stands for a record."""
    return landing.files.get(f"{recording.files[0].stem}.{source.suffix}")


def annotation_readings(source: WfdbAnnotations, recording: Recording, landing: Landing) -> OwnReadings:
    """What the file says about a record; nothing where there is none. Raises InputRefused."""
    file = annotation_file(source, recording, landing)
    if file is None:
        return OwnReadings()
    content = _read(file)
    annotations = _in_samples(parse_annotations(content), recording)
    inside = [a for a in annotations if 0 <= a.sample < recording.n_samples]
    changes = [a for a in inside if a.type == RHYTHM_CHANGE]
    spans = _spans(changes, recording.n_samples)
    return OwnReadings(
        readings=[OwnReading(code, present=True) for code in sorted({span.code for span in spans})],
        events=[*_marks(inside), *spans],
        stated=_stated(source, content),
        n_unreadable=len(changes) - len(spans),
        n_outside=len(annotations) - len(inside),
    )


def _read(file: LandingFile) -> bytes:
    require_regular(file, "annotation file")
    if file.n_bytes > _MAX_BYTES:
        raise InputRefused(
            QuarantineReason.TOO_LARGE, f"annotation file: expected at most {_MAX_BYTES} bytes, found {file.n_bytes}"
        )
    return read_part(file.path, _MAX_BYTES)


def _in_samples(annotations: list[Annotation], recording: Recording) -> list[Annotation]:
    """With sample numbers in the place of times, which count frames, or ticks of the rate that a first note states."""
    notes = [a.text for a in annotations if a.sample == 0 and SYMBOLS.get(a.type) == '"']
    stated = next((float(match[1]) for note in notes if (match := _RESOLUTION.match(note))), None)
    stated = _frames_hz(recording) if stated is None else stated
    if not stated:
        raise InputRefused(
            QuarantineReason.UNREADABLE_LABELS, "annotation file: expected a time resolution above 0, found 0"
        )
    if stated == recording.fs_hz:
        return annotations
    return [a._replace(sample=round(a.sample * recording.fs_hz / stated)) for a in annotations]


def _frames_hz(recording: Recording) -> float:
    """The rate that a WFDB header states; where a lead has several samples in a frame, the recording's is higher."""
    file = recording.files[0]
    return read_header_text(file).record.frame_hz if file.suffix == HEADER_SUFFIX else recording.fs_hz


def _marks(annotations: list[Annotation]) -> list[OwnEvent]:
    """Beats, and other things at one sample."""
    marks = ((a.sample, SYMBOLS.get(a.type)) for a in annotations if a.type != RHYTHM_CHANGE)
    return [OwnEvent(code, None, at, at) for at, code in marks if code is not None and code not in _TEXTS]


def _spans(changes: list[Annotation], n_samples: int) -> list[OwnEvent]:
    """From each change of rhythm to the next one or the end; a rhythm of another name only ends the one before."""
    ordered = sorted(changes, key=lambda change: change.sample)
    ends = [*(change.sample for change in ordered), n_samples][1:]
    named = zip((change.text.rstrip("\0 ") for change in ordered), ordered, ends, strict=True)
    return [OwnEvent(code, None, c.sample, end) for code, c, end in named if is_code(Code(CodeSystem.WFDB, code))]


def _stated(source: WfdbAnnotations, content: bytes) -> Counter[Code]:
    """The rhythms in the raw bytes, each once: found by their texts, without parsing what is before them."""
    found = {Code(source.code_system, raw.decode("ascii")) for raw in _RAW_RHYTHM.findall(content)}
    return Counter(code for code in found if is_code(code))
