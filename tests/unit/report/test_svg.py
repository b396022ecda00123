import re
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from chiron.report.svg import COLOURS, FIGURE_STYLE, MARKERS, SERIES, inline_svg


def drawing(title: str = "title") -> Figure:
    with mpl.rc_context(FIGURE_STYLE):
        figure = Figure(figsize=(3, 2), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=SERIES[0], marker="o")
        axes.set_title(title)
    return figure


def test_the_same_drawing_gives_the_same_bytes() -> None:
    assert inline_svg(drawing(), slug="a", alt="words") == inline_svg(drawing(), slug="a", alt="words")


def test_two_drawings_share_no_id() -> None:
    ids = [set(re.findall(r' id="([^"]+)"', inline_svg(drawing(), slug=slug, alt="words"))) for slug in ("a", "b")]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_every_colour_can_be_changed_by_the_page() -> None:
    svg = inline_svg(drawing(), slug="a", alt="words")
    styled = re.findall(r"(?:fill|stroke): ([^;\"]+)", svg)
    assert set(styled) - {"none"}
    assert [value for value in styled if value != "none" and not value.startswith("var(--")] == []


def test_a_drawing_carries_its_description_and_its_text_as_text() -> None:
    svg = inline_svg(drawing("<b>$x$ & y</b>"), slug="a", alt='say "what" & <how>')
    assert '<title id="a-title">say "what" &amp; &lt;how&gt;</title>' in svg
    assert "&lt;b&gt;$x$ &amp; y&lt;/b&gt;" in svg
    assert "http" not in svg
    assert "<metadata" not in svg
    assert "<style" not in svg


def test_the_style_sheet_knows_every_colour_of_the_drawings() -> None:
    style = (Path(__file__).parents[3] / "chiron" / "report" / "page.css").read_text("utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", style, flags=re.S)[:2]
    for name, colour in COLOURS.items():
        assert f"--{name}: {colour};" in light
        assert f"--{name}:" in dark


@pytest.mark.parametrize("signs", [SERIES, MARKERS])
def test_series_differ_by_colour_and_by_marker(signs: tuple[str, ...]) -> None:
    assert len(set(signs)) == len(SERIES)
