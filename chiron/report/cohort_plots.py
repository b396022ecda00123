"""Plots of a cohort: how often each group is there, how its parameters are distributed, how two of them go together."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chiron.report.cohort import GROUP, GroupCount, quantiles
from chiron.report.formats import clipped
from chiron.report.quantities import with_unit
from chiron.report.svg import COLOURS, FIGURE_STYLE, SERIES

__all__ = ["distribution_plot", "joint_plot", "share_plot"]

_WIDTH_IN: Final = 3.6
_WIDE_IN: Final = 7.2
_ROW_IN: Final = 0.2
_COLUMNS: Final = 4
_BINS: Final = 40
_POINTS: Final = 150  # of each group
_POINT: Final[dict[str, Any]] = {"color": SERIES[0], "linewidth": 2.2, "solid_capstyle": "round", "alpha": 0.6}
_BEHIND: Final = {**_POINT, "alpha": 0.22, "color": COLOURS["muted"]}


@mpl.rc_context(FIGURE_STYLE)
def share_plot(groups: Sequence[GroupCount]) -> Figure:
    """Each group's share of the records as a bar, and the share that was asked for as an upright line."""
    n_records = sum(group.n_records for group in groups)
    figure = Figure(figsize=(4.8, 0.62 + 0.27 * len(groups)), layout="constrained")
    axes = figure.subplots()
    places = range(len(groups))
    found = [100 * group.n_records / n_records for group in groups]
    axes.barh(places, found, height=0.55, color=SERIES[0], linewidth=0)
    for place, group in zip(places, groups, strict=True):
        axes.plot([100 * group.share] * 2, [place - 0.42, place + 0.42], color=SERIES[1], linewidth=2.0)
    axes.set(ylim=(len(groups) - 0.4, -0.6), xlabel="records, %; upright line: as specified")
    axes.set_xlim(left=0)
    axes.set_yticks(places, [clipped(group.name) for group in groups])
    axes.grid(visible=False, axis="y")
    axes.set_axisbelow(True)
    _bare_left(axes)
    return figure


@mpl.rc_context(FIGURE_STYLE)
def distribution_plot(values: pl.DataFrame, parameter: str, groups: Sequence[str]) -> Figure:
    """One parameter: a histogram of all records, and each group's median, middle half and middle 90 %."""
    heights = (0.62, _ROW_IN * len(groups))
    figure = Figure(figsize=(_WIDTH_IN, 0.62 + sum(heights)), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": heights})
    numbers = values[parameter].drop_nulls().to_numpy()
    low, high = _limits(numbers)
    top.hist(numbers, bins=_edges(numbers, low, high), color=COLOURS["muted"], linewidth=0)
    top.set(title=with_unit(parameter), yticks=[], xlim=(low, high))
    top.spines["left"].set_visible(False)
    top.tick_params(axis="x", length=0, labelbottom=False)
    for place, group in enumerate(groups):
        _quantile_line(bottom, place, quantiles(values.filter(pl.col(GROUP) == group), parameter))
    bottom.set(ylim=(len(groups) - 0.4, -0.6))
    bottom.set_yticks(range(len(groups)), [clipped(group, longest=22) for group in groups])
    bottom.tick_params(axis="y", labelsize=7.5)
    bottom.locator_params(axis="x", nbins=5)
    bottom.grid(visible=False, axis="y")
    for axes in (top, bottom):
        axes.set_axisbelow(True)
    _bare_left(bottom)
    return figure


@mpl.rc_context(FIGURE_STYLE)
def joint_plot(values: pl.DataFrame, x: str, y: str, groups: Sequence[str]) -> Figure:
    """Two parameters of single records, a panel per group; behind each, in grey, records of all groups."""
    n_rows = -(-len(groups) // _COLUMNS)
    figure = Figure(figsize=(_WIDE_IN, 0.4 + 1.45 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, min(_COLUMNS, len(groups)), sharex=True, sharey=True, squeeze=False)
    pairs = values.select(GROUP, x, y).drop_nulls()
    for axes, group in zip(panels.flat, groups, strict=False):
        _points(axes, pairs.head(2 * _POINTS), x, y, _BEHIND)
        _points(axes, pairs.filter(pl.col(GROUP) == group).head(_POINTS), x, y, _POINT)
        axes.set_title(clipped(group, longest=22), fontsize=8.5)
        axes.set_axisbelow(True)
    for axes in panels.flat[len(groups) :]:
        axes.set_visible(False)
    limits = {"xlim": _limits(pairs[x].to_numpy()), "ylim": _limits(pairs[y].to_numpy())}
    panels[0, 0].set(**limits)
    figure.supxlabel(with_unit(x), fontsize=9, color=COLOURS["muted"])
    figure.supylabel(with_unit(y), fontsize=9, color=COLOURS["muted"])
    return figure


def _limits(numbers: np.ndarray) -> tuple[float, float]:
    """Room for all but the last few in a thousand, so that one outlier does not flatten the rest."""
    low, high = np.quantile(numbers, [0.002, 0.998]) if numbers.size else (0.0, 1.0)
    room = 0.04 * (high - low) or 0.5
    return float(low - room), float(high + room)


def _edges(numbers: np.ndarray, low: float, high: float) -> np.ndarray:
    """Equal bins; where there are only few different numbers, one for each, so that no bin is empty by chance."""
    distinct = np.unique(numbers[(numbers >= low) & (numbers <= high)])
    step = float(np.diff(distinct).min()) if distinct.size > 1 else 1.0
    n_steps = round((distinct[-1] - distinct[0]) / step) + 1 if distinct.size else 1
    if n_steps > 3 * _BINS:
        return np.linspace(low, high, _BINS + 1)
    width = step * -(-n_steps // _BINS)
    return np.arange(distinct[0] - step / 2, distinct[-1] + width, width) if distinct.size else np.array([low, high])


def _quantile_line(axes: Axes, place: int, at: tuple[float, ...] | None) -> None:
    """The middle 90 % thin, the middle half thick, the median a dot with a rim."""
    if at is None:
        return
    axes.plot([at[0], at[4]], [place, place], color=SERIES[0], linewidth=1.2)
    axes.plot([at[1], at[3]], [place, place], color=SERIES[0], linewidth=4.2, solid_capstyle="butt")
    axes.plot([at[2]], [place], color=SERIES[1], marker="o", markersize=4.2)


def _points(axes: Axes, pairs: pl.DataFrame, x: str, y: str, style: Mapping[str, Any]) -> None:
    """All points as one path: lines without length, with round ends. Markers would make the page many times larger."""
    gaps = np.full(pairs.height, np.nan)
    xs, ys = (np.stack([pairs[name], pairs[name], gaps], axis=1).ravel() for name in (x, y))
    with mpl.rc_context({"path.simplify": False}):
        axes.plot(xs, ys, **style)


def _bare_left(axes: Axes) -> None:
    """Names at the left, without a line or ticks."""
    axes.tick_params(axis="y", length=0, labelcolor=COLOURS["ink"])
    axes.spines["left"].set_visible(False)
