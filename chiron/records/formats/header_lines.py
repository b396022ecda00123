"""The lines of a WFDB header, each matched as a whole and read field by field.

Grammar: https://physionet.org/physiotools/wag/header-5.htm
"""

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple, NoReturn

from chiron.errors import InputRefused
from chiron.records.formats.wfdb_formats import FORMATS
from schemas.codes import QuarantineReason

__all__ = [
    "NULL",
    "RecordLine",
    "SignalSpec",
    "read_layout_line",
    "read_record_line",
    "read_segment_line",
    "read_signal_line",
    "refuse",
]

NULL: Final = "~"  # the name of a segment that is a gap, and of a layout's files
_MAX_LINE_CHARACTERS: Final = 8192  # of what is no comment
_DEFAULT_GAIN: Final = "200"  # the grammar's, of a layout that states none

_VOLTAGES: Final = {"v": "V", "mv": "mV", "uv": "uV", "\u03bcv": "uV", "nv": "nV"}  # folded: the micro sign is a mu

# Every quantifier is possessive, so that a line is read once, whatever is in it.
_NUMBER: Final = r"[-+]?+(?:\d++(?:\.\d*+)?+|\.\d++)(?:e[-+]?+\d++)?+|[-+]?+(?:nan|inf)"
_RECORD_LINE: Final = re.compile(
    rf"[-\w]++(?:/(?P<n_segments>\d++))?+\s++(?P<n_signals>\d++)\s++(?P<fs>{_NUMBER})(?:/\S*+)?+"
    r"(?:\s++(?P<n_frames>\d++)(?:\s++(?P<when>.*+))?+)?+",
    re.ASCII | re.IGNORECASE,
)
_TIME_AND_DATE: Final = re.compile(r"[\d:.]++\s++\d{1,2}+/\d{1,2}+/(?P<year>\d{4})", re.ASCII)
_SIGNAL_LINE: Final = re.compile(
    r"(?P<file>\S++)\s++(?P<format>\d++)(?:x(?P<per_frame>\d++))?+(?::(?P<skew>\d++))?+(?:\+(?P<offset>\d++))?+"
    rf"\s++(?P<gain>{_NUMBER})(?:\((?P<baseline>-?+\d++)\))?+(?:/(?P<unit>\S++))?+"
    r"(?:\s++\d++(?:\s++(?P<zero>-?+\d++)(?:\s++(?P<first>-?+\d++)(?:\s++-?+\d++(?:\s++\d++(?:\s++(?P<lead>.*+))?+)?+)"
    r"?+)?+)?+)?+",
    re.ASCII | re.IGNORECASE,
)
_SEGMENT_LINE: Final = re.compile(r"(?P<name>[-\w]++|~)\s++(?P<n_frames>\d++)", re.ASCII)
_FILE_NAME: Final = re.compile(r"[-\w]++(?:\.\w*+)?+", re.ASCII)  # what wfdb can open, and no path


class RecordLine(NamedTuple):
    """Of the whole record. `n_segments`: None where it is in one piece; `n_frames`: 0 where not stated."""

    n_segments: int | None
    n_signals: int
    frame_hz: float
    n_frames: int
    year: int | None


class SignalSpec(NamedTuple):
    """One lead as its header describes it. Physical = (digital - baseline) / gain.

    `per_frame`: samples in each frame; `skew`: frames by which it lags; `first_value`: what differences add up from.
    """

    file_name: str
    format: str
    byte_offset: int
    per_frame: int
    skew: int
    gain_per_unit: float
    baseline: int
    unit: str
    lead: str
    first_value: int = 0


def refuse(reason: QuarantineReason, message: str) -> NoReturn:
    """Raise InputRefused."""
    raise InputRefused(reason, message)


def _match(pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
    """Match a whole line. One that is longer than any real one is refused before that."""
    if len(line) > _MAX_LINE_CHARACTERS:
        refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"header: expected lines of at most {_MAX_LINE_CHARACTERS} characters, found one of {len(line)}",
        )
    return pattern.fullmatch(line)


def read_record_line(line: str) -> RecordLine:
    """The first line. Raises InputRefused."""
    match = _match(_RECORD_LINE, line)
    if match is None:
        refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"record line: expected name, number of signals, rate, number of samples; found {len(line.split())} words",
        )
    n_segments, n_signals, fs, n_frames, when = match.groups()
    return RecordLine(
        n_segments=_integer(n_segments) if n_segments else None,
        n_signals=_integer(n_signals),
        frame_hz=float(fs),
        n_frames=_integer(n_frames or "0"),
        year=_year(when),
    )


def _year(when: str | None) -> int | None:
    """The year of a date as the grammar has it. What CinC 2020 writes there (`05-Feb-2020 11:39:16`) is the day of its
    conversion.
    """
    match = _TIME_AND_DATE.fullmatch(when) if when else None
    return int(match["year"]) if match else None


def read_segment_line(line: str, number: int) -> tuple[str, int]:
    """The name and the number of frames of the `number`-th segment from 1. Raises InputRefused."""
    match = _match(_SEGMENT_LINE, line)
    if match is None:
        refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"segment {number}: expected a plain name and a number of samples, found {len(line.split())} words",
        )
    return match["name"], _integer(match["n_frames"])


def read_signal_line(line: str, number: int) -> SignalSpec:
    """One lead, the `number`-th from 1. Raises InputRefused."""
    file_name, storage, per_frame, skew, offset, gain, baseline, unit, zero, first, lead = _fields(line, number)
    if not _FILE_NAME.fullmatch(file_name):
        _refuse_path(number)
    stored = _stored(storage, per_frame, skew, offset, number)
    scale = _scale(gain, baseline or zero)
    return SignalSpec(file_name, *stored, *scale, _unit(unit), _name(lead, number), _signed(first or "0"))


def read_layout_line(line: str, number: int) -> SignalSpec:
    """A lead of a layout, which has no samples of its own: its file and format say nothing. Raises InputRefused."""
    _, _, per_frame, _, _, gain, baseline, unit, zero, _, lead = _fields(line, number)
    stored = _stored("16", per_frame, None, None, number)
    scale = _scale(gain if float(gain) else _DEFAULT_GAIN, baseline or zero)
    return SignalSpec(NULL, *stored, *scale, _unit(unit), _name(lead, number))


def _fields(line: str, number: int) -> tuple[Any, ...]:
    """The fields of a signal line as written, None where left out."""
    match = _match(_SIGNAL_LINE, line)
    if match is None and not _FILE_NAME.fullmatch((line.split() or [""])[0]):
        _refuse_path(number)
    if match is None:
        refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"signal line {number}: expected file, format, gain and description, found {len(line.split())} words",
        )
    return match.groups()


def _refuse_path(number: int) -> NoReturn:
    refuse(QuarantineReason.UNSAFE_PATH, f"signal {number}: expected a plain file name, found another kind of path")


def _unit(unit: str | None) -> str:
    """A unit of voltage as it should be written, for some write `mv`. The grammar's default is mV."""
    return _VOLTAGES.get(unit.casefold(), unit) if unit else "mV"


def _name(lead: str | None, number: int) -> str:
    return (lead or "").strip() or f"lead{number}"


@lru_cache(maxsize=256)  # the records of a source have them in common
def _stored(
    storage: str, per_frame: str | None, skew: str | None, offset: str | None, number: int
) -> tuple[str, int, int, int]:
    """Format, byte offset, samples per frame, skew."""
    if storage not in FORMATS:
        refuse(
            QuarantineReason.UNSUPPORTED_FORMAT,
            f"signal {number}: expected one of the formats {', '.join(FORMATS)}, found another format",
        )
    n_per_frame = _integer(per_frame or "1")
    if n_per_frame == 0:
        refuse(QuarantineReason.IMPLAUSIBLE_HEADER, f"signal {number}: expected samples in each frame, found none")
    return storage, _integer(offset or "0"), n_per_frame, _integer(skew or "0")


@lru_cache(maxsize=256)
def _scale(gain: str, baseline: str | None) -> tuple[float, int]:
    return float(gain), _signed(baseline or "0")


def _integer(digits: str) -> int:
    """A count. Python refuses thousands of digits with ValueError; such a count is refused as too large."""
    if len(digits) > 18:
        refuse(QuarantineReason.TOO_LARGE, f"count: expected at most 18 digits, found {len(digits)}")
    return int(digits)


def _signed(digits: str) -> int:
    return -_integer(digits[1:]) if digits.startswith("-") else _integer(digits)
