"""The boost page and a model's card in a real browser, from disk, with every name on the network unknown."""

import re
from pathlib import Path

import numpy as np
import pytest
from browsing import CONSOLE, Browse, picture, widths_of
from made_up_boost import made_up_boost, small_boost
from made_up_card import made_up_card

from chiron.report.boost import write_boost_page
from chiron.report.card_page import write_card

HOSTILE = "<script>document.title='ran'</script>" + "x" * 300


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("boost")
    hostile = made_up_boost().model_copy(
        update=dict.fromkeys(("target_name", "verdict", "level", "device", "unit"), HOSTILE)
    )
    reports = {"full": made_up_boost(), "small": small_boost(), "hostile": hostile}
    for name, report in reports.items():
        title = HOSTILE if name == "hostile" else name
        write_boost_page(folder / f"{name}.html", report, title=title, simulated=name == "small")
    card = made_up_card()
    wide = card.outputs[0].model_copy(update={"name": HOSTILE})
    write_card(folder / "card.html", card, "a" * 64)
    write_card(folder / "hostile-card.html", card.model_copy(update={"outputs": (wide,), "licence": HOSTILE}), "a" * 64)
    return {path.stem: path for path in folder.iterdir()}


# the mark beside the heading, and for each metric a curve and comparisons; controls; losses
@pytest.mark.parametrize(
    ("name", "n_drawings"), [("full", 1 + 3 + 3 + 1 + 3), ("small", 1 + 1 + 1 + 1), ("card", 1 + 1)]
)
def test_the_browser_builds_the_page_and_complains_about_nothing(
    browse: Browse, pages: dict[str, Path], name: str, n_drawings: int
) -> None:
    done = browse(pages[name], "--dump-dom")
    assert done.stdout.count("<svg") == n_drawings
    assert CONSOLE not in done.stderr


@pytest.mark.parametrize("name", ["hostile", "hostile-card"])
def test_a_hostile_name_runs_nothing(browse: Browse, pages: dict[str, Path], name: str) -> None:
    done = browse(pages[name], "--dump-dom")
    assert "<title>ran" not in done.stdout
    assert CONSOLE not in done.stderr


@pytest.mark.parametrize("name", ["full", "small", "hostile", "card", "hostile-card"])
def test_nothing_is_wider_than_a_phone(browse: Browse, pages: dict[str, Path], name: str) -> None:
    page_px, widest_px = widths_of(browse, pages[name], width=390)
    assert page_px == 390
    assert widest_px <= 390


@pytest.mark.parametrize("width", [500, 1280])
def test_the_page_is_light_by_day_and_dark_by_night(
    browse: Browse, pages: dict[str, Path], tmp_path: Path, width: int
) -> None:
    shots = {}
    for scheme, number in (("light", 1), ("dark", 0)):
        path = tmp_path / f"{scheme}.png"
        options = (f"--screenshot={path}", f"--window-size={width},1800")
        browse(pages["full"], *options, f"--blink-settings=preferredColorScheme={number}")
        shots[scheme] = picture(path)
    assert np.median(shots["light"]) > 230
    assert np.median(shots["dark"]) < 50
    assert min(shot.std() for shot in shots.values()) > 15  # something is drawn


def test_the_page_can_be_printed_on_few_sheets(browse: Browse, pages: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "boost.pdf"
    browse(pages["full"], f"--print-to-pdf={path}", "--no-pdf-header-footer")
    sheets = re.findall(rb"/MediaBox ?\[([^\]]*)\]", path.read_bytes())
    assert 3 <= len(sheets) <= 9
