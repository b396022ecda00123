"""Recordings drawn on electrocardiogram paper: 25 mm/s, 10 mm/mV.

Small squares are 1 mm (0.04 s, 0.1 mV), large ones 5 mm (0.2 s, 0.5 mV). Each row begins with the calibration pulse of
1 mV and 0.2 s. A lead is shown around its median, and a gap in the trace is a gap in the recording. x is in mm from the
first sample of a row, y in mm from the first row's zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chiron.errors import BadParameters
from chiron.report.layout import Row, Scale, strip_rows
from chiron.report.marks import draw_legend, draw_truth, lane_mm
from chiron.report.svg import COLOURS, FIGURE_STYLE
from chiron.report.truth import Truth

__all__ = ["Sheet", "draw_record", "draw_sheet", "draw_to_file"]

_MM_PER_S: Final = 25.0
_MM_PER_MV: Final = 10.0
_MM_PER_INCH: Final = 25.4
_LEFT_MM, _RIGHT_MM, _BOTTOM_MM = 13.0, 3.0, 11.0  # around the paper
_TITLE_MM, _SUBTITLE_MM, _NO_TITLE_MM = 8.0, 5.0, 1.5
_LEAD_IN_MM: Final = 10.0  # of paper before the first sample, for the calibration pulse
_FORMATS: Final = (".png", ".svg")
_NOTHING_KNOWN: Final = Truth()


class _Placed(NamedTuple):
    """A row, its baseline's y, how far its traces go below and above that, and the room over them."""

    row: Row
    baseline: float
    low: float
    high: float
    lane: float

    @property
    def reach(self) -> float:
        return self.baseline + self.high

    @property
    def top(self) -> float:
        return self.reach + self.lane


@dataclass(frozen=True)
class Sheet:
    """What goes on a sheet: rows of a recording, and what is known about it.

    signal_mv: (n_leads, n_samples) in mV, missing as nan.
    """

    signal_mv: np.ndarray
    fs_hz: float
    leads: Sequence[str]
    rows: Sequence[Row]
    truth: Truth = _NOTHING_KNOWN
    title: str = ""
    subtitle: str = ""


def draw_record(
    signal_mv: np.ndarray, fs_hz: float, leads: Sequence[str], title: str = "", *, max_s: float = 10.0
) -> Figure:
    """The first `max_s` seconds of a recording, each lead in a row of its own.

    signal_mv: (n_leads, n_samples) in mV, missing as nan. Raises BadParameters where the names do not fit the signal.
    """
    length_s = min(max_s, signal_mv.shape[-1] / fs_hz)
    return draw_sheet(Sheet(signal_mv, fs_hz, leads, strip_rows(len(leads), length_s=length_s), title=title))


def draw_sheet(sheet: Sheet) -> Figure:
    """A sheet at true size. Raises BadParameters where the names of the leads do not fit the signal."""
    shape = sheet.signal_mv.shape
    if sheet.signal_mv.ndim != 2 or shape[0] != len(sheet.leads) or shape[1] == 0:
        raise BadParameters(f"recording: expected {len(sheet.leads)} leads with samples, found an array {shape}")
    shown_mm = _around_median(sheet) * _MM_PER_MV
    placed = _place(shown_mm, sheet)
    length_mm = max(row.stop_s - row.start_s for row in sheet.rows) * _MM_PER_S
    width = float(_LEAD_IN_MM + 5 * np.ceil(round(length_mm, 6) / 5))
    with mpl.rc_context(FIGURE_STYLE):
        figure, axes = _paper(width, placed, sheet)
        _label_axes(axes, placed, width)
        for place in placed:
            scale = Scale(sheet.fs_hz, place.row.start_s, _MM_PER_S)
            draw_truth(axes, sheet.truth, place.row, scale, y_mm=(place.baseline + place.low, place.reach))
            _draw_row(axes, place, shown_mm, sheet, scale)
        draw_legend(axes, sheet.truth)
    return figure


def draw_to_file(figure: Figure, path: Path) -> None:
    """Write a drawing as PNG or SVG, by the file's ending, at its true size.

    Raises BadParameters for another ending.
    """
    if path.suffix.lower() not in _FORMATS:
        raise BadParameters(f"picture: expected a name that ends in .png or .svg, found {path.suffix or 'no ending'}")
    metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
    with mpl.rc_context(FIGURE_STYLE):
        figure.savefig(path, facecolor="white", dpi=200, metadata=metadata)


def _samples(start_s: float, stop_s: float, fs_hz: float) -> slice:
    """The samples at or after `start_s` and before `stop_s`."""
    return slice(int(np.ceil(round(start_s * fs_hz, 6))), int(np.ceil(round(stop_s * fs_hz, 6))))


def _around_median(sheet: Sheet) -> np.ndarray:
    """Each lead without what is constant over these rows; a lead without any sample stays as it is."""
    first_s, last_s = min(row.start_s for row in sheet.rows), max(row.stop_s for row in sheet.rows)
    shown = sheet.signal_mv[:, _samples(first_s, last_s, sheet.fs_hz)]
    present = np.where(np.isfinite(shown).any(axis=1, keepdims=True), shown, 0.0)
    shifted: np.ndarray = sheet.signal_mv - np.nanmedian(present, axis=1, keepdims=True)
    return shifted


def _place(shown_mm: np.ndarray, sheet: Sheet) -> list[_Placed]:
    """The rows from top to bottom, the first one's zero at 0."""
    placed: list[_Placed] = []
    for row in sheet.rows:
        low, high = _span_mm([shown_mm[s.lead, _samples(s.start_s, s.stop_s, sheet.fs_hz)] for s in row.segments])
        lane = lane_mm(sheet.truth, row)
        above = placed[-1] if placed else None
        baseline = above.baseline + above.low - lane - high if above else 0.0
        placed.append(_Placed(row, baseline, low, high, lane))
    return placed


def _span_mm(traces_mm: Sequence[np.ndarray]) -> tuple[float, float]:
    """How far a row goes below and above its baseline, in whole large squares; outliers do not count."""
    everything = np.concatenate(traces_mm)
    present = everything[np.isfinite(everything)]
    low, high = np.quantile(present, [0.002, 0.998]) if present.size else (0.0, 0.0)
    return float(np.clip(5 * np.floor(low / 5), -25, -5)), float(np.clip(5 * np.ceil((high + 1) / 5), 15, 30))


def _paper(width: float, placed: Sequence[_Placed], sheet: Sheet) -> tuple[Figure, Axes]:
    """Empty paper of so many millimetres, at true size."""
    bottom, top = placed[-1].baseline + placed[-1].low, placed[0].top
    head = (_TITLE_MM if sheet.title else _NO_TITLE_MM) + (_SUBTITLE_MM if sheet.subtitle else 0.0)
    total = (width + _LEFT_MM + _RIGHT_MM, top - bottom + head + _BOTTOM_MM)
    figure = Figure(figsize=(total[0] / _MM_PER_INCH, total[1] / _MM_PER_INCH))
    box = (_LEFT_MM / total[0], _BOTTOM_MM / total[1], width / total[0], (top - bottom) / total[1])
    axes = figure.add_axes(box, facecolor=COLOURS["paper"])
    axes.set(xlim=(-_LEAD_IN_MM, width - _LEAD_IN_MM), ylim=(bottom, top))
    axes.grid(visible=False)
    axes.spines[:].set(visible=True, color=COLOURS["paper-bold"], linewidth=0.8)
    if sheet.title:
        axes.text(-_LEAD_IN_MM, top + head - 5.5, sheet.title, fontsize=9.5)
    if sheet.subtitle:
        axes.text(-_LEAD_IN_MM, top + 2, sheet.subtitle, color=COLOURS["muted"])
    return figure, axes


def _label_axes(axes: Axes, placed: Sequence[_Placed], width: float) -> None:
    """Grid, seconds below, millivolts at the left, and the scale in words."""
    for step, colour, line_width in ((1, "paper-fine", 0.4), (5, "paper-bold", 0.7)):
        _ruling(axes, step, colour=COLOURS[colour], line_width=line_width)
    first_s = placed[0].row.start_s
    seconds = np.arange(int((width - _LEAD_IN_MM) // _MM_PER_S) + 1)
    axes.set_xticks(seconds * _MM_PER_S, [f"{first_s + s:g}" for s in seconds])
    marks = [(p.baseline + mm, mm) for p in placed for mm in (-10, 0, 10, 20) if p.low < mm < p.high]
    axes.set_yticks([place for place, _ in marks], [f"{mm / _MM_PER_MV:.0f}".replace("-", "−") for _, mm in marks])
    axes.tick_params(length=2.5)
    axes.set_xlabel("time, s        (25 mm/s, 10 mm/mV)", fontsize=8.5, loc="left")
    axes.set_ylabel("mV", fontsize=8.5)


def _ruling(axes: Axes, step: int, *, colour: str, line_width: float) -> None:
    """Lines every `step` millimetres, both ways, as one path."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    xs = np.arange(left, right + 0.5, step)
    ys = np.arange(bottom, top + 0.5, step)
    gap = np.nan
    x = np.concatenate([np.stack([xs, xs, xs * gap], 1).ravel(), np.tile([left, right, gap], len(ys))])
    y = np.concatenate([np.tile([bottom, top, gap], len(xs)), np.stack([ys, ys, ys * gap], 1).ravel()])
    axes.plot(x, y, color=colour, linewidth=line_width, zorder=0.5)


def _draw_row(axes: Axes, place: _Placed, shown_mm: np.ndarray, sheet: Sheet, scale: Scale) -> None:
    """The calibration pulse, and each segment's trace and name."""
    pulse = np.array([(-9, 0), (-8, 0), (-8, 10), (-3, 10), (-3, 0), (-2, 0)], dtype=np.float64)
    axes.plot(pulse[:, 0], place.baseline + pulse[:, 1], color=COLOURS["trace"], linewidth=0.8)
    for segment in place.row.segments:
        samples = _samples(segment.start_s, segment.stop_s, sheet.fs_hz)
        trace = place.baseline + shown_mm[segment.lead, samples]
        time_mm = scale(np.arange(samples.start, samples.start + trace.size))
        axes.plot(time_mm, trace, color=COLOURS["trace"], linewidth=0.9, solid_joinstyle="round")
        later = segment.start_s > place.row.start_s
        x_mm = (segment.start_s - place.row.start_s) * _MM_PER_S
        if later:  # where a lead ends and the next one begins
            axes.plot([x_mm, x_mm], place.baseline + np.array([-4, 4]), color=COLOURS["trace"], linewidth=0.9)
        name_mm = x_mm + 1 if later else 1 - _LEAD_IN_MM
        axes.text(name_mm, place.reach - 1, sheet.leads[segment.lead], va="top", fontweight="bold")
    if place.row.start_s != sheet.rows[0].start_s:
        begins = f"{place.row.start_s:g} s"
        axes.text(1 - _LEAD_IN_MM, place.baseline + place.low + 1, begins, fontsize=8, color=COLOURS["muted"])
