"""WFDB headers, read strictly: every field is checked before a signal file is opened.

The wfdb package reads a header leniently: it takes a gain of `NaN` or 0 for 200 and a negative rate for 250. Here such
a header is refused. Stated checksums and initial values are not used: public data sets state wrong ones.
"""

import math
from dataclasses import dataclass
from typing import Final

from chiron.records.header_lines import FORMATS, SignalSpec, read_record_line, read_signal_line, refuse
from schemas.codes import QuarantineReason

__all__ = ["Header", "parse_header"]

_MAX_HEADER_BYTES: Final = 2**20


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
    fs_hz, n_signals, n_samples, year = read_record_line(record)
    if len(signals) != n_signals:
        refuse(QuarantineReason.UNREADABLE_HEADER, f"header: expected {n_signals} signal lines, found {len(signals)}")
    specs = tuple(read_signal_line(line, number) for number, line in enumerate(signals, start=1))
    _same_format_within_a_file(specs)
    return Header(fs_hz=fs_hz, n_samples=n_samples, signals=specs, comments=comments, year=year)


def _lines(content: bytes) -> list[str]:
    if len(content) > _MAX_HEADER_BYTES:
        refuse(QuarantineReason.TOO_LARGE, f"header: expected at most {_MAX_HEADER_BYTES} bytes, found {len(content)}")
    try:
        return [line.strip() for line in content.decode("utf-8").splitlines()]
    except UnicodeDecodeError:
        refuse(QuarantineReason.UNREADABLE_HEADER, f"header: expected UTF-8 text, found {len(content)} other bytes")


def _same_format_within_a_file(signals: tuple[SignalSpec, ...]) -> None:
    """One file has one format and one offset; wfdb takes those of its first signal without a word."""
    layouts = {(s.file_name, s.format, s.byte_offset) for s in signals}
    if len(layouts) != len({s.file_name for s in signals}):
        refuse(QuarantineReason.UNSUPPORTED_FORMAT, "signals: expected one format and offset per file, found several")
