"""The learning curves of the boost experiment: one metric by the number of real training records, an arm per line.

Arms of one family share a colour and differ in marker and dashes; the arm's name stands at the end of its line.
"""

from collections.abc import Collection, Mapping, Sequence
from math import floor, isfinite, log10
from typing import Any, Final, NamedTuple, Self

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from chiron.report.boost_tables import short_name
from chiron.report.formats import average, count
from chiron.report.svg import COLOURS, FIGURE_STYLE, MARKERS, SERIES
from schemas.boost import Arm, CurvePoint

__all__ = ["curve_plot", "series_of", "size_places", "spread"]

_LINE: Final = 0.058  # height of a line of small text, as a share of the axes
_NUMBER: Final = 0.1  # width of a number with three digits, as a share of the axes
_BREAK: Final = 0.2  # of the axis, between none and the smallest number of records
_DODGE: Final = 0.009  # of the axis, between the bars of two arms at one size
_ROWS: Final = (-0.068, -0.13)  # below the axis: numbers of records, and of positive ones


class _Look(NamedTuple):
    """Colour and marker by number, dashes, and whether the marker is filled."""

    series: int
    dashes: Any = "-"
    filled: bool = True


_LOOKS: Final[dict[Arm, _Look]] = {
    Arm.SYNTHETIC_FIRST: _Look(0),
    Arm.BOTH_FIRST: _Look(5, (0, (8, 2))),
    Arm.RELATED_FIRST: _Look(2, (0, (5, 2))),
    Arm.SELF_SUPERVISED: _Look(3, (0, (6, 2, 1, 2))),
    Arm.FOREST: _Look(4),
    Arm.LOGISTIC: _Look(4, (0, (3, 1.5)), filled=False),
    Arm.SCRATCH_EQUAL: _Look(1),
    Arm.SCRATCH: _Look(1, (0, (3, 1.5)), filled=False),
}


class _Spot(NamedTuple):
    """A point that can be drawn: finite numbers only."""

    n_real: int
    value: float
    bounds: tuple[float, float] | None
    runs: tuple[float, ...]

    @classmethod
    def of(cls, point: CurvePoint) -> Self | None:
        """None where there is no value."""
        value, bounds = point.value.value, (point.value.lower, point.value.upper)
        if value is None or not isfinite(value):
            return None
        known = [bound for bound in bounds if bound is not None and isfinite(bound)]
        runs = tuple(run for run in point.runs if isfinite(run))
        return cls(point.n_real, value, (known[0], known[1]) if len(known) == 2 else None, runs)

    @property
    def drawn(self) -> tuple[float, ...]:
        """Everything that must lie within the axes."""
        return (self.value, *(self.bounds or ()), *self.runs)


def series_of(arm: Arm) -> int:
    """The number of an arm's colour and marker, the same in every plot."""
    return _LOOKS[arm].series


def size_places(sizes: Collection[int]) -> dict[int, float]:
    """Where numbers of records stand on the axis: log10, and none at a place of its own below the smallest."""
    logs = {n: log10(n) for n in sorted(sizes) if n > 0}
    if 0 not in sizes:
        return logs
    low, high = min(logs.values(), default=1.0), max(logs.values(), default=1.0)
    return {0: low - max(_BREAK * (high - low), 0.3)} | logs


def spread(places: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """Places at least `gap` apart and within [low, high], as near to the wanted ones as can be, in the order given.

    Where there is no room for all, they go on beyond `high`.
    """
    if not places:
        return []
    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(len(places))
    kept = isotonic_regression(np.asarray(places, dtype=float)[order] - steps).x
    moved = np.clip(kept, low, max(high - steps[-1], low)) + steps
    return [float(moved[i]) for i in np.argsort(order)]


@mpl.rc_context(FIGURE_STYLE)
def curve_plot(
    points: Sequence[CurvePoint], *, y_label: str, strong: Collection[Arm] = (), primary_size: int | None = None
) -> Figure | None:
    """Every arm with intervals and, faintly, its single runs. None where nothing was computed.

    strong: arms with a thicker line and a band for their intervals besides the bars that all have. A dotted line marks
    the size that was declared primary.
    """
    curves = _curves(points)
    if not curves:
        return None
    figure = Figure(figsize=(4.8, 4.1), layout="constrained")
    axes = figure.subplots()
    axes.set_axisbelow(True)
    positives = {point.n_real: point.n_positive for point in points}
    places = size_places(positives)
    _frame(axes, [v for spots in curves.values() for spot in spots for v in spot.drawn], places, y_label)
    if primary_size in places:
        axes.axvline(places[primary_size], color=COLOURS["muted"], linewidth=1, linestyle=(0, (1, 2)))
    width = max(places.values()) - min(places.values()) or 1.0
    for i, (arm, spots) in enumerate(reversed(curves.items())):  # what matters most on top
        shift = 0.0 if arm in strong else _DODGE * width * (i - (len(curves) - 1) / 2)
        _draw_arm(axes, arm, spots, {n: at + shift for n, at in places.items()}, strong=arm in strong)
    _name_lines(axes, {arm: spots[-1] for arm, spots in curves.items()}, places)
    _number_sizes(axes, positives, places)
    return figure


def _curves(points: Sequence[CurvePoint]) -> dict[Arm, list[_Spot]]:
    """What can be drawn of every arm, smallest size first; arms in the order of their looks."""
    own = {arm: sorted((p for p in points if p.arm is arm), key=lambda p: p.n_real) for arm in _LOOKS}
    drawn = {arm: [spot for point in line if (spot := _Spot.of(point))] for arm, line in own.items()}
    return {arm: spots for arm, spots in drawn.items() if spots}


def _frame(axes: Axes, drawn: Sequence[float], places: Mapping[int, float], y_label: str) -> None:
    """Limits that hold everything drawn; the axis is cut between none and the smallest number."""
    low, high = floor(20 * min(drawn) - 0.1) / 20, 1.0 if 0.9 < max(drawn) <= 1 else max(drawn) + 0.02
    left, right = min(places.values()), max(places.values())
    margin = 0.06 * (right - left) or 0.3
    axes.set(xlim=(left - margin, right + margin), ylim=(low, high + 0.012 * (high - low)), ylabel=y_label)
    axes.set_xlabel("real training records (log scale)", labelpad=33)
    axes.set_xticks(list(places.values()), [""] * len(places))
    axes.minorticks_off()
    if 0 in places and len(places) > 1:
        _cut(axes, at=(left + sorted(places.values())[1]) / 2, step=0.012 * (right - left))


def _cut(axes: Axes, *, at: float, step: float) -> None:
    """Two slanted strokes through the axis."""
    for x in (at - step, at + step):
        axes.plot(
            [x - 0.8 * step, x + 0.8 * step], [-0.02, 0.02], transform=axes.get_xaxis_transform(), clip_on=False,
            color=COLOURS["muted"], linewidth=1,
        )  # fmt: skip


def _draw_arm(axes: Axes, arm: Arm, spots: Sequence[_Spot], places: Mapping[int, float], *, strong: bool) -> None:
    """Dots for runs, bars for intervals, a line through the values; a band too where the arm is a strong one."""
    look = _LOOKS[arm]
    colour = SERIES[look.series]
    runs = np.array([(places[spot.n_real], run) for spot in spots for run in spot.runs]).reshape(-1, 2)
    axes.plot(runs[:, 0], runs[:, 1], color=colour, marker=".", markersize=3.2, linestyle="", alpha=0.3)
    bounded = np.array([(places[spot.n_real], *spot.bounds) for spot in spots if spot.bounds]).reshape(-1, 3)
    for at, lower, upper in bounded:
        axes.plot([at, at], [lower, upper], color=colour, linewidth=1.1, alpha=0.9)
    if strong and len(bounded) > 1:
        axes.fill_between(bounded[:, 0], bounded[:, 1], bounded[:, 2], color=colour, alpha=0.16, linewidth=0)
    axes.plot(
        [places[spot.n_real] for spot in spots], [spot.value for spot in spots], color=colour, linestyle=look.dashes,
        linewidth=2.2 if strong else 1.4, marker=MARKERS[look.series], markersize=5,
        markerfacecolor=colour if look.filled else "none",
    )  # fmt: skip


def _name_lines(axes: Axes, ends: Mapping[Arm, _Spot], places: Mapping[int, float]) -> None:
    """The arms' names at the right, in the order of their last points, so that none covers another."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    wanted = [(end.value - low) / (high - low) for end in ends.values()]
    moved = spread(wanted, gap=_LINE, low=0.01, high=0.99)
    for (arm, end), y, at in zip(ends.items(), wanted, moved, strict=True):
        x, colour = (places[end.n_real] - left) / (right - left), SERIES[series_of(arm)]
        line, reach = axes.transAxes, [x, 1.0, 1.03]
        axes.plot(reach, [y, at, at], transform=line, clip_on=False, color=colour, linewidth=0.7, alpha=0.6)
        axes.text(1.045, at, short_name(arm), transform=line, va="center", fontsize=8, color=colour)


def _number_sizes(axes: Axes, positives: Mapping[int, float], places: Mapping[int, float]) -> None:
    """Below the axis: the numbers of records, and how many of them have the finding."""
    left, right = axes.get_xlim()
    at = {n: (x - left) / (right - left) for n, x in places.items()}
    moved = dict(zip(at, spread(list(at.values()), gap=_NUMBER, low=0.0, high=1.03), strict=True))
    for n, x in at.items():
        axes.plot(
            [x, moved[n]], [-0.014, -0.033], transform=axes.transAxes, clip_on=False, color=COLOURS["muted"],
            linewidth=0.6,
        )  # fmt: skip
        for y, text in zip(_ROWS, (count(n), average(positives[n])), strict=True):
            axes.text(moved[n], y, text, transform=axes.transAxes, ha="center", va="center", fontsize=8)
    first = min(-0.02, min(moved.values()) - 0.05)
    for y, text in zip(_ROWS, ("records", "positive"), strict=True):
        heading = axes.text(first, y, text, transform=axes.transAxes, ha="right", va="center", fontsize=8)
        heading.set_color(COLOURS["muted"])
