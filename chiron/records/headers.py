"""WFDB headers, read strictly: every field is checked before a signal file is opened.

The wfdb package reads a header leniently: it takes a gain of `NaN` or 0 for 200 and a negative rate for 250. Here such
a header is refused. Stated checksums are not used: public data sets state wrong ones.

Leads may have different numbers of samples in a frame. All are brought to the rate of the fastest, so `fs_hz` is the
rate of frames times the largest number of samples in one.
"""

import math
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from chiron.records.header_lines import RecordLine, SignalSpec, read_record_line, read_signal_line, refuse
from chiron.records.wfdb_formats import FORMATS, stored_bytes
from schemas.codes import QuarantineReason

__all__ = [
    "MAX_HEADER_BYTES",
    "Header",
    "HeaderText",
    "SignalFile",
    "check_size",
    "parse_header",
    "read_plain",
    "require_lines",
    "split_header",
]

MAX_HEADER_BYTES: Final = 2**20
_RATES_HZ: Final = (50, 10_000)  # those that the gate lets pass: schemas/expectations/records.yaml
_MAX_SAMPLES: Final = 2 * 10**8  # of all leads: three leads for 24 hours at 500 Hz are 1.3e8


class SignalFile(NamedTuple):
    """A file and the leads whose samples alternate in it."""

    name: str
    format: str
    byte_offset: int
    leads: tuple[SignalSpec, ...]

    @property
    def samples_per_frame(self) -> int:
        """Of all its leads."""
        return sum(lead.per_frame for lead in self.leads)

    def expected_bytes(self, n_frames: int) -> int:
        """The least size that holds all stated samples. Nothing of a compressed file."""
        n_bytes = stored_bytes(self.format, n_frames * self.samples_per_frame)
        return self.byte_offset + n_bytes if n_bytes else 0


class HeaderText(NamedTuple):
    """A header before its signals or segments are read: the lines that are neither the first nor comments."""

    record: RecordLine
    lines: list[str]
    comments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """A record's header. `comments`: the text after `#`, line by line; `year`: of the stated date.

    `n_frames`: 0 where it is not stated; `per_frame`: samples of the fastest lead in each.
    """

    frame_hz: float
    n_frames: int
    per_frame: int
    files: tuple[SignalFile, ...]
    signals: tuple[SignalSpec, ...]
    comments: tuple[str, ...]
    year: int | None

    @property
    def fs_hz(self) -> float:
        """The rate of the fastest lead."""
        return self.frame_hz * self.per_frame

    @property
    def n_samples(self) -> int:
        """Per lead, at the rate of the fastest."""
        return self.n_frames * self.per_frame

    @property
    def file_names(self) -> tuple[str, ...]:
        """The signal files, each once."""
        return tuple(file.name for file in self.files)

    @property
    def is_wide(self) -> bool:
        """Whether samples need more than 16 bits."""
        return any(FORMATS[file.format].bits > 16 for file in self.files)

    def expected_bytes(self, file_name: str) -> int:
        """The least size of a signal file that holds all stated samples."""
        return next(f for f in self.files if f.name == file_name).expected_bytes(self.n_frames)


def parse_header(content: bytes) -> Header:
    """Parse and check the header of a record in one piece. Raises InputRefused."""
    return read_plain(split_header(content))


def split_header(content: bytes) -> HeaderText:
    """Read the record line and sort the others. Raises InputRefused."""
    if len(content) > MAX_HEADER_BYTES:
        refuse(QuarantineReason.TOO_LARGE, f"header: expected at most {MAX_HEADER_BYTES} bytes, found more")
    try:
        lines = [line.strip() for line in content.decode("utf-8").splitlines()]
    except UnicodeDecodeError:
        refuse(QuarantineReason.UNREADABLE_HEADER, f"header: expected UTF-8 text, found {len(content)} other bytes")
    comments = tuple([line[1:].strip() for line in lines if line.startswith("#")])
    first, *others = [line for line in lines if line and not line.startswith("#")] or [""]
    return HeaderText(read_record_line(first), others, comments)


def read_plain(text: HeaderText) -> Header:
    """Check the header of a record in one piece. Raises InputRefused."""
    record, comments = text.record, text.comments
    if record.n_segments is not None:
        refuse(QuarantineReason.UNSUPPORTED_FORMAT, "record: expected one segment, found a record of several")
    require_lines(text, "signal", record.n_signals)
    signals = tuple([read_signal_line(line, number) for number, line in enumerate(text.lines, start=1)])
    per_frame = max([s.per_frame for s in signals])
    check_size(record.frame_hz, record.n_frames, per_frame, record.n_signals)
    return Header(record.frame_hz, record.n_frames, per_frame, _by_file(signals), signals, comments, record.year)


def require_lines(text: HeaderText, kind: str, expected: int) -> None:
    """Refuse a header with another number of lines than it says."""
    if len(text.lines) != expected:
        refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"header: expected {expected:.6g} {kind} lines, found {len(text.lines)}",
        )


def check_size(frame_hz: float, n_frames: int, per_frame: int, n_signals: int) -> None:
    """Refuse a rate that no device has, and more samples than fit into memory."""
    low, high = _RATES_HZ
    fs_hz = frame_hz * per_frame
    if not low <= fs_hz <= high:  # nan compares as false
        found = "no finite number" if not math.isfinite(fs_hz) else "a lower one" if fs_hz < low else "a higher one"
        refuse(QuarantineReason.IMPLAUSIBLE_HEADER, f"rate: expected {low} to {high} Hz, found {found}")
    n_samples = n_frames * per_frame * n_signals
    if n_samples > _MAX_SAMPLES:
        refuse(
            QuarantineReason.TOO_LARGE, f"record: expected at most {_MAX_SAMPLES:.0e} samples, found {n_samples:.6g}"
        )


def _by_file(signals: tuple[SignalSpec, ...]) -> tuple[SignalFile, ...]:
    """One file has one format and one offset; wfdb takes those of its first signal without a word."""
    groups = {(s.file_name, s.format, s.byte_offset) for s in signals}
    files = [tuple(leads) for _, leads in groupby(signals, key=attrgetter("file_name"))]
    if len(groups) != len(files) or len({leads[0].file_name for leads in files}) != len(files):
        refuse(
            QuarantineReason.UNSUPPORTED_FORMAT,
            "signals: expected one format and offset per file and its lines together, found several",
        )
    return tuple([SignalFile(*leads[0][:3], leads) for leads in files])
