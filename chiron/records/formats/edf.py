"""Recordings in EDF, EDF+ and BDF.

Digital values are kept as they are stored. Annotations are no lead. Of the patient's and the recording's field only
what has a place of its own in EDF+ is taken: code, sex, age, equipment, year; names and free text are dropped.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Final

import numpy as np

from chiron.errors import InputRefused
from chiron.records.formats.clinical import Clinical, read_comments
from chiron.records.formats.edf_header import MAX_HEADER_BYTES, EdfHeader, EdfSignal, parse_edf_header
from chiron.records.formats.limits import check_shape, without_minimum
from chiron.records.formats.recording import Recording
from chiron.records.formats.regular import read_part
from chiron.records.landing import Landing, LandingFile
from schemas.codes import QuarantineReason
from schemas.source import FileLayout

__all__ = ["describe"]

_BLOCK_BYTES: Final = 2**24
_MAX_TIMED_RECORDS: Final = 10**6
_ONSET: Final = re.compile(rb"([+-]\d{1,9}(?:\.\d{1,15})?)\x14\x14")
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_PATIENT: Final = re.compile(r"(?P<code>\S+) (?P<sex>[FMX]) (?P<born>X|\S{11}) \S+(?: .*)?")
_RECORDING: Final = re.compile(r"Startdate (?P<start>X|\S{11}) \S+ \S+ (?P<equipment>\S+)(?: .*)?")
_UNKNOWN: Final = "X"


def describe(file: LandingFile, landing: Landing, layout: FileLayout | None) -> Recording:  # noqa: ARG001 - a reader
    """What an EDF or BDF file says. Raises InputRefused."""
    header = parse_edf_header(read_part(file.path, MAX_HEADER_BYTES))
    expected = header.n_bytes + header.n_records * header.record_bytes
    if file.n_bytes < expected:
        raise InputRefused(
            QuarantineReason.TRUNCATED_SIGNAL, f"record: expected at least {expected} bytes, found {file.n_bytes}"
        )
    starts = _starts(file, header)
    n_samples = int(starts[-1]) + header.samples_per_record
    check_shape(fs_hz=header.fs_hz, n_leads=len(header.leads), n_samples=n_samples)
    clinical, year = _circumstances(header)
    return Recording(
        files=(file,),
        fs_hz=header.fs_hz,
        n_samples=n_samples,
        leads=header.leads,
        is_wide=header.bytes_per_sample > 2,
        read=partial(_read, file, header, starts),
        clinical=clinical,
        year=year,
    )


def _blocks(file: LandingFile, header: EdfHeader) -> Iterator[tuple[int, np.ndarray]]:
    """The data records, some at a time: the number of the first, and (n_records, n_bytes) uint8."""
    per_block = max(_BLOCK_BYTES // header.record_bytes, 1)
    for first in range(0, header.n_records, per_block):
        n_records = min(per_block, header.n_records - first)
        offset = header.n_bytes + first * header.record_bytes
        content = read_part(file.path, n_records * header.record_bytes, offset=offset)
        if len(content) < n_records * header.record_bytes:
            raise InputRefused(QuarantineReason.TRUNCATED_SIGNAL, "record: expected all samples, found a shorter file")
        yield first, np.frombuffer(content, dtype=np.uint8).reshape(n_records, header.record_bytes)


def _read(file: LandingFile, header: EdfHeader, starts: np.ndarray) -> np.ndarray:
    """Digital samples, (n_leads, n_samples) int16 or int32; gaps between data records are missing."""
    dtype = np.int16 if header.bytes_per_sample == 2 else np.int32
    n_samples = int(starts[-1]) + header.samples_per_record
    samples = np.full((len(header.leads), n_samples), np.iinfo(dtype).min, dtype=dtype)
    for first, block in _blocks(file, header):
        places = _places(starts[first : first + len(block)], header.samples_per_record)
        for row, signal in zip(samples, header.signals, strict=True):
            row[places] = _decode(block, signal, header.bytes_per_sample)
    return samples


def _places(starts: np.ndarray, samples_per_record: int) -> slice | np.ndarray:
    """Where the samples of some data records go; a slice where there is no gap between them."""
    n_samples = len(starts) * samples_per_record
    if starts[-1] + samples_per_record - starts[0] == n_samples:
        return slice(int(starts[0]), int(starts[0]) + n_samples)
    places: np.ndarray = (starts[:, None] + np.arange(samples_per_record)).reshape(-1)
    return places


def _decode(block: np.ndarray, signal: EdfSignal, bytes_per_sample: int) -> np.ndarray:
    """One signal's samples, each repeated to the highest rate; block: (n_records, n_bytes) uint8."""
    stored = np.ascontiguousarray(block[:, signal.first_byte : signal.first_byte + signal.n_bytes])
    if bytes_per_sample == 2:
        samples = without_minimum(stored.view("<i2").reshape(-1))
    else:
        widened = np.zeros((stored.size // 3, 4), dtype=np.uint8)
        widened[:, 1:] = stored.reshape(-1, 3)
        samples = widened.view("<i4").reshape(-1) >> 8  # an arithmetic shift keeps the sign
    return np.repeat(samples, signal.repeats) if signal.repeats > 1 else samples


def _starts(file: LandingFile, header: EdfHeader) -> np.ndarray:
    """At which sample each data record begins, int64. Only a discontinuous file says it; rounded to a sample."""
    if not header.is_discontinuous:
        return np.arange(header.n_records, dtype=np.int64) * header.samples_per_record
    if header.annotations is None or header.n_records > _MAX_TIMED_RECORDS:
        raise InputRefused(
            QuarantineReason.UNREADABLE_HEADER,
            f"discontinuous record: expected a time for each of at most {_MAX_TIMED_RECORDS} data records, found none",
        )
    first, last = header.annotations.first_byte, header.annotations.first_byte + header.annotations.n_bytes
    onsets_s = np.array([_onset_s(row[first:last].tobytes()) for _, block in _blocks(file, header) for row in block])
    starts: np.ndarray = np.rint((onsets_s - onsets_s[0]) * header.fs_hz).astype(np.int64)
    if (np.diff(starts) < header.samples_per_record).any():
        raise InputRefused(
            QuarantineReason.UNREADABLE_HEADER, "discontinuous record: expected data records in order, found overlaps"
        )
    return starts


def _onset_s(annotations: bytes) -> float:
    """The time of a data record, in seconds: the first annotation in it, which has no text."""
    match = _ONSET.match(annotations)
    if match is None:
        raise InputRefused(QuarantineReason.UNREADABLE_HEADER, "data record: expected its time, found none")
    return float(match[1])


def _circumstances(header: EdfHeader) -> tuple[Clinical, int | None]:
    """What is said of patient and device, and the year."""
    patient, recording = _PATIENT.fullmatch(header.patient), _RECORDING.fullmatch(header.recording)
    started = _day(recording["start"]) if recording else _short_day(header.start_date)
    born = _day(patient["born"]) if patient else None
    said = {
        "patient": patient["code"] if patient else _UNKNOWN,
        "sex": patient["sex"] if patient else _UNKNOWN,
        "age": str(_age_years(born, started)) if born and started else _UNKNOWN,
        "device": recording["equipment"] if recording else _UNKNOWN,
    }
    clinical = read_comments(f"{key}: {value}" for key, value in said.items() if value != _UNKNOWN)
    if patient is None and header.patient.strip(" X"):
        clinical.not_understood.append("patient")
    return clinical, started.year if started else None


def _age_years(born: date, started: date) -> int:
    return started.year - born.year - ((started.month, started.day) < (born.month, born.day))


def _day(text: str) -> date | None:
    """A day as EDF+ writes it: 02-MAR-2002."""
    day, _, rest = text.partition("-")
    month, _, year = rest.partition("-")
    try:
        return date(int(year), _MONTHS.index(month.upper()) + 1, int(day))
    except ValueError:
        return None


def _short_day(text: str) -> date | None:
    """A day as EDF writes it: dd.mm.yy, from 1985 on. The first day of all stands for an unknown one."""
    try:
        day, month, year = (int(part) for part in text.split("."))
        found = date(year + (1900 if 85 <= year < 100 else 2000), month, day)
    except ValueError:
        return None
    return None if found == date(1985, 1, 1) else found
