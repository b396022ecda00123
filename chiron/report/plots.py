"""The plots of the report: each function takes results and gives a figure; `chiron.report.svg` puts it into the page.

Colour is never the only sign: every series has a marker or a line style of its own, and a table beside it says the
same in numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chiron.report.formats import clipped, interval
from chiron.report.svg import COLOURS, FIGURE_STYLE, MARKERS, SERIES
from schemas.base import Interval
from schemas.boost import LossCurve
from schemas.evaluation import Answered
from schemas.missingness import ColumnMissingness

__all__ = [
    "IntervalRow",
    "growth_plot",
    "interval_plot",
    "loss_plot",
    "missingness_plot",
    "risk_plot",
]

_WIDTH_IN: Final = 4.8  # so that text of 9 points is still 9 pixels high on a phone
_ROW_IN: Final = 0.27
_DASHES: Final = ("-", (0, (5, 2)), (0, (1, 1.3)), (0, (6, 2, 1, 2)), (0, (3, 1)), (0, (8, 2)))


@dataclass(frozen=True)
class IntervalRow:
    """One line of an interval plot. `series` numbers colour and marker; rows with the same `group` stand together."""

    group: str
    name: str
    series: int
    estimate: Interval


@mpl.rc_context(FIGURE_STYLE)
def interval_plot(
    rows: Sequence[IntervalRow],
    *,
    x_label: str,
    limits: tuple[float, float],
    reference: float | None = None,
    text: Callable[[Interval], str] = interval,
) -> Figure:
    """Estimates with their intervals, one below the other, with the numbers beside them (a forest plot)."""
    lines = _with_headings(rows)
    figure, axes = _figure(_WIDTH_IN, 0.62 + _ROW_IN * len(lines))
    for y, line in enumerate(lines):
        _interval_line(axes, y, line, text)
    if reference is not None:
        axes.axvline(reference, color=COLOURS["muted"], linewidth=1.0, linestyle=(0, (4, 3)))
    axes.set(xlim=limits, ylim=(len(lines) - 0.4, -0.6), xlabel=x_label)
    axes.set_yticks(range(len(lines)), ["" if isinstance(line, str) else clipped(line.name) for line in lines])
    _bare_left(axes)
    axes.grid(visible=False, axis="y")
    return figure


@mpl.rc_context(FIGURE_STYLE)
def missingness_plot(columns: Sequence[ColumnMissingness]) -> Figure:
    """The share of records without a value, per column, the emptiest first."""
    shown = sorted(columns, key=lambda c: (-c.share, c.column))
    figure, axes = _figure(_WIDTH_IN, 0.62 + _ROW_IN * len(shown))
    places = range(len(shown))
    axes.barh(places, [100] * len(shown), height=0.5, color=COLOURS["rule"], linewidth=0)
    axes.barh(places, [100 * c.share for c in shown], height=0.5, color=SERIES[0], linewidth=0)
    for place, column in zip(places, shown, strict=True):
        axes.text(1.02, place, f"{100 * column.share:.1f} %", transform=axes.get_yaxis_transform(), va="center")
    axes.set(xlim=(0, 100), ylim=(len(shown) - 0.4, -0.6), xlabel="records without a value, %")
    axes.set_yticks(places, [clipped(c.column) for c in shown])
    axes.grid(visible=False)
    _bare_left(axes)
    return figure


@mpl.rc_context(FIGURE_STYLE)
def loss_plot(curve: LossCurve, *, series: int) -> Figure:
    """One training's loss by step."""
    figure, axes = _figure(3.6, 2.2)
    axes.plot(curve.step, curve.loss, color=SERIES[series % len(SERIES)], marker="." if len(curve.step) < 15 else None)
    axes.set(title=clipped(curve.label, longest=44), xlabel="step", ylabel="loss")
    axes.locator_params(axis="x", integer=True)
    axes.set_ylim(bottom=0)
    return figure


@mpl.rc_context(FIGURE_STYLE)
def growth_plot(curve: Sequence[tuple[int, Interval]], *, title: str, series: int) -> Figure:
    """A share or kappa by number of records, with its interval as a band."""
    points = [(n, e.value, e.lower, e.upper) for n, e in curve if e.value is not None]
    figure, axes = _figure(3.6, 2.4)
    sizes, values = [p[0] for p in points], [p[1] for p in points]
    banded = [(n, low, high) for n, _, low, high in points if low is not None and high is not None]
    if banded:
        at, lower, upper = zip(*banded, strict=True)
        axes.fill_between(at, lower, upper, color=SERIES[series], alpha=0.18, linewidth=0)
    axes.plot(sizes, values, marker=MARKERS[series], markersize=4, **_line(series))
    axes.set_xscale("log")
    axes.set_xticks([sizes[0], sizes[-1]], [f"{sizes[0]:,}", f"{sizes[-1]:,}"])
    axes.minorticks_off()
    axes.set(title=title, xlabel="first records (log scale)", ylim=(min(0.0, *values), 1.02))
    return figure


@mpl.rc_context(FIGURE_STYLE)
def risk_plot(curves: Mapping[str, Answered]) -> Figure | None:
    """Of those answered, how many are wrong, where only the surest share is answered. None without a curve.

    Few of few is no share to draw: each curve begins at the tenth part.
    """
    known = {name: curve for name, curve in curves.items() if curve.coverage}
    if not known:
        return None
    figure, axes = _figure(_WIDTH_IN, 3.4)
    for series, (name, curve) in enumerate(known.items()):
        coverage, risk = np.array(curve.coverage), np.array(curve.risk)
        shown = coverage >= min(0.1, coverage.max())
        axes.plot(100 * coverage[shown], 100 * risk[shown], label=clipped(name), **_line(series))
    axes.set(xlim=(0, 100), xlabel="answered, % of the records", ylabel="wrong, % of those answered")
    axes.set_ylim(bottom=0)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=2, fontsize=8.5, handlelength=2.6)
    return figure


def _figure(width_in: float, height_in: float) -> tuple[Figure, Axes]:
    """A figure with one pair of axes."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    axes = figure.subplots()
    axes.set_axisbelow(True)
    return figure, axes


def _line(series: int) -> dict[str, Any]:
    """Colour and dashes of a series."""
    return {"color": SERIES[series % len(SERIES)], "linestyle": _DASHES[series % len(_DASHES)]}


def _with_headings(rows: Sequence[IntervalRow]) -> list[str | IntervalRow]:
    """The rows with a heading before each group; a group without a name has none."""
    lines: list[str | IntervalRow] = []
    for group, members in groupby(rows, key=lambda row: row.group):
        lines += [group] if group else []
        lines += members
    return lines


def _interval_line(axes: Axes, y: int, line: str | IntervalRow, text: Callable[[Interval], str]) -> None:
    """One estimate, its interval, and both as numbers at the right; or a heading, which may be wider than the plot."""
    if isinstance(line, str):
        at_left = ("figure fraction", "data")
        heading = axes.annotate(line, (0.012, y), xycoords=at_left, va="center", fontweight="bold")
        heading.set(in_layout=False, annotation_clip=False)
        return
    colour = SERIES[line.series % len(SERIES)]
    estimate = line.estimate
    if estimate.lower is not None and estimate.upper is not None:
        axes.plot([estimate.lower, estimate.upper], [y, y], color=colour, linewidth=2, solid_capstyle="butt")
    if estimate.value is not None:
        axes.plot([estimate.value], [y], color=colour, marker=MARKERS[line.series % len(MARKERS)], markersize=6)
    axes.text(1.02, y, text(estimate), transform=axes.get_yaxis_transform(), va="center", fontsize=8.5)


def _bare_left(axes: Axes) -> None:
    """Names at the left, without a line or ticks."""
    axes.tick_params(axis="y", length=0, labelcolor=COLOURS["ink"])
    axes.spines["left"].set_visible(False)
