import re

import pytest
import yaml
from made_up_run import MadeUpDatasets
from made_up_simulation import simulated_cohort, simulated_spec

from chiron.datasets.dataset import Dataset
from chiron.report.cohort_page import render_cohort
from schemas.cohort import CohortSpec

SPEC = simulated_spec(n_records=40)
SECTIONS = ("holds", "distributions", "joint", "examples", "checks", "specification")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return simulated_cohort(tmp_path_factory.mktemp("cohort"), SPEC)


@pytest.fixture(scope="module")
def page(cohort: Dataset) -> str:
    return render_cohort(cohort)


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).replace("\N{NO-BREAK SPACE}", " ").split())


def test_every_section_is_there_and_the_contents_lead_to_it(page: str) -> None:
    assert re.findall(r'<section id="([^"]+)"', page) == list(SECTIONS)
    assert re.findall(r'<li><a href="#([^"]+)"', page) == list(SECTIONS)


def test_the_page_says_what_there_is(page: str, cohort: Dataset) -> None:
    text = words_of(page)
    for said in (
        "All recordings of this cohort are simulated", "40 recordings of 20 s, 1 lead, 250 Hz",
        "sinus 20 50.0 % 50.0 %", "ventricular 8 20.0 % 20.0 %", "atrial fibrillation 12 30.0 %",
        "low pass 40 Hz", "all records are there passed 40 records 40 records", cohort.manifest.content_sha256,
    ):  # fmt: skip
        assert said in text, said


def test_each_group_has_an_example_and_each_number_a_plot(page: str) -> None:
    titles = re.findall(r'<title id="([a-z0-9-]+)-title">', page)
    assert [t for t in titles if t.startswith("example-")] == ["example-0", "example-1", "example-2"]
    assert [t.removeprefix("distribution-") for t in titles if t.startswith("distribution-")] == [
        "age-years", "heart-rate-bpm", "pr-ms", "qrs-ms", "qtc-ms", "snr-db",
    ]  # fmt: skip
    assert "joint-age-years-heart-rate-bpm" in titles


def test_every_drawing_is_named_for_those_who_can_not_see_it(page: str) -> None:
    drawings = re.findall(r"<svg[^>]*role=\"img\"[^>]*aria-labelledby=\"([^\"]+)\"", page)
    assert len(drawings) == page.count("<svg") - 1  # the mark beside the heading is decoration
    for name in drawings:
        assert len(re.findall(rf'<title id="{name}">[^<]{{20,}}</title>', page)) == 1


def test_the_page_loads_nothing_and_runs_nothing(page: str) -> None:
    assert re.findall(r"(?:src|href)=\"(?!#|data:,)", page) == []
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_specification_on_the_page_can_be_used_again(page: str) -> None:
    (text,) = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)
    assert CohortSpec.model_validate(yaml.safe_load(text.replace("&#39;", "'").replace("&#34;", '"'))) == SPEC


def test_the_same_cohort_gives_the_same_page(page: str, cohort: Dataset) -> None:
    assert render_cohort(cohort) == page


def test_a_cohort_without_parameters_has_a_page_too(datasets: MadeUpDatasets) -> None:
    text = words_of(render_cohort(datasets.cohort))
    assert "8 recordings of 12 s" in text
    assert "No parameter differs between records." in text
    assert "none are recorded" in text
