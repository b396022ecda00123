"""The samples of one WFDB record in one piece, bit for bit those of `wfdb.rdrecord(physical=False)`.

Formats 16 and 212, which nearly all ECGs are in, are decoded here, because the wfdb package takes ten times as long.
It reads the others. Of samples it never sees more than the strict header allows.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from chiron.errors import InputRefused
from chiron.records.header_lines import SignalSpec
from chiron.records.headers import Header, SignalFile
from chiron.records.regular import read_part
from chiron.records.wfdb_formats import FORMATS
from schemas.codes import QuarantineReason

__all__ = ["read_samples"]

_OWN: Final = ("16", "212")


def read_samples(header_path: Path, header: Header, *, per_frame: int, is_wide: bool) -> np.ndarray:
    """Digital samples, (n_leads, n_frames * per_frame) int16 or int32; the type's minimum is missing.

    `per_frame`: samples of each frame in the result; a lead with fewer repeats them, as WFDB does in its mode of high
    resolution. The files must have been found long enough. Raises InputRefused.
    """
    dtype = np.int32 if is_wide else np.int16
    if not all(file.format in _OWN for file in header.files):
        return _arranged(_read_through_wfdb(header_path, header), header, per_frame, np.dtype(dtype))
    parts = [_read_file(header_path.with_name(file.name), file, header.n_frames) for file in header.files]
    if per_frame > 1 or any(s.skew for s in header.signals):
        leads = [lead for file, part in zip(header.files, parts, strict=True) for lead in _leads(file, part)]
        return _arranged(leads, header, per_frame, np.dtype(dtype))
    signal = np.array((parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)).T, dtype=dtype, order="C")
    for row, spec in zip(signal, header.signals, strict=True):
        _mark_missing(row, spec)
    return signal


def _mark_missing(values: np.ndarray, spec: SignalSpec) -> None:
    """Replace a format's own value for missing by the type's minimum."""
    stored, missing = FORMATS[spec.format].missing, np.iinfo(values.dtype).min
    if stored is not None and stored != missing:
        values[values == stored] = missing


def _read_file(path: Path, file: SignalFile, n_frames: int) -> np.ndarray:
    """The samples of a file, (n_frames, samples per frame) int16. Raises InputRefused."""
    n_samples = n_frames * file.samples_per_frame
    expected = file.expected_bytes(n_frames) - file.byte_offset
    content = read_part(path, expected, offset=file.byte_offset)
    if len(content) < expected:
        raise InputRefused(
            QuarantineReason.TRUNCATED_SIGNAL, f"signal file: expected {expected} bytes, found {len(content)}"
        )
    flat = np.frombuffer(content, "<i2") if file.format == "16" else _unpack_212(content)[:n_samples]
    return flat.reshape(n_frames, file.samples_per_frame)


def _unpack_212(content: bytes) -> np.ndarray:
    """Two samples of 12 bits from three bytes: the middle one holds the high bits of both, the first's below."""
    triplets = np.frombuffer(content + bytes(-len(content) % 3), np.uint8).reshape(-1, 3)
    low, middle, high = (triplets[:, column].astype(np.int16) for column in range(3))
    samples = np.empty((len(triplets), 2), np.int16)
    samples[:, 0] = middle << 12 >> 4 | low  # to the left and back to the right: the sign is in all higher bits
    samples[:, 1] = middle << 8 >> 12 << 8 | high
    return samples.reshape(-1)


def _leads(file: SignalFile, frames: np.ndarray) -> list[np.ndarray]:
    """Each lead's samples, (n_frames, its samples per frame)."""
    ends = np.cumsum([lead.per_frame for lead in file.leads])
    return np.split(frames, ends[:-1], axis=1)


def _arranged(leads: Sequence[np.ndarray], header: Header, per_frame: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Bring all leads to one rate and undo their skew; what lies beyond the end of the file is missing."""
    signal = np.full((len(leads), header.n_frames * per_frame), np.iinfo(dtype).min, dtype)
    for row, lead, spec in zip(signal, leads, header.signals, strict=True):
        frames = row.reshape(header.n_frames, per_frame)
        of_sample = np.arange(per_frame) * spec.per_frame // per_frame
        kept = max(header.n_frames - spec.skew, 0)
        frames[:kept] = lead[spec.skew :, of_sample]
        _mark_missing(frames[:kept], spec)
    return signal


def _read_through_wfdb(header_path: Path, header: Header) -> list[np.ndarray]:
    """Each lead's samples, (n_frames, its samples per frame). Raises InputRefused."""
    import wfdb  # noqa: PLC0415 - it takes a second, and most sources never need it

    _require_plain(header_path)
    try:
        record = wfdb.rdrecord(
            str(header_path.with_suffix("")),
            physical=False,
            smooth_frames=False,
            ignore_skew=True,  # undone here: wfdb can't where skews differ
            return_res=32 if header.is_wide else 16,
        )
    except Exception as error:  # wfdb raises what its parts raise, whatever the bytes bring about
        raise InputRefused(
            QuarantineReason.UNREADABLE_HEADER, f"record: expected samples, found {type(error).__name__} while decoding"
        ) from None
    _same_understanding(record, header)
    return [
        lead.reshape(header.n_frames, s.per_frame) for lead, s in zip(record.e_d_signal, header.signals, strict=True)
    ]


def _require_plain(path: Path) -> None:
    """Refuse a path in which wfdb would see the address of a service."""
    if "::" in str(path) or ":/" in str(path) or path.suffix != ".hea":
        raise InputRefused(QuarantineReason.UNSAFE_PATH, "record: expected a plain file name, found other characters")


def _same_understanding(record: Any, header: Header) -> None:
    """Refuse a record that wfdb's lenient header parser reads differently from ours."""
    theirs = (
        record.fs,
        [len(lead) for lead in record.e_d_signal],
        record.file_name,
        record.fmt,
        [offset or 0 for offset in record.byte_offset],
        [first or 0 for first in record.init_value],
    )
    ours = (
        header.frame_hz,
        [header.n_frames * s.per_frame for s in header.signals],
        [s.file_name for s in header.signals],
        [s.format for s in header.signals],
        [s.byte_offset for s in header.signals],
        [s.first_value for s in header.signals],
    )
    if theirs != ours:
        raise InputRefused(
            QuarantineReason.UNREADABLE_HEADER,
            "header: expected one meaning, found fields that can be read in two ways",
        )
