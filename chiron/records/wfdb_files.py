"""Reading one WFDB record: the header is checked first, then the files it names, and only then are samples decoded."""

from typing import Any, Final

import numpy as np
import wfdb

from chiron.datasets.physical import to_mv
from chiron.errors import InputRefused
from chiron.records.header_lines import FORMATS
from chiron.records.headers import Header, parse_header
from chiron.records.landing import FileKind, Landing, LandingFile
from schemas.codes import QuarantineReason

__all__ = ["physical_mv", "read_header", "read_signal", "require_regular", "signal_files"]

_NOT_REGULAR: Final = {
    FileKind.LINK: (QuarantineReason.UNSAFE_PATH, "a link, which is not followed"),
    FileKind.SPECIAL: (QuarantineReason.UNSAFE_PATH, "a pipe, socket or device"),
    FileKind.UNREADABLE: (QuarantineReason.UNREADABLE_FILE, "one that may not be read"),
}


def require_regular(file: LandingFile, what: str) -> None:
    """Raise InputRefused where `file` is not a plain file that can be read."""
    if file.kind is not FileKind.REGULAR:
        reason, found = _NOT_REGULAR[file.kind]
        raise InputRefused(reason, f"{what}: expected a regular file, found {found}")


def read_header(file: LandingFile) -> Header:
    """Read and check a header. Raises InputRefused."""
    require_regular(file, "header")
    return parse_header(file.path.read_bytes())


def signal_files(landing: Landing, file: LandingFile, header: Header) -> list[LandingFile]:
    """The files with a record's samples, all there and long enough. Raises InputRefused."""
    found = []
    for number, name in enumerate(header.file_names, start=1):
        signal_file = landing.in_folder_of(file, name)
        if signal_file is None:
            raise InputRefused(
                QuarantineReason.MISSING_SIGNAL_FILE, f"signal file {number}: expected beside the header, found none"
            )
        require_regular(signal_file, f"signal file {number}")
        expected = header.expected_bytes(name)
        if signal_file.n_bytes < expected:
            raise InputRefused(
                QuarantineReason.TRUNCATED_SIGNAL,
                f"signal file {number}: expected at least {expected:.10g} bytes, found {signal_file.n_bytes}",
            )
        found.append(signal_file)
    return found


def read_signal(file: LandingFile, header: Header) -> np.ndarray:
    """Digital samples, (n_leads, n_samples) int16 or int32; the type's minimum is missing. Raises InputRefused.

    `signal_files` must have accepted the record's files.
    """
    try:
        record = wfdb.rdrecord(str(file.path.with_suffix("")), physical=False, return_res=32 if header.is_wide else 16)
    except Exception as error:  # wfdb raises what its parts raise, whatever the bytes bring about
        raise InputRefused(
            QuarantineReason.UNREADABLE_HEADER, f"record: expected samples, found {type(error).__name__} while decoding"
        ) from None
    _same_understanding(record, header)
    signal: np.ndarray = np.ascontiguousarray(record.d_signal.T, dtype=np.int32 if header.is_wide else np.int16)
    missing_in_file = np.array([[FORMATS[s.format].missing] for s in header.signals])
    signal[signal == missing_in_file] = -(2**31) if header.is_wide else -(2**15)
    return signal


def physical_mv(signal: np.ndarray, header: Header) -> np.ndarray:
    """Digital samples in mV: (n_leads, n_samples) float32, missing as nan; leads of another unit keep it."""
    leads = header.signals
    gain, baseline, unit = [s.gain_per_unit for s in leads], [s.baseline for s in leads], [s.unit for s in leads]
    return to_mv(signal, gain=gain, baseline=baseline, unit=unit)


def _same_understanding(record: Any, header: Header) -> None:
    """Refuse a record that wfdb's lenient header parser reads differently from ours."""
    theirs = (record.fs, record.d_signal.shape, record.fmt, record.adc_gain, record.baseline)
    ours = (
        header.fs_hz,
        (header.n_samples, len(header.signals)),
        [s.format for s in header.signals],
        [s.gain_per_unit for s in header.signals],
        [s.baseline for s in header.signals],
    )
    if theirs != ours:
        raise InputRefused(
            QuarantineReason.UNREADABLE_HEADER,
            "header: expected one meaning, found fields that can be read in two ways",
        )
