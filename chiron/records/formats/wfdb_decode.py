"""The samples of one WFDB record in one piece, bit for bit those of `wfdb.rdrecord(physical=False)`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from chiron.errors import InputRefused
from chiron.records.formats.header_lines import SignalSpec
from chiron.records.formats.headers import Header, SignalFile
from chiron.records.formats.regular import read_part
from chiron.records.formats.wfdb_formats import COMPRESSED, FORMATS
from chiron.records.formats.wfdb_unpack import unpack
from schemas.codes import QuarantineReason

__all__ = ["read_samples"]

_MINIMUM: Final = {np.dtype(kind): np.iinfo(kind).min for kind in (np.int16, np.int32)}


def read_samples(header_path: Path, header: Header, *, per_frame: int, is_wide: bool) -> np.ndarray:
    """Digital samples, (n_leads, n_frames * per_frame) int16 or int32; the type's minimum is missing.

    `per_frame`: samples of each frame in the result; a lead with fewer repeats them, as WFDB does in its mode of high
    resolution. The files must have been found long enough. Raises InputRefused.
    """
    dtype = np.dtype(np.int32 if is_wide else np.int16)
    parts = [_read_file(header_path, header, file) for file in header.files]
    if per_frame > 1 or any(s.skew or s.format == "8" for s in header.signals):
        return _arranged(header, parts, per_frame, dtype)
    signal = np.array((parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)).T, dtype=dtype, order="C")
    for row, spec in zip(signal, header.signals, strict=True):
        _mark_missing(row, spec)
    return signal


def _mark_missing(values: np.ndarray, spec: SignalSpec) -> None:
    """Replace a format's own value for missing by the type's minimum."""
    stored, missing = FORMATS[spec.format].missing, _MINIMUM[values.dtype]
    if stored is not None and stored != missing:
        values[values == stored] = missing


def _read_file(header_path: Path, header: Header, file: SignalFile) -> np.ndarray:
    """The samples of a file, (n_frames, samples per frame) int16 or int32. Raises InputRefused."""
    if file.format in COMPRESSED:
        return _read_compressed(header_path, header, file)
    expected = file.expected_bytes(header.n_frames) - file.byte_offset
    content = read_part(header_path.with_name(file.name), expected, offset=file.byte_offset)
    if len(content) < expected:
        raise InputRefused(
            QuarantineReason.TRUNCATED_SIGNAL, f"signal file: expected {expected} bytes, found {len(content)}"
        )
    flat = unpack(file.format, content, header.n_frames * file.samples_per_frame)
    return flat.reshape(header.n_frames, file.samples_per_frame)


def _arranged(header: Header, parts: Sequence[np.ndarray], per_frame: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Bring all leads to one rate and undo their skew; what lies beyond the end of the file is missing."""
    signal = np.full((len(header.signals), header.n_frames * per_frame), np.iinfo(dtype).min, dtype)
    rows = iter(signal)
    for file, part in zip(header.files, parts, strict=True):
        ends = np.cumsum([lead.per_frame for lead in file.leads])
        for spec, frames in zip(file.leads, np.split(part, ends[:-1], axis=1), strict=True):
            _arrange(next(rows).reshape(header.n_frames, per_frame), spec, frames)
    return signal


def _arrange(to: np.ndarray, spec: SignalSpec, frames: np.ndarray) -> None:
    """to: (n_frames, samples of the fastest lead); frames: (n_frames, samples of this lead)."""
    if spec.format == "8":  # differences
        frames = (frames.cumsum(dtype=np.int32) + np.int32(spec.first_value)).reshape(frames.shape)
    newest = np.arange(to.shape[1]) * spec.per_frame // to.shape[1]
    kept = to[: max(len(to) - spec.skew, 0)]
    kept[:] = frames[spec.skew :, newest]
    _mark_missing(kept, spec)


def _read_compressed(header_path: Path, header: Header, file: SignalFile) -> np.ndarray:
    """The samples of a FLAC file, (n_frames, samples per frame). Raises InputRefused."""
    import wfdb  # noqa: PLC0415 - it takes a second, and few sources are compressed

    _require_plain(header_path)
    numbers = [number for number, s in enumerate(header.signals) if s.file_name == file.name]
    try:
        record = wfdb.rdrecord(
            str(header_path.with_suffix("")),
            channels=numbers,
            physical=False,
            smooth_frames=False,
            ignore_skew=True,  # undone here: wfdb can't where skews differ
            return_res=32,
        )
        leads = [
            lead.reshape(header.n_frames, spec.per_frame)
            for lead, spec in zip(record.e_d_signal, file.leads, strict=True)
        ]
    except Exception as error:  # wfdb raises what its parts raise, whatever the bytes bring about
        raise InputRefused(
            QuarantineReason.UNREADABLE_HEADER, f"record: expected samples, found {type(error).__name__} while decoding"
        ) from None
    return np.concatenate(leads, axis=1)


def _require_plain(path: Path) -> None:
    """Refuse a path in which wfdb would see the address of a service."""
    if "::" in str(path) or ":/" in str(path) or path.suffix != ".hea":
        raise InputRefused(QuarantineReason.UNSAFE_PATH, "record: expected a plain file name, found other characters")
