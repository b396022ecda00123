"""WFDB headers, read strictly: every field is checked before a signal file is opened.

The wfdb package reads a header leniently: it takes a gain of `NaN` or 0 for 200 and a negative rate for 250. Here such
a header is refused. Stated checksums and initial values are not used: public data sets state wrong ones.
Grammar: https://physionet.org/physiotools/wag/header-5.htm
"""

import math
import re
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from chiron.errors import InputRefused
from schemas.codes import QuarantineReason

__all__ = ["FORMATS", "Format", "Header", "SignalSpec", "parse_header"]


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

_MAX_HEADER_BYTES: Final = 2**20
_MAX_SIGNALS: Final = 64
_MAX_RATE_HZ: Final = 100_000
_MAX_SAMPLES: Final = 2 * 10**8  # of all leads: three leads for 24 hours at 500 Hz are 1.3e8
_MAX_BASELINE: Final = 2**31

_NUMBER: Final = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?(?:nan|inf)"
_RECORD_LINE: Final = re.compile(
    rf"[-\w]+(?P<segments>/\d+)?\s+(?P<n_signals>\d+)\s+(?P<fs>{_NUMBER})(?:/\S*)?\s+(?P<n_samples>\d+)"
    r"(?:\s+[\d:.]+(?:\s+\d{1,2}/\d{1,2}/(?P<year>\d{4}))?)?",
    re.ASCII | re.IGNORECASE,
)
_SIGNAL_LINE: Final = re.compile(
    r"(?P<file>\S+)\s+(?P<format>\d+)(?:x(?P<per_frame>\d+))?(?::(?P<skew>\d+))?(?:\+(?P<offset>\d+))?"
    rf"\s+(?P<gain>{_NUMBER})(?:\((?P<baseline>-?\d+)\))?(?:/(?P<unit>\S+))?"
    r"(?:\s+\d+(?:\s+(?P<zero>-?\d+)(?:\s+-?\d+(?:\s+-?\d+(?:\s+\d+(?:\s+(?P<lead>.*))?)?)?)?)?)?",
    re.ASCII | re.IGNORECASE,
)
_FILE_NAME: Final = re.compile(r"[-\w]+\.?\w*", re.ASCII)  # what wfdb can open, and no path


class SignalSpec(NamedTuple):
    """One lead as its header describes it. Physical = (digital - baseline) / gain."""

    file_name: str
    format: str
    byte_offset: int
    gain_per_unit: float
    baseline: int
    unit: str
    lead: str


@dataclass(frozen=True, slots=True)
class Header:
    """A record's header. `comments`: the text after `#`, line by line; `year`: of the stated date."""

    fs_hz: float
    n_samples: int
    signals: tuple[SignalSpec, ...]
    comments: tuple[str, ...]
    year: int | None

    @property
    def file_names(self) -> tuple[str, ...]:
        """The signal files, each once."""
        return tuple(dict.fromkeys(s.file_name for s in self.signals))

    @property
    def is_wide(self) -> bool:
        """Whether samples need more than 16 bits."""
        return any(FORMATS[s.format].bits > 16 for s in self.signals)

    def expected_bytes(self, file_name: str) -> int:
        """The least size of a signal file that holds all stated samples."""
        signals = [s for s in self.signals if s.file_name == file_name]
        per_sample = FORMATS[signals[0].format].bytes_per_sample
        return signals[0].byte_offset + math.ceil(len(signals) * self.n_samples * per_sample)


def parse_header(content: bytes) -> Header:
    """Parse and check a header's bytes. Raises InputRefused."""
    lines = _lines(content)
    comments = tuple(line[1:].strip() for line in lines if line.startswith("#"))
    record, *signals = [line for line in lines if line and not line.startswith("#")] or [""]
    fs_hz, n_signals, n_samples, year = _record_line(record)
    if len(signals) != n_signals:
        _refuse(QuarantineReason.UNREADABLE_HEADER, f"header: expected {n_signals} signal lines, found {len(signals)}")
    specs = tuple(_signal_line(line, number) for number, line in enumerate(signals, start=1))
    _same_format_within_a_file(specs)
    return Header(fs_hz=fs_hz, n_samples=n_samples, signals=specs, comments=comments, year=year)


def _refuse(reason: QuarantineReason, message: str) -> NoReturn:
    raise InputRefused(reason, message)


def _lines(content: bytes) -> list[str]:
    if len(content) > _MAX_HEADER_BYTES:
        _refuse(QuarantineReason.TOO_LARGE, f"header: expected at most {_MAX_HEADER_BYTES} bytes, found {len(content)}")
    try:
        return [line.strip() for line in content.decode("utf-8").splitlines()]
    except UnicodeDecodeError:
        _refuse(QuarantineReason.UNREADABLE_HEADER, f"header: expected UTF-8 text, found {len(content)} other bytes")


def _record_line(line: str) -> tuple[float, int, int, int | None]:
    """Rate, number of signals, samples per signal, year."""
    match = _RECORD_LINE.fullmatch(line)
    if match is None:
        _refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"record line: expected name, number of signals, rate, number of samples; found {len(line.split())} words",
        )
    if match["segments"]:
        _refuse(QuarantineReason.UNSUPPORTED_FORMAT, "record: expected one segment, found a record of several")
    fs_hz, n_signals, n_samples = float(match["fs"]), _integer(match["n_signals"]), _integer(match["n_samples"])
    if not 0 < fs_hz <= _MAX_RATE_HZ:  # nan compares as false
        _refuse(QuarantineReason.IMPLAUSIBLE_HEADER, f"rate: expected above 0 and up to {_MAX_RATE_HZ} Hz")
    if not 0 < n_signals <= _MAX_SIGNALS or n_samples == 0:
        _refuse(
            QuarantineReason.IMPLAUSIBLE_HEADER,
            f"record: expected 1 to {_MAX_SIGNALS} signals with samples, found {n_signals} x {n_samples:.6g}",
        )
    if n_signals * n_samples > _MAX_SAMPLES:
        _refuse(
            QuarantineReason.TOO_LARGE,
            f"record: expected at most {_MAX_SAMPLES:.0e} samples, found {n_signals * n_samples:.6g}",
        )
    return fs_hz, n_signals, n_samples, int(match["year"]) if match["year"] else None


def _integer(digits: str) -> int:
    """A count. Python refuses thousands of digits with ValueError; such a count is refused as too large."""
    if len(digits) > 18:
        _refuse(QuarantineReason.TOO_LARGE, f"count: expected at most 18 digits, found {len(digits)}")
    return int(digits)


def _signal_line(line: str, number: int) -> SignalSpec:
    file_name = (line.split() or [""])[0]
    if not _FILE_NAME.fullmatch(file_name):
        _refuse(
            QuarantineReason.UNSAFE_PATH, f"signal {number}: expected a plain file name, found another kind of path"
        )
    match = _SIGNAL_LINE.fullmatch(line)
    if match is None:
        _refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"signal line {number}: expected file, format, gain and description, found {len(line.split())} words",
        )
    if match["format"] not in FORMATS or _integer(match["per_frame"] or "1") != 1 or _integer(match["skew"] or "0"):
        _refuse(
            QuarantineReason.UNSUPPORTED_FORMAT,
            f"signal {number}: expected one of the formats {', '.join(FORMATS)}, one sample per frame, no skew",
        )
    gain = float(match["gain"])
    baseline = _integer_with_sign(match["baseline"] or match["zero"] or "0")
    if not math.isfinite(gain) or gain == 0 or abs(baseline) > _MAX_BASELINE:
        _refuse(
            QuarantineReason.IMPLAUSIBLE_HEADER, f"signal {number}: expected a finite gain other than 0 and a baseline"
        )
    return SignalSpec(
        file_name=file_name,
        format=match["format"],
        byte_offset=_integer(match["offset"] or "0"),
        gain_per_unit=gain,
        baseline=baseline,
        unit=match["unit"] or "mV",  # the grammar's default
        lead=(match["lead"] or "").strip() or f"lead{number}",
    )


def _integer_with_sign(digits: str) -> int:
    return -_integer(digits[1:]) if digits.startswith("-") else _integer(digits)


def _same_format_within_a_file(signals: tuple[SignalSpec, ...]) -> None:
    """One file has one format and one offset; wfdb takes those of its first signal without a word."""
    layouts = {(s.file_name, s.format, s.byte_offset) for s in signals}
    if len(layouts) != len({s.file_name for s in signals}):
        _refuse(QuarantineReason.UNSUPPORTED_FORMAT, "signals: expected one format and offset per file, found several")
