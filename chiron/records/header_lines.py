"""The two kinds of lines of a WFDB header, each matched as a whole and checked field by field.

Grammar: https://physionet.org/physiotools/wag/header-5.htm
"""

import math
import re
from typing import Final, NamedTuple, NoReturn

from chiron.errors import InputRefused
from schemas.codes import QuarantineReason

__all__ = ["FORMATS", "Format", "SignalSpec", "read_record_line", "read_signal_line", "refuse"]


class Format(NamedTuple):
    """A WFDB storage format: bytes per sample, and the stored value that means missing."""

    bytes_per_sample: float
    missing: int
    bits: int


FORMATS: Final[dict[str, Format]] = {
    "16": Format(2, -(2**15), 16),
    "24": Format(3, -(2**23), 32),
    "32": Format(4, -(2**31), 32),
    "61": Format(2, -(2**15), 16),
    "80": Format(1, -(2**7), 16),
    "160": Format(2, -(2**15), 16),
    "212": Format(1.5, -(2**11), 16),
    "310": Format(4 / 3, -(2**9), 16),
    "311": Format(4 / 3, -(2**9), 16),
}

_MAX_LINE_CHARACTERS: Final = 8192  # of what is no comment
_MAX_SIGNALS: Final = 64
_RATES_HZ: Final = (50, 10_000)  # those that the gate lets pass: schemas/expectations/records.yaml
_MAX_SAMPLES: Final = 2 * 10**8  # of all leads: three leads for 24 hours at 500 Hz are 1.3e8
_MAX_BASELINE: Final = 2**31

# Every quantifier is possessive, so that a line is read once, whatever is in it.
_NUMBER: Final = r"[-+]?+(?:\d++(?:\.\d*+)?+|\.\d++)(?:e[-+]?+\d++)?+|[-+]?+(?:nan|inf)"
_RECORD_LINE: Final = re.compile(
    rf"[-\w]++(?P<segments>/\d++)?+\s++(?P<n_signals>\d++)\s++(?P<fs>{_NUMBER})(?:/\S*+)?+\s++(?P<n_samples>\d++)"
    r"(?:\s++[\d:.]++(?:\s++\d{1,2}+/\d{1,2}+/(?P<year>\d{4}))?+)?+",
    re.ASCII | re.IGNORECASE,
)
_SIGNAL_LINE: Final = re.compile(
    r"(?P<file>\S++)\s++(?P<format>\d++)(?:x(?P<per_frame>\d++))?+(?::(?P<skew>\d++))?+(?:\+(?P<offset>\d++))?+"
    rf"\s++(?P<gain>{_NUMBER})(?:\((?P<baseline>-?+\d++)\))?+(?:/(?P<unit>\S++))?+"
    r"(?:\s++\d++(?:\s++(?P<zero>-?+\d++)(?:\s++-?+\d++(?:\s++-?+\d++(?:\s++\d++(?:\s++(?P<lead>.*+))?+)?+)?+)?+)?+)?+",
    re.ASCII | re.IGNORECASE,
)
_FILE_NAME: Final = re.compile(r"[-\w]++(?:\.\w*+)?+", re.ASCII)  # what wfdb can open, and no path


class SignalSpec(NamedTuple):
    """One lead as its header describes it. Physical = (digital - baseline) / gain."""

    file_name: str
    format: str
    byte_offset: int
    gain_per_unit: float
    baseline: int
    unit: str
    lead: str


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


def read_record_line(line: str) -> tuple[float, int, int, int | None]:
    """Rate in Hz, number of signals, samples per signal, year. Raises InputRefused."""
    match = _match(_RECORD_LINE, line)
    if match is None:
        refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"record line: expected name, number of signals, rate, number of samples; found {len(line.split())} words",
        )
    if match["segments"]:
        refuse(QuarantineReason.UNSUPPORTED_FORMAT, "record: expected one segment, found a record of several")
    fs_hz, n_signals, n_samples = float(match["fs"]), _integer(match["n_signals"]), _integer(match["n_samples"])
    _plausible_rate(fs_hz)
    if not 0 < n_signals <= _MAX_SIGNALS or n_samples == 0:
        refuse(
            QuarantineReason.IMPLAUSIBLE_HEADER,
            f"record: expected 1 to {_MAX_SIGNALS} signals with samples, found {n_signals} x {n_samples:.6g}",
        )
    if n_signals * n_samples > _MAX_SAMPLES:
        refuse(
            QuarantineReason.TOO_LARGE,
            f"record: expected at most {_MAX_SAMPLES:.0e} samples, found {n_signals * n_samples:.6g}",
        )
    return fs_hz, n_signals, n_samples, int(match["year"]) if match["year"] else None


def _plausible_rate(fs_hz: float) -> None:
    low, high = _RATES_HZ
    if not low <= fs_hz <= high:  # nan compares as false
        found = "no finite number" if not math.isfinite(fs_hz) else "a lower one" if fs_hz < low else "a higher one"
        refuse(QuarantineReason.IMPLAUSIBLE_HEADER, f"rate: expected {low} to {high} Hz, found {found}")


def _integer(digits: str) -> int:
    """A count. Python refuses thousands of digits with ValueError; such a count is refused as too large."""
    if len(digits) > 18:
        refuse(QuarantineReason.TOO_LARGE, f"count: expected at most 18 digits, found {len(digits)}")
    return int(digits)


def read_signal_line(line: str, number: int) -> SignalSpec:
    """One lead, the `number`-th from 1. Raises InputRefused."""
    file_name = (line.split() or [""])[0]
    if not _FILE_NAME.fullmatch(file_name):
        refuse(QuarantineReason.UNSAFE_PATH, f"signal {number}: expected a plain file name, found another kind of path")
    match = _match(_SIGNAL_LINE, line)
    if match is None:
        refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"signal line {number}: expected file, format, gain and description, found {len(line.split())} words",
        )
    _supported(match, number)
    gain = float(match["gain"])
    baseline = _integer_with_sign(match["baseline"] or match["zero"] or "0")
    _plausible_scale(gain, baseline, number)
    return SignalSpec(
        file_name=file_name,
        format=match["format"],
        byte_offset=_integer(match["offset"] or "0"),
        gain_per_unit=gain,
        baseline=baseline,
        unit=match["unit"] or "mV",  # the grammar's default
        lead=(match["lead"] or "").strip() or f"lead{number}",
    )


def _supported(match: re.Match[str], number: int) -> None:
    """Refuse what is stored in a way that is not read here."""
    if match["format"] not in FORMATS:
        found = "another format"
    elif _integer(match["per_frame"] or "1") != 1:
        found = "another number of samples per frame"
    elif _integer(match["skew"] or "0"):
        found = "a skew"
    else:
        return
    refuse(
        QuarantineReason.UNSUPPORTED_FORMAT,
        f"signal {number}: expected one of the formats {', '.join(FORMATS)}, one sample per frame, no skew; "
        f"found {found}",
    )


def _plausible_scale(gain: float, baseline: int, number: int) -> None:
    """Refuse what makes no physical value of a sample. A negative gain does: the lead is stored upside down."""
    if not math.isfinite(gain):
        found = "a gain that is no finite number"
    elif gain == 0:
        found = "a gain of 0"
    elif abs(baseline) > _MAX_BASELINE:
        found = "a baseline of more than 32 bits"
    else:
        return
    refuse(
        QuarantineReason.IMPLAUSIBLE_HEADER,
        f"signal {number}: expected a finite gain other than 0 and a baseline of 32 bits, found {found}",
    )


def _integer_with_sign(digits: str) -> int:
    return -_integer(digits[1:]) if digits.startswith("-") else _integer(digits)
