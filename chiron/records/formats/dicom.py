"""Recordings as DICOM waveforms, read with the pydicom package.

Of the patient and the circumstances only id, sex, age, height, weight, institution, device and year are taken.
Source: DICOM PS3.3, C.10.9 (waveform module).
"""

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple, NoReturn

import numpy as np
import pydicom
from pydicom.filereader import read_dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from chiron.errors import InputRefused
from chiron.records.formats.clinical import Clinical, read_comments
from chiron.records.formats.limits import MAX_LEADS, check_shape, make_lead, without_minimum
from chiron.records.formats.recording import Lead, Recording
from chiron.records.formats.regular import read_part
from chiron.records.landing import Landing, LandingFile
from schemas.codes import QuarantineReason
from schemas.source import FileLayout

__all__ = ["describe"]

_MAX_BYTES: Final = 2**29
_MAX_GROUPS: Final = 64
_SYNTAXES: Final = (ImplicitVRLittleEndian, ExplicitVRLittleEndian)  # a deflated one would unpack without bound
_TYPES: Final = {(8, "SB"): "i1", (8, "UB"): "u1", (16, "SS"): "<i2", (16, "US"): "<u2", (32, "SL"): "<i4"}
_MAX_SKEW_SAMPLES: Final = 0.5
_LEAD: Final = re.compile(r"(?:Lead |MDC_ECG_LEAD_)?(?P<name>[\w+-]{1,12})(?: \(Einthoven\))?", re.ASCII)
_AGE: Final = re.compile(r"(?P<count>\d{3})(?P<unit>[DWMY])", re.ASCII)
_PER_YEAR: Final = {"D": 365.25, "W": 365.25 / 7, "M": 12.0, "Y": 1.0}
_YEAR: Final = re.compile(r"(?P<year>(?:19|20)\d\d)\d{4}", re.ASCII)
_LOGGER: Final = logging.getLogger("pydicom")


class _Group(NamedTuple):
    """Channels that were sampled together. `padding`: the stored value that means missing."""

    fs_hz: float
    n_samples: int
    offset: str
    dtype: np.dtype
    padding: int | None
    channels: tuple[Any, ...]
    data: bytes


def describe(file: LandingFile, landing: Landing, layout: FileLayout | None) -> Recording:  # noqa: ARG001 - a reader
    """What a file says of its original waveform. Raises InputRefused."""
    with _as_refusals():
        dataset = _dataset(file)
        groups = _originals(dataset)
        channels = (channel for group in groups for channel in group.channels)
        leads = tuple(_lead(k, channel, groups[0].fs_hz) for k, channel in enumerate(channels, start=1))
        check_shape(fs_hz=groups[0].fs_hz, n_leads=len(leads), n_samples=groups[0].n_samples)
        return Recording(
            files=(file,),
            fs_hz=groups[0].fs_hz,
            n_samples=groups[0].n_samples,
            leads=leads,
            is_wide=_type(groups) is np.int32,
            read=partial(_read, file),
            clinical=_clinical(dataset),
            year=_year(dataset),
        )


def _refuse(message: str, reason: QuarantineReason) -> NoReturn:
    raise InputRefused(reason, message)


@contextmanager
def _as_refusals() -> Iterator[None]:
    """Refuse what pydicom can't read, and keep its warnings off the screen: they quote what the file says."""
    was_disabled, _LOGGER.disabled = _LOGGER.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InputRefused:
        raise
    except Exception as error:  # pydicom raises what its parts raise, whatever the bytes bring about
        _refuse(f"file: expected a DICOM waveform, found {type(error).__name__}", QuarantineReason.UNREADABLE_HEADER)
    finally:
        _LOGGER.disabled = was_disabled


def _dataset(file: LandingFile) -> Any:
    if file.n_bytes > _MAX_BYTES:
        _refuse(f"file: expected at most {_MAX_BYTES} bytes, found {file.n_bytes}", QuarantineReason.TOO_LARGE)
    content = read_part(file.path, _MAX_BYTES)
    if _transfer_syntax(content) not in _SYNTAXES:
        _refuse(
            "file: expected a plain little-endian transfer syntax, found another", QuarantineReason.UNSUPPORTED_FORMAT
        )
    return pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)


def _transfer_syntax(content: bytes) -> str | None:
    """How the rest of the file is stored: said by the elements of group 2, after a preamble of 128 bytes and `DICM`."""
    if content[128:132] != b"DICM":
        _refuse("file: expected a DICOM file, found another kind", QuarantineReason.UNREADABLE_HEADER)
    stream = io.BytesIO(content)
    stream.seek(132)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != 2)
    syntax: str | None = meta.get("TransferSyntaxUID")
    return syntax


def _originals(dataset: Any) -> list[_Group]:
    """The groups of the recording itself, not of beats that were derived from it; they must go together."""
    sequence = dataset.WaveformSequence
    if len(sequence) > _MAX_GROUPS:
        _refuse(f"waveform: expected at most {_MAX_GROUPS} groups, found {len(sequence)}", QuarantineReason.TOO_LARGE)
    groups = [_group(item) for item in sequence if item.WaveformOriginality == "ORIGINAL"]
    if not groups:
        _refuse("waveform: expected an original one, found none", QuarantineReason.UNSUPPORTED_FORMAT)
    if len({group[:3] for group in groups}) > 1:
        _refuse(
            "waveform: expected groups of one rate, length and time, found several", QuarantineReason.UNSUPPORTED_FORMAT
        )
    return groups


def _group(item: Any) -> _Group:
    """One group, with as many bytes as its samples need."""
    n_channels, n_samples = int(item.NumberOfWaveformChannels), int(item.NumberOfWaveformSamples)
    stored = _TYPES.get((int(item.WaveformBitsAllocated), str(item.WaveformSampleInterpretation)))
    channels = tuple(item.ChannelDefinitionSequence)
    if stored is None:
        _refuse(
            "samples: expected integers of 8, 16 or 32 bits, found another type", QuarantineReason.UNSUPPORTED_FORMAT
        )
    if not 0 < n_channels <= MAX_LEADS or len(channels) != n_channels:
        _refuse(
            f"waveform: expected 1 to {MAX_LEADS} channels, each with a definition, found {n_channels}",
            QuarantineReason.IMPLAUSIBLE_HEADER,
        )
    dtype, data = np.dtype(stored), item.WaveformData
    n_bytes = n_channels * n_samples * dtype.itemsize
    if len(data) < n_bytes:
        _refuse(f"samples: expected {n_bytes} bytes, found {len(data)}", QuarantineReason.TRUNCATED_SIGNAL)
    padding = item.get("WaveformPaddingValue")
    return _Group(
        fs_hz=float(item.SamplingFrequency),
        n_samples=n_samples,
        offset=str(item.get("MultiplexGroupTimeOffset") or 0),
        dtype=dtype,
        padding=None if padding is None else int(np.frombuffer(padding[: dtype.itemsize], dtype=dtype)[0]),
        channels=channels,
        data=data[:n_bytes],
    )


def _lead(number: int, channel: Any, fs_hz: float) -> Lead:
    """physical = digital * sensitivity * correction + baseline, as gain and baseline in digital steps."""
    skew = abs(float(channel.get("ChannelSampleSkew") or 0)) + abs(float(channel.get("ChannelTimeSkew") or 0)) * fs_hz
    if not skew <= _MAX_SKEW_SAMPLES:
        _refuse(
            f"channel {number}: expected a skew of at most half a sample, found more",
            QuarantineReason.UNSUPPORTED_FORMAT,
        )
    step = float(channel.ChannelSensitivity) * float(channel.get("ChannelSensitivityCorrectionFactor") or 1)
    meaning = _LEAD.fullmatch(str(channel.ChannelSourceSequence[0].CodeMeaning))
    return make_lead(
        number,
        meaning["name"] if meaning else "",
        gain_per_unit=1 / step,
        baseline=-float(channel.get("ChannelBaseline") or 0) / step,
        unit=str(channel.ChannelSensitivityUnitsSequence[0].CodeValue),
    )


def _type(groups: list[_Group]) -> type[np.int16] | type[np.int32]:
    """The type that holds the samples of all groups."""
    return np.int16 if all(np.can_cast(group.dtype, np.int16) for group in groups) else np.int32


def _read(file: LandingFile) -> np.ndarray:
    """Digital samples, (n_leads, n_samples) int16 or int32. Raises InputRefused."""
    with _as_refusals():
        groups = _originals(_dataset(file))
        return np.concatenate([_samples(group, _type(groups)) for group in groups])


def _samples(group: _Group, dtype: type[np.int16] | type[np.int32]) -> np.ndarray:
    stored = np.frombuffer(group.data, dtype=group.dtype).reshape(group.n_samples, len(group.channels)).T
    samples = without_minimum(stored.astype(dtype))
    if group.padding is not None:
        samples[stored == group.padding] = np.iinfo(dtype).min
    return samples


def _clinical(dataset: Any) -> Clinical:
    """What is said of patient and circumstances, in the words of a WFDB header's comments."""
    age = _AGE.fullmatch(_said(dataset, "PatientAge"))
    height_m = _said(dataset, "PatientSize")
    said = {
        "patient": _said(dataset, "PatientID"),
        "sex": _said(dataset, "PatientSex"),
        "age": str(int(age["count"]) / _PER_YEAR[age["unit"]]) if age else _said(dataset, "PatientAge"),
        "height": str(100 * float(height_m)) if height_m else "",
        "weight": _said(dataset, "PatientWeight"),
        "site": _said(dataset, "InstitutionName"),
        "device": f"{_said(dataset, 'Manufacturer')} {_said(dataset, 'ManufacturerModelName')}".strip(),
    }
    return read_comments(f"{key}: {value}" for key, value in said.items() if value)


def _said(dataset: Any, keyword: str) -> str:
    value = dataset.get(keyword)
    return "" if value is None else str(value).strip()


def _year(dataset: Any) -> int | None:
    """The year of the study."""
    match = _YEAR.fullmatch(_said(dataset, "StudyDate"))
    return int(match["year"]) if match else None
