"""The headers of EDF, EDF+ and BDF, of fixed width, checked field by field before a sample is read.

Sources: https://www.edfplus.info/specs/edf.html, edfplus.html; https://www.biosemi.com/faq/file_format.htm. The edfio
package, which writes the files of the tests, does not read here: it mends wrong counts with a warning, and takes five
times a BDF file's size in memory.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import accumulate
from typing import Final, NamedTuple, NoReturn

from chiron.errors import InputRefused
from chiron.records.formats.limits import MAX_LEADS, check_shape, make_lead
from chiron.records.formats.recording import Lead
from schemas.codes import QuarantineReason

__all__ = ["MAX_HEADER_BYTES", "EdfHeader", "EdfSignal", "parse_edf_header"]

_MAX_SIGNALS: Final = 2 * MAX_LEADS
MAX_HEADER_BYTES: Final = 256 * (_MAX_SIGNALS + 1)
_MAX_RECORD_BYTES: Final = 2**28  # one is read at a time; the specification advises 61,440
_WIDTHS: Final = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)  # of a signal's fields, each for all signals in turn
_BYTES_PER_SAMPLE: Final = {b"0       ": 2, b"\xffBIOSEMI": 3}  # by the version field
_ANNOTATIONS: Final = ("EDF Annotations", "BDF Annotations")
_STANDARD_TYPES: Final = re.compile(r"(?:ECG|EEG) (?=\S)")  # of the standard texts: "ECG V1", "EEG Fpz"
_UNITS: Final = {"": "NU", "µV": "uV"}


class EdfSignal(NamedTuple):
    """An ordinary signal: its place in a data record, and how many samples each one is repeated to."""

    first_byte: int
    n_bytes: int
    repeats: int


@dataclass(frozen=True, slots=True)
class EdfHeader:
    """What the header says. `patient`, `recording`, `start_date`: as written, unread."""

    bytes_per_sample: int
    n_bytes: int
    is_discontinuous: bool
    n_records: int
    record_bytes: int
    samples_per_record: int
    fs_hz: float
    leads: tuple[Lead, ...]
    signals: tuple[EdfSignal, ...]
    annotations: EdfSignal | None
    patient: str = field(repr=False)
    recording: str = field(repr=False)
    start_date: str = field(repr=False)


def _refuse(message: str, reason: QuarantineReason = QuarantineReason.UNREADABLE_HEADER) -> NoReturn:
    raise InputRefused(reason, message)


def parse_edf_header(content: bytes) -> EdfHeader:
    """Read and check the first `MAX_HEADER_BYTES` of a file. Raises InputRefused."""
    if len(content) < 256 or content[:8] not in _BYTES_PER_SAMPLE:
        _refuse("header: expected the version of EDF or BDF, found another kind of file")
    n_signals = _count(content[252:256], "signals", _MAX_SIGNALS)
    n_bytes = 256 * (n_signals + 1)
    if _count(content[184:192], "header bytes", MAX_HEADER_BYTES) != n_bytes or len(content) < n_bytes:
        _refuse(f"header: expected {n_bytes} bytes for {n_signals} signals, found another size")
    duration_s = _number(content[244:252], "duration of a data record")
    if duration_s <= 0:
        _refuse("data record: expected a duration above 0, found none", QuarantineReason.IMPLAUSIBLE_HEADER)
    columns = _columns(content[256:n_bytes], n_signals)
    signals = _Signals(columns, _BYTES_PER_SAMPLE[content[:8]])
    header = EdfHeader(
        bytes_per_sample=signals.width,
        n_bytes=n_bytes,
        is_discontinuous=content[192:197] in (b"EDF+D", b"BDF+D"),
        n_records=_count(content[236:244], "data records", 10**7),
        record_bytes=signals.record_bytes,
        samples_per_record=signals.most,
        fs_hz=float(signals.most / duration_s),
        leads=tuple(signals.leads()),
        signals=signals.ordinary(),
        annotations=signals.annotations(),
        patient=_text(content[8:88]),
        recording=_text(content[88:168]),
        start_date=_text(content[168:176]),
    )
    check_shape(fs_hz=header.fs_hz, n_leads=len(header.leads), n_samples=header.n_records * signals.most)
    return header


class _Signals:
    """The signals of a header, column by column."""

    def __init__(self, columns: Sequence[Sequence[bytes]], width: int) -> None:
        self.width = width
        self._labels = [_text(label) for label in columns[0]]
        self._columns = columns
        self._samples = [_count(n, "samples of a data record", 10**7) for n in columns[8]]
        self._is_annotation = [label in _ANNOTATIONS for label in self._labels]
        self._first = [width * n for n in accumulate(self._samples, initial=0)]
        self._numbers = [k for k, is_annotation in enumerate(self._is_annotation) if not is_annotation]
        if not self._numbers:
            _refuse("record: expected signals, found annotations only", QuarantineReason.IMPLAUSIBLE_HEADER)
        self.most = max(self._samples[k] for k in self._numbers)
        self.record_bytes = self._first[-1]
        if self.record_bytes > _MAX_RECORD_BYTES:
            _refuse(
                f"data record: expected at most {_MAX_RECORD_BYTES} bytes, found {self.record_bytes}",
                QuarantineReason.TOO_LARGE,
            )

    def ordinary(self) -> tuple[EdfSignal, ...]:
        """Where the leads' samples are. A signal of a lower rate is repeated to the highest."""
        return tuple(self._place(k, self._repeats(k)) for k in self._numbers)

    def annotations(self) -> EdfSignal | None:
        """Where the first signal of annotations is, which holds each data record's time."""
        return next((self._place(k, 1) for k, is_annotation in enumerate(self._is_annotation) if is_annotation), None)

    def _place(self, k: int, repeats: int) -> EdfSignal:
        return EdfSignal(self._first[k], self._first[k + 1] - self._first[k], repeats)

    def _repeats(self, k: int) -> int:
        if self._samples[k] == 0 or self.most % self._samples[k]:
            _refuse(
                f"signal {k + 1}: expected a rate that goes into the highest one a whole number of times, "
                f"found {self._samples[k]} and {self.most} samples of a data record",
                QuarantineReason.UNSUPPORTED_FORMAT,
            )
        return self.most // self._samples[k]

    def leads(self) -> list[Lead]:
        """physical = low + (digital - digital low) * physical range / digital range, as gain and baseline."""
        return [self._lead(number, k) for number, k in enumerate(self._numbers, start=1)]

    def _lead(self, number: int, k: int) -> Lead:
        low, high, digital_low, digital_high = (_number(self._columns[c][k], "range of a signal") for c in (3, 4, 5, 6))
        if low == high or digital_low >= digital_high:
            _refuse(f"signal {k + 1}: expected a range of values, found none", QuarantineReason.IMPLAUSIBLE_HEADER)
        gain = (digital_high - digital_low) / (high - low)
        unit = _text(self._columns[2][k])
        return make_lead(
            number,
            _STANDARD_TYPES.sub("", self._labels[k], count=1),
            gain_per_unit=float(gain),
            baseline=float(digital_low - low * gain),
            unit=_UNITS.get(unit, unit),
        )


def _columns(content: bytes, n_signals: int) -> list[list[bytes]]:
    """The fields of all signals: a list per kind of field."""
    starts = accumulate((width * n_signals for width in _WIDTHS), initial=0)
    return [
        [content[start + k * width : start + (k + 1) * width] for k in range(n_signals)]
        for start, width in zip(starts, _WIDTHS, strict=False)
    ]


def _text(content: bytes) -> str:
    """Printable text; nothing where there is anything else."""
    text = content.decode("latin-1").strip()
    return text if text.isprintable() else ""


def _count(digits: bytes, what: str, most: int) -> int:
    digits = digits.strip(b" ")
    if not digits.isdigit() or int(digits) > most:
        _refuse(f"{what}: expected a count of at most {most:.0e}, found none or another")
    return int(digits)


def _number(content: bytes, what: str) -> Fraction:
    """An exact number."""
    try:
        number = Decimal(content.decode("ascii").strip(" "))
    except (InvalidOperation, UnicodeDecodeError):
        _refuse(f"{what}: expected a number, found other characters")
    if not number.is_finite() or abs(number.adjusted()) > 30:
        _refuse(f"{what}: expected a finite number of ordinary size, found another")
    return Fraction(number)
