"""WFDB records: the header is checked first, then the files it names, and only then are samples decoded."""

import re
from functools import partial
from typing import Final

from chiron.errors import InputRefused
from chiron.records.formats.clinical import read_comments
from chiron.records.formats.headers import HeaderText, segment_names
from chiron.records.formats.recording import Recording
from chiron.records.formats.regular import read_part
from chiron.records.formats.signal_files import read_header_text
from chiron.records.formats.wfdb_decode import read_samples
from chiron.records.formats.wfdb_plain import open_plain
from chiron.records.formats.wfdb_segments import describe_segments
from chiron.records.landing import FileKind, Landing, LandingFile
from schemas.source import FileLayout

__all__ = ["describe", "segment_headers"]

_START_BYTES: Final = 4096
_RECORD_NAME: Final = re.compile(rb"(?:\s++|#[^\n\r]*+)*+[-\w]++(?P<several>/)?+")


def describe(file: LandingFile, landing: Landing, layout: FileLayout | None = None) -> Recording:  # noqa: ARG001
    """What a header says, once all its files are found to hold it; no sample is read. Raises InputRefused."""
    text = read_header_text(file)
    if text.record.n_segments is not None:
        return describe_segments(file, landing, text)
    return _describe_plain(file, landing, text)


def segment_headers(file: LandingFile) -> tuple[str, ...]:
    """The base names of the headers that a header of several segments names; none of another file.

    Of a header in one piece only the start is read.
    """
    try:
        if file.kind is FileKind.REGULAR and _may_have_segments(read_part(file.path, _START_BYTES)):
            return segment_names(read_header_text(file))
    except InputRefused:  # it will be refused as a record, with the reason
        pass
    return ()


def _may_have_segments(start: bytes) -> bool:
    """False where the record line is there and says otherwise."""
    match = _RECORD_NAME.match(start)
    return match["several"] is not None if match else len(start) == _START_BYTES


def _describe_plain(file: LandingFile, landing: Landing, text: HeaderText) -> Recording:
    files, header, leads = open_plain(file, landing, text)
    return Recording(
        files=files,
        fs_hz=header.fs_hz,
        n_samples=header.n_samples,
        leads=leads,
        is_wide=header.is_wide,
        read=partial(read_samples, file.path, header, per_frame=header.per_frame, is_wide=header.is_wide),
        clinical=read_comments(header.comments),
        year=header.year,
        comments=header.comments,
    )
