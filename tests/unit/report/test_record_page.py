import re
from pathlib import Path

import pytest
from made_up_simulation import simulated_record, simulated_spec

from chiron.errors import BadParameters
from chiron.report.record_page import render_record, write_record
from chiron.report.records import RecordView, view_of_simulated

SPEC = simulated_spec(duration_s=70)


@pytest.fixture(scope="module")
def view() -> RecordView:
    return view_of_simulated(SPEC, simulated_record(SPEC, 3))


@pytest.fixture(scope="module")
def page(view: RecordView) -> str:
    return render_record(view)


def test_the_page_holds_everything_that_is_known(page: str, view: RecordView) -> None:
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    for said in (
        "This recording is simulated", "made-up-00000003", "premature ventricular complexes", "simulator",
        "heart rate 48 bpm", "group ventricular", "70 s", "250 Hz",
        "beats, ventricular premature (V)", view.signal_sha256,
    ):  # fmt: skip
        assert said in text, said


def test_the_page_loads_nothing_and_runs_nothing(page: str) -> None:
    assert re.findall(r"(?:src|href)=\"(?!#|data:,)", page) == []
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_drawing_has_words_for_those_who_can_not_see_it(page: str) -> None:
    (words,) = re.findall(r'<title id="paper-title">([^<]+)</title>', page)
    assert words.startswith("Simulated electrocardiogram of lead i, seconds 0 to 60: normal sinus rhythm")


def test_a_long_record_says_where_it_goes_on(page: str, view: RecordView) -> None:
    assert "--at 60" in page
    assert "Seconds 0 to 60 of 70" in page
    last = render_record(view, at_s=60)
    assert "Seconds 60 to 70 of 70" in last
    assert "--at" not in last


def test_the_page_is_as_wide_on_printed_paper_as_its_millimetres(page: str) -> None:
    assert "width: 276.0mm" in page  # margins of 13 and 3, pulse of 10, ten seconds of 25 mm
    assert 'viewBox="0 0 782' in page  # the same in points, of which 72 make 25.4 mm


@pytest.mark.parametrize(
    ("ending", "begins"), [(".html", b"<!doctype html>"), (".svg", b"<?xml"), (".png", b"\x89PNG")]
)
def test_the_ending_decides_what_is_written(ending: str, begins: bytes, view: RecordView, tmp_path: Path) -> None:
    write_record(view, tmp_path / f"record{ending}")
    assert (tmp_path / f"record{ending}").read_bytes().startswith(begins)


def test_another_ending_is_refused_and_nothing_is_written(view: RecordView, tmp_path: Path) -> None:
    with pytest.raises(BadParameters, match=r"expected a name that ends in .html, .svg, .png, found .pdf"):
        write_record(view, tmp_path / "record.pdf")
    assert list(tmp_path.iterdir()) == []


def test_the_same_record_gives_the_same_page(page: str, view: RecordView) -> None:
    assert render_record(view) == page
