"""The pages of a cohort and of a record in a real browser, from disk, with every name on the network unknown."""

import re
from pathlib import Path

import numpy as np
import pytest
from browsing import CONSOLE, Browse, picture
from made_up_simulation import simulated_cohort, simulated_spec

from chiron.report.cohort_page import write_cohort
from chiron.report.record_page import write_record
from chiron.report.records import view_of_record
from schemas.cohort import LEADS


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    dataset = simulated_cohort(folder / "work", simulated_spec(n_records=20, leads=LEADS, duration_s=10))
    write_cohort(dataset, folder / "cohort.html")
    write_record(view_of_record(dataset, "made-up-00000003"), folder / "record.html")
    return {name: folder / f"{name}.html" for name in ("cohort", "record")}


# the mark beside the heading and, in the cohort, shares, six distributions, three pairs, an example per group
@pytest.mark.parametrize(("name", "n_drawings"), [("cohort", 1 + 1 + 6 + 3 + 3), ("record", 1 + 1)])
def test_the_browser_builds_the_page_and_complains_about_nothing(
    browse: Browse, pages: dict[str, Path], name: str, n_drawings: int
) -> None:
    done = browse(pages[name], "--dump-dom")
    assert done.stdout.count("<svg") == n_drawings
    assert CONSOLE not in done.stderr


@pytest.mark.parametrize("name", ["cohort", "record"])
def test_a_script_that_got_into_the_page_would_be_stopped(browse: Browse, pages: dict[str, Path], name: str) -> None:
    bad = pages[name].with_name(f"bad-{name}.html")
    script = "<script>document.title = 'ran'</script></main>"
    bad.write_text(pages[name].read_text("utf-8").replace("</main>", script), "utf-8")
    done = browse(bad, "--dump-dom")
    assert "<title>ran</title>" not in done.stdout
    assert CONSOLE in done.stderr


@pytest.mark.parametrize("name", ["cohort", "record"])
@pytest.mark.parametrize("width", [500, 1400])
def test_the_page_is_light_by_day_and_dark_by_night(
    browse: Browse, pages: dict[str, Path], tmp_path: Path, name: str, width: int
) -> None:
    shots = {}
    for scheme, number in (("light", 1), ("dark", 0)):
        path = tmp_path / f"{scheme}.png"
        options = (f"--screenshot={path}", f"--window-size={width},1600")
        browse(pages[name], *options, f"--blink-settings=preferredColorScheme={number}")
        shots[scheme] = picture(path)
    assert shots["light"].shape == (1600, width)
    assert np.median(shots["light"]) > 230
    assert np.median(shots["dark"]) < 50
    assert shots["light"].std() > 15  # something is drawn
    assert shots["dark"].std() > 15


def test_a_printed_record_is_two_sheets_the_first_with_its_trace_at_true_size(
    browse: Browse, pages: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "record.pdf"
    browse(pages["record"], f"--print-to-pdf={path}", "--no-pdf-header-footer")
    sheets = re.findall(rb"/MediaBox ?\[([^\]]*)\]", path.read_bytes())
    assert len(sheets) == 2
    for sheet in sheets:  # A4 across: 297 by 210 mm, in points
        assert [float(x) for x in sheet.split()] == pytest.approx([0, 0, 297 / 25.4 * 72, 210 / 25.4 * 72], abs=1)
