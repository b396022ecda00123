"""WFDB headers, read strictly. Whether what they say can be true is for `chiron.records.formats.limits` to say.

The wfdb package reads a header leniently: it takes a gain of `NaN` or 0 for 200 and a negative rate for 250. Stated
checksums are not used: public data sets state wrong ones.

Leads may have different numbers of samples in a frame. All are brought to the rate of the fastest, so `fs_hz` is the
rate of frames times the largest number of samples in one.
"""

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from chiron.records.formats.header_lines import (
    NULL,
    RecordLine,
    SignalSpec,
    read_record_line,
    read_segment_line,
    read_signal_line,
    refuse,
)
from chiron.records.formats.wfdb_formats import FORMATS, stored_bytes
from schemas.codes import QuarantineReason

__all__ = [
    "HEADER_SUFFIX",
    "MAX_HEADER_BYTES",
    "Header",
    "HeaderText",
    "SignalFile",
    "parse_header",
    "read_plain",
    "require_lines",
    "segment_names",
    "split_header",
]

HEADER_SUFFIX: Final = ".hea"
MAX_HEADER_BYTES: Final = 2**20


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
    per_frame = max([s.per_frame for s in signals], default=1)
    return Header(record.frame_hz, record.n_frames, per_frame, _by_file(signals), signals, comments, record.year)


def segment_names(text: HeaderText) -> tuple[str, ...]:
    """The headers that a header of several segments names, each once; none of a record in one piece.

    Raises InputRefused.
    """
    if text.record.n_segments is None:
        return ()
    names = (read_segment_line(line, number)[0] for number, line in enumerate(text.lines, start=1))
    return tuple(dict.fromkeys(name + HEADER_SUFFIX for name in names if name != NULL))


def require_lines(text: HeaderText, kind: str, expected: int) -> None:
    """Refuse a header with another number of lines than it says."""
    if len(text.lines) != expected:
        refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"header: expected {expected:.6g} {kind} lines, found {len(text.lines)}",
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
