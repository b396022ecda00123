"""WFDB records in several segments, each a record of its own: https://physionet.org/physiotools/wpg/wpg_39.htm

Fixed layout: every segment has the same leads. Variable layout: the first segment is empty and lists all leads that
occur; a lead that a segment lacks is missing there, and so is everything in a gap, the segment `~`. Segments can't be
nested, so no chain of them is without end.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np

from chiron.records.formats.clinical import read_comments
from chiron.records.formats.header_lines import NULL, SignalSpec, read_layout_line, read_segment_line, refuse
from chiron.records.formats.headers import HEADER_SUFFIX, HeaderText, require_lines
from chiron.records.formats.limits import check_shape
from chiron.records.formats.recording import Lead, Recording
from chiron.records.formats.signal_files import read_header_text
from chiron.records.formats.wfdb_decode import read_samples
from chiron.records.formats.wfdb_plain import PlainRecord, leads_of, open_plain
from chiron.records.landing import Landing, LandingFile
from schemas.codes import QuarantineReason

__all__ = ["describe_segments"]

_MAX_SEGMENTS: Final = 10_000
_SAME_BY_NAME: Final = attrgetter("lead", "unit", "per_frame")
_SAME_IN_ALL: Final = attrgetter("lead", "unit", "per_frame", "gain_per_unit", "baseline")


_Opened = Callable[[str], PlainRecord]
_Layout = tuple[tuple[LandingFile, ...], tuple[SignalSpec, ...]]  # the files that say so, and the leads


class _Master(NamedTuple):
    """The first header. `layout`: the segment that lists all leads, None where all have the same; `parts`: the name and
    the number of frames of each segment in order.
    """

    layout: str | None
    parts: tuple[tuple[str, int], ...]
    n_frames: int


class _Segment(NamedTuple):
    """One segment. `start`: its first frame; `rows`: which lead of the record each of its own is."""

    record: PlainRecord
    start: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How segments make a record; all leads of it in their final scale."""

    segments: tuple[_Segment, ...]
    leads: tuple[Lead, ...]
    n_frames: int
    per_frame: int
    is_wide: bool


def describe_segments(file: LandingFile, landing: Landing, text: HeaderText) -> Recording:
    """Check the segments of a record, each as a record of its own. Raises InputRefused."""
    master = _read_master(text)
    opened = cache(partial(_open, file, landing))  # a segment may appear more than once
    files, signals = _read_layout(file, landing, master.layout) if master.layout else _first_layout(master, opened)
    _require_size(text, master, signals)
    plan = _plan(master, signals, tuple(_segments(master, text.record.frame_hz, signals, opened)))
    return Recording(
        files=tuple(dict.fromkeys([file, *files, *(f for s in plan.segments for f in s.record.files)])),
        fs_hz=text.record.frame_hz * plan.per_frame,
        n_samples=master.n_frames * plan.per_frame,
        leads=plan.leads,
        is_wide=plan.is_wide,
        read=partial(_read, plan),
        clinical=read_comments(text.comments),
        year=text.record.year,
        comments=text.comments,
    )


def _read_master(text: HeaderText) -> _Master:
    n_segments = text.record.n_segments or 0
    if not 0 < n_segments <= _MAX_SEGMENTS:
        refuse(
            QuarantineReason.IMPLAUSIBLE_HEADER,
            f"record: expected 1 to {_MAX_SEGMENTS} segments, found {n_segments:.6g}",
        )
    require_lines(text, "segment", n_segments)
    parts = [read_segment_line(line, number) for number, line in enumerate(text.lines, start=1)]
    n_frames = sum(length for _, length in parts)
    if text.record.n_frames not in (0, n_frames) or not n_frames:
        refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"record: expected segments of {text.record.n_frames:.10g} samples together, found {n_frames:.10g}",
        )
    layout = parts[0][0] if parts[0][1] == 0 and parts[0][0] != NULL else None
    return _Master(layout, tuple(part for part in parts if part[1]), n_frames)


def _open(file: LandingFile, landing: Landing, name: str) -> PlainRecord:
    found = _beside(file, landing, name)
    return open_plain(found, landing, read_header_text(found))


def _beside(file: LandingFile, landing: Landing, name: str) -> LandingFile:
    found = landing.in_folder_of(file, name + HEADER_SUFFIX)
    if found is None:
        refuse(QuarantineReason.MISSING_HEADER, "segment: expected a header beside the first, found none")
    return found


def _read_layout(file: LandingFile, landing: Landing, name: str) -> _Layout:
    """All leads that occur in a record, from a header that lists them."""
    found = _beside(file, landing, name)
    text = read_header_text(found)
    if text.record.n_segments is not None:
        refuse(QuarantineReason.UNSUPPORTED_FORMAT, "layout: expected a list of signals, found a list of segments")
    require_lines(text, "signal", text.record.n_signals)
    signals = tuple([read_layout_line(line, number) for number, line in enumerate(text.lines, start=1)])
    if len({signal.lead for signal in signals}) < len(signals):
        refuse(QuarantineReason.UNREADABLE_HEADER, f"layout: expected {len(signals)} different leads, found fewer")
    return (found,), signals


def _first_layout(master: _Master, opened: _Opened) -> _Layout:
    """The leads of the first segment, which all others have too."""
    names = [name for name, _ in master.parts if name != NULL]
    if not names:
        refuse(QuarantineReason.IMPLAUSIBLE_HEADER, "record: expected segments with samples, found gaps only")
    return (), opened(names[0]).header.signals


def _require_size(text: HeaderText, master: _Master, signals: tuple[SignalSpec, ...]) -> None:
    if len(signals) != text.record.n_signals:
        refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"record: expected {text.record.n_signals:.6g} signals, found {len(signals)} in its first segment",
        )
    per_frame = _per_frame(signals)
    check_shape(fs_hz=text.record.frame_hz * per_frame, n_leads=len(signals), n_samples=master.n_frames * per_frame)


def _per_frame(signals: tuple[SignalSpec, ...]) -> int:
    """Samples of the fastest lead in each frame."""
    return max([signal.per_frame for signal in signals], default=1)


def _segments(master: _Master, frame_hz: float, signals: tuple[SignalSpec, ...], opened: _Opened) -> Iterator[_Segment]:
    """The segments that are no gaps, each with its place in the record."""
    row_of = {signal.lead: row for row, signal in enumerate(signals)} if master.layout is not None else None
    start = 0
    for name, n_frames in master.parts:
        if name != NULL:
            record = opened(name)
            if (record.header.frame_hz, record.header.n_frames) != (frame_hz, n_frames):
                refuse(
                    QuarantineReason.UNREADABLE_HEADER,
                    f"segment: expected the rate and the {n_frames} samples of the first header, found others",
                )
            yield _Segment(record, start, _rows(record.header.signals, signals, row_of))
        start += n_frames


def _rows(
    segment: tuple[SignalSpec, ...], signals: tuple[SignalSpec, ...], row_of: dict[str, int] | None
) -> tuple[int, ...]:
    """Which lead of the record each of a segment is. `row_of`: by name, where layouts vary; else nothing may."""
    if row_of is None:
        rows, kept, fits = list(range(len(segment))), _SAME_IN_ALL, len(segment) == len(signals)
    else:
        rows, kept = [row_of.get(s.lead, -1) for s in segment], _SAME_BY_NAME
        fits = len(set(rows)) == len(rows) and -1 not in rows
    if not fits or any(kept(s) != kept(signals[row]) for s, row in zip(segment, rows, strict=True)):
        refuse(QuarantineReason.UNSUPPORTED_FORMAT, "segment: expected the leads of the record, found others")
    return tuple(rows)


def _plan(master: _Master, signals: tuple[SignalSpec, ...], segments: tuple[_Segment, ...]) -> _Plan:
    """Each lead in one scale: the finest of its segments."""
    found: list[dict[Lead, None]] = [{} for _ in signals]
    for segment in segments:
        for row, lead in zip(segment.rows, segment.record.leads, strict=True):
            found[row][lead] = None
    finest = [max(scales or [lead], key=_fineness) for lead, scales in zip(leads_of(signals), found, strict=True)]
    is_wide = any(len(scales) > 1 for scales in found) or any(s.record.header.is_wide for s in segments)
    return _Plan(segments, tuple(finest), master.n_frames, _per_frame(signals), is_wide)


def _fineness(lead: Lead) -> float:
    return abs(lead.gain_per_unit)


def _read(plan: _Plan) -> np.ndarray:
    """Digital samples, (n_leads, n_samples); missing where a segment has no such lead."""
    dtype = np.int32 if plan.is_wide else np.int16
    signal = np.full((len(plan.leads), plan.n_frames * plan.per_frame), np.iinfo(dtype).min, dtype)
    for record, start, rows in plan.segments:
        part = read_samples(record.files[0].path, record.header, per_frame=plan.per_frame, is_wide=plan.is_wide)
        first = start * plan.per_frame
        for row, values, lead in zip(rows, part, record.leads, strict=True):
            signal[row, first : first + part.shape[1]] = _rescaled(values, lead, plan.leads[row])
    return signal


def _rescaled(values: np.ndarray, lead: Lead, to: Lead) -> np.ndarray:
    """Values in another scale, to the nearest step. Raises InputRefused."""
    if lead == to:
        return values
    missing = -(2**31)  # where scales differ, samples are wide
    with np.errstate(all="ignore"):  # a factor may be infinite
        rescaled = np.rint((values.astype(np.float64) - lead.baseline) * (to.gain_per_unit / lead.gain_per_unit))
    rescaled += to.baseline
    rescaled[values == missing] = missing
    if not (np.abs(rescaled[values != missing]) < 2**31).all():
        refuse(
            QuarantineReason.IMPLAUSIBLE_HEADER,
            "segment: expected samples of 32 bits in the record's scale, found larger ones",
        )
    return rescaled.astype(values.dtype)
