from collections.abc import Sequence

import pytest
from matplotlib.figure import Figure

from chiron.report.plots import (
    IntervalRow,
    growth_plot,
    interval_plot,
    loss_plot,
    missingness_plot,
)
from chiron.report.svg import MARKERS
from schemas.base import Interval
from schemas.boost import LossCurve
from schemas.results import RunReport


def words_of(figure: Figure) -> list[str]:
    axes = figure.axes[0]
    return [text.get_text() for text in (*axes.texts, *axes.get_yticklabels(), *axes.get_xticklabels())]


def points_of(figure: Figure) -> Sequence[tuple[float, float]]:
    lines = [line for line in figure.axes[0].lines if line.get_marker() in MARKERS]
    return [(float(x), float(y)) for line in lines for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]


def test_an_interval_plot_shows_every_estimate_under_its_heading() -> None:
    rows = [
        IntervalRow("60 real", "a", 0, Interval(value=0.7, lower=0.6, upper=0.8)),
        IntervalRow("60 real", "b", 1, Interval(value=None)),
        IntervalRow("all real", "a", 0, Interval(value=0.9)),
    ]
    figure = interval_plot(rows, x_label="AUROC", limits=(0.5, 1.0), reference=0.5)
    words = words_of(figure)
    assert {"60 real", "a", "b", "all real", "n/a", "0.900"} <= set(words)
    assert points_of(figure) == [(0.7, 1.0), (0.9, 4.0)]


def test_a_very_long_name_leaves_room_for_the_plot() -> None:
    rows = [IntervalRow("g" * 500, "n" * 500, 0, Interval(value=0.7, lower=0.6, upper=0.8))]
    figure = interval_plot(rows, x_label="AUROC", limits=(0.5, 1.0))
    figure.canvas.draw()
    assert figure.axes[0].get_window_extent().width > 0.2 * figure.bbox.width


def test_missingness_begins_with_the_emptiest_column(run_report: RunReport) -> None:
    labels = missingness_plot(run_report.passport.columns).axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == ["weight_kg", "age_years", "sex", "fs_hz"]


@pytest.mark.parametrize("n", [1, 6, 300])
def test_a_loss_is_drawn_for_few_and_for_many_steps(n: int) -> None:
    figure = loss_plot(LossCurve(label="x", step=tuple(range(n)), loss=(0.5,) * n), series=0)
    assert len(figure.axes[0].lines[0].get_xdata()) == n


def test_a_growth_plot_shows_every_size_and_leaves_out_what_is_not_known() -> None:
    curve = [(20, Interval(value=None)), (40, Interval(value=0.8)), (80, Interval(value=0.6, lower=0.5, upper=0.7))]
    figure = growth_plot(curve, title="agreement", series=0)
    assert points_of(figure) == [(40, 0.8), (80, 0.6)]
    assert words_of(figure)[-2:] == ["40", "80"]
