"""The files that one WFDB header names, itself or through its segments, before any of them is listed."""

from pathlib import Path

from chiron.errors import InputRefused
from chiron.records.formats.headers import MAX_HEADER_BYTES, HeaderText, read_plain, segment_names, split_header

__all__ = ["named_files"]


def named_files(header: Path) -> set[str]:
    """Base names of signal files and headers; none where the header can't be used, for its reader says why."""
    text = _read(header)
    if text is None or text.record.n_segments is None:
        return _signal_files(text)
    segments = _segment_names(text)
    return {*segments, *(name for segment in segments for name in _signal_files(_read(header.with_name(segment))))}


def _read(header: Path) -> HeaderText | None:
    try:
        if header.is_symlink() or not header.is_file():
            return None
        with header.open("rb") as file:
            return split_header(file.read(MAX_HEADER_BYTES + 1))
    except (OSError, InputRefused):
        return None


def _signal_files(text: HeaderText | None) -> set[str]:
    try:
        return set(read_plain(text).file_names) if text else set()
    except InputRefused:
        return set()


def _segment_names(text: HeaderText) -> tuple[str, ...]:
    try:
        return segment_names(text)
    except InputRefused:
        return ()
