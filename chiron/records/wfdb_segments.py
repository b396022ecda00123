"""WFDB records in several segments, each a record of its own: https://physionet.org/physiotools/wpg/wpg_39.htm

Fixed layout: every segment has the same leads. Variable layout: the first segment is empty and lists all leads that
occur; a lead that a segment lacks is missing there, and so is everything in a gap, the segment `~`. Segments can't be
nested, so no chain of them is without end.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np

from chiron.records.clinical import read_comments
from chiron.records.header_lines import NULL, SignalSpec, read_layout_line, read_segment_line, refuse
from chiron.records.headers import HeaderText, require_lines
from chiron.records.landing import HEADER_SUFFIX, Landing, LandingFile
from chiron.records.limits import check_shape
from chiron.records.recording import Lead, Recording
from chiron.records.signal_files import read_header_text
from chiron.records.wfdb_decode import read_samples
from chiron.records.wfdb_plain import PlainRecord, leads_of, open_plain
from schemas.codes import QuarantineReason

__all__ = ["describe_segments", "segment_names"]

_MAX_SEGMENTS: Final = 10_000
_SAME_BY_NAME: Final = attrgetter("lead", "unit", "per_frame")
_SAME_IN_ALL: Final = attrgetter("lead", "unit", "per_frame", "gain_per_unit", "baseline")


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
    files = [file]
    if master.layout is not None:
        layout_file, signals = _read_layout(file, landing, master.layout)
        files.append(layout_file)
    else:
        signals = opened(_first_name(master)).header.signals
    per_frame = _require_size(text, master, signals)
    segments = tuple(_segments(master, text.record.frame_hz, signals, opened))
    leads, is_rescaled = _common_scales(leads_of(signals), segments)
    is_wide = is_rescaled or any(s.record.header.is_wide for s in segments)
    return Recording(
        files=tuple(dict.fromkeys([*files, *(f for s in segments for f in s.record.files)])),
        fs_hz=text.record.frame_hz * per_frame,
        n_samples=master.n_frames * per_frame,
        leads=leads,
        is_wide=is_wide,
        read=partial(_read, _Plan(segments, leads, master.n_frames, per_frame, is_wide)),
        clinical=read_comments(text.comments),
        year=text.record.year,
        comments=text.comments,
    )


def segment_names(text: HeaderText) -> tuple[str, ...]:
    """The headers that a master header names, each once; none of a record in one piece. Raises InputRefused."""
    if text.record.n_segments is None:
        return ()
    names = (read_segment_line(line, number)[0] for number, line in enumerate(text.lines, start=1))
    return tuple(dict.fromkeys(name + HEADER_SUFFIX for name in names if name != NULL))


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


def _first_name(master: _Master) -> str:
    names = [name for name, _ in master.parts if name != NULL]
    if not names:
        refuse(QuarantineReason.IMPLAUSIBLE_HEADER, "record: expected segments with samples, found gaps only")
    return names[0]


def _open(file: LandingFile, landing: Landing, name: str) -> PlainRecord:
    found = _beside(file, landing, name)
    return open_plain(found, landing, read_header_text(found))


def _beside(file: LandingFile, landing: Landing, name: str) -> LandingFile:
    found = landing.in_folder_of(file, name + HEADER_SUFFIX)
    if found is None:
        refuse(QuarantineReason.MISSING_HEADER, "segment: expected a header beside the first, found none")
    return found


def _read_layout(file: LandingFile, landing: Landing, name: str) -> tuple[LandingFile, tuple[SignalSpec, ...]]:
    """All leads that occur in a record."""
    found = _beside(file, landing, name)
    text = read_header_text(found)
    if text.record.n_segments is not None:
        refuse(QuarantineReason.UNSUPPORTED_FORMAT, "layout: expected a list of signals, found a list of segments")
    require_lines(text, "signal", text.record.n_signals)
    leads = tuple([read_layout_line(line, number) for number, line in enumerate(text.lines, start=1)])
    if len({lead.lead for lead in leads}) < len(leads):
        refuse(QuarantineReason.UNREADABLE_HEADER, f"layout: expected {len(leads)} different leads, found fewer")
    return found, leads


def _require_size(text: HeaderText, master: _Master, signals: tuple[SignalSpec, ...]) -> int:
    """The samples per frame of the fastest lead. Raises InputRefused."""
    if len(signals) != text.record.n_signals:
        refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"record: expected {text.record.n_signals:.6g} signals, found {len(signals)} in its first segment",
        )
    per_frame = max([s.per_frame for s in signals], default=1)
    check_shape(fs_hz=text.record.frame_hz * per_frame, n_leads=len(signals), n_samples=master.n_frames * per_frame)
    return per_frame


def _segments(
    master: _Master, frame_hz: float, signals: tuple[SignalSpec, ...], opened: Callable[[str], PlainRecord]
) -> Iterator[_Segment]:
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
    """Which lead of the record each of a segment is. `row_of`: by name, where layouts vary; else scales may not."""
    rows = list(range(len(segment))) if row_of is None else [row_of.get(s.lead, -1) for s in segment]
    names_fit = len(set(rows)) == len(rows) <= len(signals) and -1 not in rows
    compared = _SAME_IN_ALL if row_of is None else _SAME_BY_NAME
    if not names_fit or any(compared(s) != compared(signals[row]) for s, row in zip(segment, rows, strict=True)):
        refuse(QuarantineReason.UNSUPPORTED_FORMAT, "segment: expected the leads of the record, found others")
    return tuple(rows)


def _common_scales(leads: tuple[Lead, ...], segments: Sequence[_Segment]) -> tuple[tuple[Lead, ...], bool]:
    """Each lead in one scale, the finest of its segments, and whether any segment has another."""
    found: list[dict[Lead, None]] = [{} for _ in leads]
    for segment in segments:
        for row, lead in zip(segment.rows, segment.record.leads, strict=True):
            found[row][lead] = None
    finest = [max(scales or [lead], key=_fineness) for lead, scales in zip(leads, found, strict=True)]
    return tuple(finest), any(len(scales) > 1 for scales in found)


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
