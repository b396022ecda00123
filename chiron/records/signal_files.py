"""The files that a WFDB header names: all there, plain, and with all samples that it states, before any is read."""

from dataclasses import replace
from pathlib import Path

from chiron.errors import InputRefused
from chiron.records.headers import MAX_HEADER_BYTES, Header, HeaderText, SignalFile, check_size, split_header
from chiron.records.landing import Landing, LandingFile
from chiron.records.regular import read_part, require_regular
from chiron.records.wfdb_formats import COMPRESSED, FORMATS
from schemas.codes import QuarantineReason

__all__ = ["read_header_text", "signal_files", "with_length"]


def read_header_text(file: LandingFile) -> HeaderText:
    """Read a header's lines. Raises InputRefused."""
    require_regular(file, "header")
    return split_header(read_part(file.path, MAX_HEADER_BYTES + 1))


def signal_files(landing: Landing, file: LandingFile, header: Header) -> list[LandingFile]:
    """The files with a record's samples, all there and long enough. Raises InputRefused."""
    return [_signal_file(landing, file, header, number) for number in range(1, len(header.files) + 1)]


def with_length(header: Header, files: list[LandingFile]) -> Header:
    """The header with the length that the files have, where it states none. Raises InputRefused."""
    if header.n_frames:
        return header
    n_frames = min(_whole_frames(part, file.n_bytes) for part, file in zip(header.files, files, strict=True))
    if not n_frames:
        raise InputRefused(QuarantineReason.IMPLAUSIBLE_HEADER, "record: expected samples, found none")
    check_size(header.frame_hz, n_frames, header.per_frame, len(header.signals))
    return replace(header, n_frames=n_frames)


def _whole_frames(part: SignalFile, n_bytes: int) -> int:
    if part.format in COMPRESSED:
        return 0
    return int(max(n_bytes - part.byte_offset, 0) / FORMATS[part.format].bytes_per_sample) // part.samples_per_frame


def _signal_file(landing: Landing, file: LandingFile, header: Header, number: int) -> LandingFile:
    part = header.files[number - 1]
    found = landing.in_folder_of(file, part.name)
    if found is None:
        raise InputRefused(
            QuarantineReason.MISSING_SIGNAL_FILE, f"signal file {number}: expected beside the header, found none"
        )
    require_regular(found, f"signal file {number}")
    expected = part.expected_bytes(header.n_frames)
    if found.n_bytes < expected:
        raise InputRefused(
            QuarantineReason.TRUNCATED_SIGNAL,
            f"signal file {number}: expected at least {expected:.10g} bytes, found {found.n_bytes}",
        )
    if part.format in COMPRESSED:
        _check_stream(found.path, part, header.n_frames, number)
    return found


def _check_stream(path: Path, part: SignalFile, n_frames: int, number: int) -> None:
    """Refuse a FLAC stream that says of itself that it holds more or less than the header says. Decodes nothing."""
    expected = part.byte_offset + n_frames * part.leads[0].per_frame  # a compressed file's offset is in samples
    n_samples, n_channels = _stream(path, number)
    if (n_samples, n_channels) == (expected, len(part.leads)):
        return
    reason = QuarantineReason.TRUNCATED_SIGNAL if n_samples < expected else QuarantineReason.TOO_LARGE
    raise InputRefused(
        reason,
        f"signal file {number}: expected a stream of {expected:.10g} samples of {len(part.leads)} leads, "
        f"found {n_samples:.10g} of {n_channels}",
    )


def _stream(path: Path, number: int) -> tuple[int, int]:
    """Samples per channel and channels that a FLAC file states. Raises InputRefused."""
    import soundfile  # noqa: PLC0415 - few sources are compressed

    try:
        if read_part(path, 4) == b"fLaC":  # libsndfile would try any other format too
            info = soundfile.info(str(path))
            return info.frames, info.channels
    except (RuntimeError, OSError, ValueError):
        pass
    raise InputRefused(
        QuarantineReason.UNSUPPORTED_FORMAT, f"signal file {number}: expected a FLAC stream, found another kind of file"
    )
