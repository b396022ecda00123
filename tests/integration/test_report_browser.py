"""The page in a real browser, from disk, with every name on the network unknown."""

from pathlib import Path

import numpy as np
import pytest
from browsing import CONSOLE, Browse, picture
from made_up_run import made_up_datasets, made_up_report

from chiron.report.page import write_report_page

SECTIONS = (
    *("result", "records", "labels", "quality", "missing", "myth", "gate"),
    *("traces", "comparisons", "curves", "savings", "related", "controls", "made", "releases", "reading"),
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    path = folder / "report.html"
    write_report_page(path, made_up_report(), **made_up_datasets(folder / "work")._asdict())
    return path


def test_the_browser_builds_every_section_and_complains_about_nothing(browse: Browse, page: Path) -> None:
    done = browse(page, "--dump-dom")
    for section in SECTIONS:
        assert f'<section id="{section}"' in done.stdout
    assert done.stdout.count("<svg") == 21
    assert CONSOLE not in done.stderr


def test_a_script_that_got_into_the_page_would_be_stopped_and_reported(browse: Browse, page: Path) -> None:
    bad = page.with_name("bad.html")
    bad.write_text(
        page.read_text("utf-8").replace("</main>", "<script>document.title = 'ran'</script></main>"), "utf-8"
    )
    done = browse(bad, "--dump-dom")
    assert "<title>ran</title>" not in done.stdout
    assert CONSOLE in done.stderr


@pytest.mark.parametrize("width", [500, 1280])
def test_the_page_is_light_by_day_and_dark_by_night(browse: Browse, page: Path, tmp_path: Path, width: int) -> None:
    shots = {}
    for scheme, number in (("light", 1), ("dark", 0)):
        path = tmp_path / f"{scheme}.png"
        options = (f"--screenshot={path}", f"--window-size={width},2000")
        browse(page, *options, f"--blink-settings=preferredColorScheme={number}")
        shots[scheme] = picture(path)
    assert shots["light"].shape == (2000, width)
    assert np.median(shots["light"]) > 230
    assert np.median(shots["dark"]) < 50
    assert shots["light"].std() > 15  # something is drawn
    assert shots["dark"].std() > 15
