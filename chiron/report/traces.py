"""Recordings drawn on electrocardiogram paper: 25 mm/s, 10 mm/mV.

Small squares are 1 mm (0.04 s, 0.1 mV), large ones 5 mm (0.2 s, 0.5 mV). Each lead begins with the calibration pulse of
1 mV and 0.2 s. A lead is shown around its median, and a gap in the trace is a gap in the recording.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chiron.errors import BadParameters
from chiron.report.svg import COLOURS, FIGURE_STYLE

__all__ = ["draw_record", "draw_to_file"]

_MM_PER_S: Final = 25.0
_MM_PER_MV: Final = 10.0
_MM_PER_INCH: Final = 25.4
_LEFT_MM, _RIGHT_MM, _BOTTOM_MM = 13.0, 3.0, 11.0  # around the paper
_TITLE_MM, _NO_TITLE_MM = 8.0, 1.5
_LEAD_IN_MM: Final = 10.0  # of paper before the first sample, for the calibration pulse
_FORMATS: Final = (".png", ".svg")


def draw_record(
    signal_mv: np.ndarray, fs_hz: float, leads: Sequence[str], title: str = "", *, max_s: float = 10.0
) -> Figure:
    """The first `max_s` seconds of a recording, to scale.

    signal_mv: (n_leads, n_samples) in mV, missing as nan. Raises BadParameters where the names do not fit the signal.
    """
    if signal_mv.ndim != 2 or signal_mv.shape[0] != len(leads) or signal_mv.shape[1] == 0:
        raise BadParameters(f"recording: expected {len(leads)} leads with samples, found an array {signal_mv.shape}")
    shown_mm = _around_median(signal_mv[:, : max(round(max_s * fs_hz), 1)]) * _MM_PER_MV
    spans = [_span_mm(lead) for lead in shown_mm]
    baselines = _baselines(spans)
    width = _LEAD_IN_MM + 5 * np.ceil(shown_mm.shape[1] / fs_hz * _MM_PER_S / 5)
    height = sum(high - low for low, high in spans)
    with mpl.rc_context(FIGURE_STYLE):
        figure, axes = _paper(float(width), float(height), top=_TITLE_MM if title else _NO_TITLE_MM)
        _label_axes(axes, spans, baselines, float(width), title)
        for lead_mm, baseline, (_, high), name in zip(shown_mm, baselines, spans, leads, strict=True):
            _draw_lead(axes, lead_mm, fs_hz, baseline)
            axes.text(-_LEAD_IN_MM + 1, baseline + high - 1, name, va="top", fontweight="bold")
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


def _around_median(signal_mv: np.ndarray) -> np.ndarray:
    """Each lead without its constant part; a lead without any sample stays as it is."""
    present = np.where(np.isfinite(signal_mv).any(axis=1, keepdims=True), signal_mv, 0.0)
    shifted: np.ndarray = signal_mv - np.nanmedian(present, axis=1, keepdims=True)
    return shifted


def _span_mm(lead_mm: np.ndarray) -> tuple[float, float]:
    """How far a lead goes below and above its baseline, in whole large squares; outliers do not count."""
    present = lead_mm[np.isfinite(lead_mm)]
    low, high = np.quantile(present, [0.002, 0.998]) if present.size else (0.0, 0.0)
    return float(np.clip(5 * np.floor(low / 5), -25, -5)), float(np.clip(5 * np.ceil((high + 1) / 5), 15, 30))


def _baselines(spans: Sequence[tuple[float, float]]) -> list[float]:
    """Where each lead's zero lies, in mm: the first lead on top, its zero at 0."""
    baselines = [0.0]
    for (low, _), (_, high) in pairwise(spans):
        baselines.append(baselines[-1] + low - high)
    return baselines


def _paper(width: float, height: float, *, top: float) -> tuple[Figure, Axes]:
    """Empty paper of so many millimetres, at true size."""
    total = (width + _LEFT_MM + _RIGHT_MM, height + top + _BOTTOM_MM)
    figure = Figure(figsize=(total[0] / _MM_PER_INCH, total[1] / _MM_PER_INCH))
    box = (_LEFT_MM / total[0], _BOTTOM_MM / total[1], width / total[0], height / total[1])
    axes = figure.add_axes(box, facecolor=COLOURS["paper"])
    axes.grid(visible=False)
    axes.spines[:].set(visible=True, color=COLOURS["paper-bold"], linewidth=0.8)
    return figure, axes


def _label_axes(
    axes: Axes, spans: Sequence[tuple[float, float]], baselines: Sequence[float], width: float, title: str
) -> None:
    """Grid, seconds below, millivolts at the left, and the scale in words."""
    top, bottom = spans[0][1], baselines[-1] + spans[-1][0]
    axes.set(xlim=(-_LEAD_IN_MM, width - _LEAD_IN_MM), ylim=(bottom, top))
    for step, colour, line_width in ((1, "paper-fine", 0.4), (5, "paper-bold", 0.7)):
        _ruling(axes, step, colour=COLOURS[colour], line_width=line_width)
    seconds = np.arange(int((width - _LEAD_IN_MM) // _MM_PER_S) + 1)
    axes.set_xticks(seconds * _MM_PER_S, [str(s) for s in seconds])
    rows = zip(baselines, spans, strict=True)
    marks = [(base + mm, mm) for base, (low, high) in rows for mm in (-10, 0, 10, 20) if low < mm < high]
    axes.set_yticks([place for place, _ in marks], [f"{mm / _MM_PER_MV:.0f}".replace("-", "−") for _, mm in marks])
    axes.tick_params(length=2.5)
    axes.set_xlabel("time, s        (25 mm/s, 10 mm/mV)", fontsize=8.5)
    axes.set_ylabel("mV", fontsize=8.5)
    axes.set_title(title)


def _ruling(axes: Axes, step: int, *, colour: str, line_width: float) -> None:
    """Lines every `step` millimetres, both ways, as one path."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    xs = np.arange(left, right + 0.5, step)
    ys = np.arange(bottom, top + 0.5, step)
    gap = np.nan
    x = np.concatenate([np.stack([xs, xs, xs * gap], 1).ravel(), np.tile([left, right, gap], len(ys))])
    y = np.concatenate([np.tile([bottom, top, gap], len(xs)), np.stack([ys, ys, ys * gap], 1).ravel()])
    axes.plot(x, y, color=colour, linewidth=line_width, zorder=0.5)


def _draw_lead(axes: Axes, lead_mm: np.ndarray, fs_hz: float, baseline: float) -> None:
    """The calibration pulse and the trace."""
    pulse = np.array([(-9, 0), (-8, 0), (-8, 10), (-3, 10), (-3, 0), (-2, 0)], dtype=np.float64)
    axes.plot(pulse[:, 0], baseline + pulse[:, 1], color=COLOURS["trace"], linewidth=0.8)
    time_mm = np.arange(lead_mm.size) / fs_hz * _MM_PER_S
    axes.plot(time_mm, baseline + lead_mm, color=COLOURS["trace"], linewidth=0.9, solid_joinstyle="round")
