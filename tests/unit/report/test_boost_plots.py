"""Expected places are worked out by hand."""

from itertools import pairwise
from math import inf, log10, nan

import pytest
from made_up_boost import made_up_boost, small_boost
from matplotlib.figure import Figure

from chiron.report.boost_plots import curve_plot, series_of, size_places, spread
from chiron.report.svg import MARKERS, inline_svg
from schemas.base import Interval
from schemas.boost import Arm, CurvePoint


def point(arm: Arm, n_real: int, value: float | None, **more: float | None) -> CurvePoint:
    interval = Interval(value=value, **more)
    return CurvePoint(arm=arm, n_real=n_real, n_positive=n_real / 4, n_runs=1, value=interval)


def values_of(figure: Figure) -> list[float]:
    lines = [line for line in figure.axes[0].lines if line.get_marker() in MARKERS]
    return sorted(float(y) for line in lines for y in line.get_ydata())


def words_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def drawn(points: tuple[CurvePoint, ...]) -> Figure:
    figure = curve_plot(points, y_label="AUROC", strong=(Arm.SYNTHETIC_FIRST,), primary_size=60)
    assert figure is not None
    return figure


def test_sizes_stand_on_a_log_scale_and_none_beside_it() -> None:
    places = size_places([0, 10, 100, 1000])
    assert [places[n] for n in (10, 100, 1000)] == pytest.approx([1, 2, 3])
    assert places[0] == pytest.approx(1 - 0.2 * 2)


def test_sizes_without_none_leave_no_place_for_it() -> None:
    assert size_places([60]) == {60: log10(60)}
    assert list(size_places([0])) == [0]


def test_labels_that_have_room_stay_where_they_are() -> None:
    assert spread([0.9, 0.1, 0.5], gap=0.1, low=0, high=1) == pytest.approx([0.9, 0.1, 0.5])


def test_labels_in_one_place_move_apart_by_as_little_as_possible() -> None:
    assert spread([0.5, 0.5, 0.5], gap=0.1, low=0, high=1) == pytest.approx([0.4, 0.5, 0.6])


def test_labels_stay_within_their_limits_and_in_order() -> None:
    assert spread([1.0, 0.99, 0.98], gap=0.1, low=0, high=1) == pytest.approx([1.0, 0.9, 0.8])
    assert spread([], gap=0.1, low=0, high=1) == []


def test_every_value_of_every_arm_is_drawn() -> None:
    points = made_up_boost().tables[0].points
    assert values_of(drawn(points)) == pytest.approx(sorted(p.value.value or 0.0 for p in points))


def test_each_line_has_its_name_and_each_size_its_numbers() -> None:
    words = words_of(drawn(made_up_boost().tables[0].points))
    assert {"synthetic first", "synthetic + related", "scratch, equal steps", "forest"} <= set(words)
    assert {"0", "30", "664", "192", "8.7", "records", "positive"} <= set(words)


def test_arms_of_one_colour_differ_in_their_markers() -> None:
    lines = [line for line in drawn(made_up_boost().tables[0].points).axes[0].lines if line.get_marker() in MARKERS]
    looks = {(line.get_color(), line.get_marker(), line.get_markerfacecolor()) for line in lines}
    assert len(looks) == len(Arm)
    assert series_of(Arm.FOREST) == series_of(Arm.LOGISTIC)


def test_single_runs_are_dots() -> None:
    report = made_up_boost()
    dots = [line for line in drawn(report.tables[0].points).axes[0].lines if line.get_marker() == "."]
    assert sum(len(line.get_xdata()) for line in dots) == sum(p.n_runs for p in report.tables[0].points)


def test_names_do_not_cover_each_other() -> None:
    figure = drawn(made_up_boost().tables[0].points)
    figure.canvas.draw()
    names = [text for text in figure.axes[0].texts if text.get_position()[0] == 1.045]
    boxes = sorted((text.get_window_extent().y0, text.get_window_extent().y1) for text in names)
    assert len(boxes) == 8
    assert all(below[1] <= above[0] for below, above in pairwise(boxes))


def test_nothing_to_draw_is_no_figure() -> None:
    assert curve_plot((point(Arm.FOREST, 60, None),), y_label="AUROC") is None
    assert curve_plot((point(Arm.FOREST, 60, nan),), y_label="AUROC") is None
    assert curve_plot((), y_label="AUROC") is None


@pytest.mark.parametrize(
    "points",
    [
        (point(Arm.SYNTHETIC_FIRST, 0, 1.0),),
        (point(Arm.SYNTHETIC_FIRST, 60, 1.0, lower=1.0, upper=1.0),),
        (point(Arm.SYNTHETIC_FIRST, 60, 0.5, lower=nan, upper=inf), point(Arm.FOREST, 1_000_000, 0.0)),
        small_boost().tables[0].points,
    ],
    ids=["none alone", "one size, perfect", "no finite bounds", "the default plan"],
)
def test_extremes_are_drawn_with_finite_numbers(points: tuple[CurvePoint, ...]) -> None:
    svg = inline_svg(drawn(points), slug="x", alt="x")
    assert "nan" not in svg
    assert "inf" not in svg.replace("infinity", "")
