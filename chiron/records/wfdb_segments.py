"""WFDB records in several segments, each a record of its own: https://physionet.org/physiotools/wpg/wpg_39.htm

Fixed layout: every segment has the same leads. Variable layout: the first segment is empty and lists all leads that
occur; a lead that a segment lacks is missing there, and so is everything in a gap, the segment `~`. Segments can't be
nested, so no chain of them is without end.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Final, NamedTuple

import numpy as np

from chiron.records.clinical import read_comments
from chiron.records.header_lines import NULL, SignalSpec, read_layout_line, read_segment_line, refuse
from chiron.records.headers import Header, HeaderText, check_size, read_plain, require_lines
from chiron.records.landing import HEADER_SUFFIX, Landing, LandingFile
from chiron.records.recording import Lead, Recording
from chiron.records.signal_files import read_header_text, signal_files
from chiron.records.wfdb_decode import read_samples
from schemas.codes import QuarantineReason

__all__ = ["describe_segments", "segment_names"]

_MAX_SEGMENTS: Final = 10_000
_Opened = Callable[[str], tuple[tuple[LandingFile, ...], Header]]


class _Master(NamedTuple):
    """The first header. `layout`: the segment that lists all leads, None where all have the same; `parts`: the name and
    the number of frames of each segment in order.
    """

    layout: str | None
    parts: tuple[tuple[str, int], ...]
    n_frames: int


@dataclass(frozen=True, slots=True)
class _Segment:
    """One segment. `start`: its first frame; `rows`: which lead of the record each of its own is."""

    files: tuple[LandingFile, ...]
    header: Header
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
    if master.layout is not None:
        layout_file, layout = _read_layout(file, landing, master.layout)
        files, leads = (file, layout_file), layout
    else:
        files, leads = (file,), opened(_first_name(master))[1].signals
    per_frame = _require_size(text, master, leads)
    segments = tuple(_segments(master, text.record.frame_hz, leads, opened))
    scaled, is_rescaled = _common_scales(leads, segments)
    plan = _Plan(segments, scaled, master.n_frames, per_frame, is_rescaled or any(s.header.is_wide for s in segments))
    return Recording(
        files=tuple(dict.fromkeys([*files, *(f for s in segments for f in s.files)])),
        fs_hz=text.record.frame_hz * per_frame,
        n_samples=master.n_frames * per_frame,
        leads=scaled,
        is_wide=plan.is_wide,
        read=partial(_read, plan),
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


def _open(file: LandingFile, landing: Landing, name: str) -> tuple[tuple[LandingFile, ...], Header]:
    """A segment's files, header first, and what the header says."""
    found = _beside(file, landing, name)
    header = read_plain(read_header_text(found))
    return (found, *signal_files(landing, found, header)), header


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


def _require_size(text: HeaderText, master: _Master, leads: tuple[SignalSpec, ...]) -> int:
    """The samples per frame of the fastest lead. Raises InputRefused."""
    if len(leads) != text.record.n_signals:
        refuse(
            QuarantineReason.UNREADABLE_HEADER,
            f"record: expected {text.record.n_signals} signals, found {len(leads)} in its first segment",
        )
    per_frame = max([lead.per_frame for lead in leads])
    check_size(text.record.frame_hz, master.n_frames, per_frame, len(leads))
    return per_frame


def _segments(master: _Master, frame_hz: float, leads: tuple[SignalSpec, ...], opened: _Opened) -> Iterator[_Segment]:
    """The segments that are no gaps, each with its place in the record."""
    row_of = {lead.lead: row for row, lead in enumerate(leads)} if master.layout is not None else None
    start = 0
    for name, n_frames in master.parts:
        if name != NULL:
            files, header = opened(name)
            if (header.frame_hz, header.n_frames) != (frame_hz, n_frames):
                refuse(
                    QuarantineReason.UNREADABLE_HEADER,
                    f"segment: expected the rate and the {n_frames} samples of the first header, found others",
                )
            yield _Segment(files, header, start, _rows(header.signals, leads, row_of))
        start += n_frames


def _rows(
    signals: tuple[SignalSpec, ...], leads: tuple[SignalSpec, ...], row_of: dict[str, int] | None
) -> tuple[int, ...]:
    """Which lead of the record each signal of a segment is. `row_of`: by name, where layouts vary."""
    rows = [row_of.get(s.lead, -1) for s in signals] if row_of else list(range(len(signals)))
    fits = len(set(rows)) == len(rows) <= len(leads) and -1 not in rows
    same = fits and all(_kind(s) == _kind(leads[row]) for s, row in zip(signals, rows, strict=True))
    if not same or (row_of is None and [_scale(s) for s in signals] != [_scale(lead) for lead in leads]):
        refuse(QuarantineReason.UNSUPPORTED_FORMAT, "segment: expected the leads of the record, found others")
    return tuple(rows)


def _kind(lead: SignalSpec) -> tuple[str, str, int]:
    return lead.lead, lead.unit, lead.per_frame


def _scale(lead: SignalSpec) -> tuple[float, int]:
    return lead.gain_per_unit, lead.baseline


def _common_scales(leads: tuple[SignalSpec, ...], segments: Sequence[_Segment]) -> tuple[tuple[Lead, ...], bool]:
    """Each lead in one scale, the finest of its segments, and whether any segment has another."""
    found: list[dict[tuple[float, int], None]] = [{} for _ in leads]
    for segment in segments:
        for row, signal in zip(segment.rows, segment.header.signals, strict=True):
            found[row][_scale(signal)] = None
    finest = [max(scales or [_scale(lead)], key=lambda s: abs(s[0])) for lead, scales in zip(leads, found, strict=True)]
    scaled = tuple(Lead(lead.lead, *scale, lead.unit) for lead, scale in zip(leads, finest, strict=True))
    return scaled, any(len(scales) > 1 for scales in found)


def _read(plan: _Plan) -> np.ndarray:
    """Digital samples, (n_leads, n_samples); missing where a segment has no such lead."""
    dtype = np.dtype(np.int32 if plan.is_wide else np.int16)
    signal = np.full((len(plan.leads), plan.n_frames * plan.per_frame), np.iinfo(dtype).min, dtype)
    for segment in plan.segments:
        part = read_samples(segment.files[0].path, segment.header, per_frame=plan.per_frame, is_wide=plan.is_wide)
        first = segment.start * plan.per_frame
        for row, values, spec in zip(segment.rows, part, segment.header.signals, strict=True):
            signal[row, first : first + part.shape[1]] = _rescaled(values, spec, plan.leads[row])
    return signal


def _rescaled(values: np.ndarray, spec: SignalSpec, lead: Lead) -> np.ndarray:
    """The values in the scale of the record's lead, to the nearest step. Raises InputRefused."""
    if _scale(spec) == (lead.gain_per_unit, lead.baseline):
        return values
    missing, factor = np.iinfo(values.dtype).min, lead.gain_per_unit / spec.gain_per_unit
    rescaled = np.rint((values.astype(np.float64) - spec.baseline) * factor + lead.baseline)
    rescaled[values == missing] = missing
    if np.abs(rescaled).max(initial=0) > -float(missing):
        refuse(
            QuarantineReason.IMPLAUSIBLE_HEADER,
            "segment: expected samples of 32 bits in the record's scale, found more",
        )
    return rescaled.astype(values.dtype)
