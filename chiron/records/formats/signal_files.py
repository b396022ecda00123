"""The files that a WFDB header names: all there, plain, and with all samples that it states, before any is read."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from chiron.errors import InputRefused
from chiron.records.formats.headers import MAX_HEADER_BYTES, Header, HeaderText, SignalFile, split_header
from chiron.records.formats.regular import read_part, require_regular
from chiron.records.formats.wfdb_formats import COMPRESSED, FORMATS
from chiron.records.landing import Landing, LandingFile
from schemas.codes import QuarantineReason

__all__ = ["find_files", "read_header_text", "require_samples", "with_length"]

_FLAC_START_BYTES: Final = 42


def read_header_text(file: LandingFile) -> HeaderText:
    """Read a header's lines. Raises InputRefused."""
    require_regular(file, "header")
    return split_header(read_part(file.where, min(file.n_bytes, MAX_HEADER_BYTES) + 1))


def find_files(landing: Landing, file: LandingFile, header: Header) -> list[LandingFile]:
    """The files with a record's samples, all there and plain. Raises InputRefused."""
    found = [landing.in_folder_of(file, part.name) for part in header.files]
    for number, beside in enumerate(found, start=1):
        if beside is None:
            raise InputRefused(
                QuarantineReason.MISSING_SIGNAL_FILE, f"signal file {number}: expected beside the header, found none"
            )
        require_regular(beside, f"signal file {number}")
    return [beside for beside in found if beside is not None]


def with_length(header: Header, files: list[LandingFile]) -> Header:
    """The header with the length that the files have, where it states none."""
    if header.n_frames:
        return header
    lengths = [_whole_frames(part, file.n_bytes) for part, file in zip(header.files, files, strict=True)]
    return replace(header, n_frames=min(lengths, default=0))


def require_samples(header: Header, files: list[LandingFile]) -> None:
    """Refuse a record whose files can't hold the samples that its header states."""
    for number, (part, file) in enumerate(zip(header.files, files, strict=True), start=1):
        expected = part.expected_bytes(header.n_frames)
        if file.n_bytes < expected:
            raise InputRefused(
                QuarantineReason.TRUNCATED_SIGNAL,
                f"signal file {number}: expected at least {expected:.10g} bytes, found {file.n_bytes}",
            )
        if part.format in COMPRESSED:
            _check_stream(file.path, part, header.n_frames, number)


def _whole_frames(part: SignalFile, n_bytes: int) -> int:
    if part.format in COMPRESSED:
        return 0
    return int(max(n_bytes - part.byte_offset, 0) / FORMATS[part.format].bytes_per_sample) // part.samples_per_frame


def _check_stream(path: Path, part: SignalFile, n_frames: int, number: int) -> None:
    """Refuse a FLAC stream that says of itself that it holds more or less than the header says. Decodes nothing."""
    expected = part.byte_offset + n_frames * part.leads[0].per_frame  # a compressed file's offset is in samples
    n_samples, n_channels = _stated_in_stream(read_part(path, _FLAC_START_BYTES), number)
    if (n_samples, n_channels) == (expected, len(part.leads)):
        return
    reason = QuarantineReason.TRUNCATED_SIGNAL if n_samples < expected else QuarantineReason.TOO_LARGE
    raise InputRefused(
        reason,
        f"signal file {number}: expected a stream of {expected:.10g} samples of {len(part.leads)} leads, "
        f"found {n_samples:.10g} of {n_channels}",
    )


def _stated_in_stream(start: bytes, number: int) -> tuple[int, int]:
    """Samples per channel and channels; the samples are 0 where not stated. Source: RFC 9639, section 8.2."""
    if len(start) < _FLAC_START_BYTES or start[:4] != b"fLaC" or start[4] & 0x7F:
        raise InputRefused(
            QuarantineReason.UNSUPPORTED_FORMAT,
            f"signal file {number}: expected a FLAC stream, found another kind of file",
        )
    fields = int.from_bytes(start[18:26], "big")  # rate: 20 bits, channels: 3, bits per sample: 5, samples: 36
    return fields & (2**36 - 1), (fields >> 41 & 7) + 1
