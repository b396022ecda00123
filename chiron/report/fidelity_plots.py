"""The plots of the fidelity page: two families of curves on top of each other, and distributions side by side.

Real is solid with round markers, synthetic dashed with square ones, so that colour is never the only sign.
"""

from collections.abc import Sequence
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chiron.report.formats import clipped
from chiron.report.svg import COLOURS, FIGURE_STYLE, MARKERS, SERIES
from schemas.fidelity import CurvePair, Quantity, Region

__all__ = ["beat_plot", "quartile_plot", "spectrum_plot"]

_SIDES: Final = (("real", "-"), ("synthetic", (0, (4, 1.6))))
_ROW_IN: Final = 0.30
_FARTHEST: Final = 6.0  # spreads: beyond, a bar is cut off


@mpl.rc_context(FIGURE_STYLE)
def beat_plot(pair: CurvePair, marked: Region | None, *, title: str) -> Figure:
    """Averaged beats: medians with the band from the 10th to the 90th percentile, and below them their difference."""
    figure = Figure(figsize=(3.7, 3.6), layout="constrained")
    beats, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.5))
    for axes in (beats, below):
        axes.set_axisbelow(True)
        if marked is not None:
            axes.axvspan(marked.from_s, marked.to_s, color=COLOURS["rule"], alpha=0.55, linewidth=0)
    _curves(beats, pair)
    difference = 100 * (np.array(pair.synthetic[1]) - np.array(pair.real[1]))
    below.axhline(0, color=COLOURS["muted"], linewidth=0.9)
    below.plot(pair.at, difference, color=COLOURS["ink"], linewidth=1.3)
    beats.set(title=clipped(title, longest=44), ylabel="of QRS height")
    below.set(xlabel="s from the R peak", ylabel="difference, %")
    beats.margins(x=0)
    beats.legend(loc="upper right", fontsize=8, handlelength=2.4)
    return figure


@mpl.rc_context(FIGURE_STYLE)
def spectrum_plot(pair: CurvePair, *, title: str) -> Figure:
    """Power spectra: medians with the band from the 10th to the 90th percentile."""
    figure, axes = _figure(3.7, 2.5)
    _curves(axes, pair)
    axes.set_xscale("log")
    axes.set_xticks([0.5, 1, 2, 5, 10, 20, 40], ["0.5", "1", "2", "5", "10", "20", "40"])
    axes.minorticks_off()
    axes.set(title=clipped(title, longest=44), xlabel="Hz (log scale)", ylabel="dB of 1 mV²/Hz", xlim=(0.5, 40))
    axes.legend(loc="lower left", fontsize=8, handlelength=2.4)
    return figure


@mpl.rc_context(FIGURE_STYLE)
def quartile_plot(quantities: Sequence[Quantity]) -> Figure:
    """The middle halves of both distributions, in real spreads around the real median, one quantity below the other."""
    rows = [q for q in quantities if _bars(q) is not None]
    figure, axes = _figure(4.8, 0.9 + _ROW_IN * len(rows))
    for y, quantity in enumerate(rows):
        for side, (lower, median, upper) in enumerate(_bars(quantity) or ()):
            at, colour = y + (0.17 if side else -0.17), SERIES[side]
            axes.plot([lower, upper], [at, at], color=colour, linewidth=3.4, solid_capstyle="butt", alpha=0.75)
            label = _SIDES[side][0] if y == 0 else None
            axes.plot([median], [at], color=colour, marker=MARKERS[side], markersize=4.5, linestyle="", label=label)
    axes.axvline(0, color=COLOURS["muted"], linewidth=1, linestyle=(0, (4, 3)))
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlabel="real spreads from the real median")
    axes.set_yticks(range(len(rows)), [clipped(q.name) for q in rows])
    axes.tick_params(axis="y", length=0, labelcolor=COLOURS["ink"])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False, axis="y")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=2, fontsize=8.5)
    return figure


def _bars(quantity: Quantity) -> list[tuple[float, float, float]] | None:
    """Quartiles of real and synthetic in real spreads; None where there is no spread."""
    real, made = quantity.real, quantity.synthetic
    known = (real.lower, real.median, real.upper, made.lower, made.median, made.upper)
    numbers = [v for v in known if v is not None]
    if len(numbers) < len(known) or numbers[2] == numbers[0]:
        return None
    scaled = np.clip((np.array(numbers) - numbers[1]) / ((numbers[2] - numbers[0]) / 1.349), -_FARTHEST, _FARTHEST)
    low, middle, high, made_low, made_middle, made_high = map(float, scaled)
    return [(low, middle, high), (made_low, made_middle, made_high)]


def _figure(width_in: float, height_in: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    axes = figure.subplots()
    axes.set_axisbelow(True)
    return figure, axes


def _curves(axes: Axes, pair: CurvePair) -> None:
    for side, (curves, (name, dashes)) in enumerate(zip((pair.real, pair.synthetic), _SIDES, strict=True)):
        low, middle, high = curves
        axes.fill_between(pair.at, low, high, color=SERIES[side], alpha=0.17, linewidth=0)
        axes.plot(pair.at, middle, color=SERIES[side], linestyle=dashes, label=name)
