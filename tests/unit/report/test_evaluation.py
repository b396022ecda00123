import re

import pytest
from made_up_evaluation import made_up_evaluation

from chiron.report.evaluation import render_evaluation
from chiron.report.plots import risk_plot
from schemas.base import Interval
from schemas.evaluation import Answered, EvaluationReport, OutputResult

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>'


@pytest.fixture(scope="module")
def page() -> str:
    return render_evaluation(made_up_evaluation())


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("</head>")[2]).replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.mark.parametrize(
    "said",
    [
        "561 records of the test split; the model refuses to read 3 more",
        "This test split was looked at 11 times",
        "This was look number 11 at this test split.",
        "AUROC 0.971 [0.951, 0.991] 0.942 [0.922, 0.962]",
        "calibration error n/a n/a",
        "called present from 0.410 0.410",
        "normal sinus rhythm 370 28 0.939",
        "atrial fibrillation (not in the mean) 20 143 0.856",
        "Mean F1: 0.898 [0.878, 0.918]",
        "atrial fibrillation age: 80+ 44 12 too few",
        "atrial fibrillation AUROC +0.012 [−0.008, +0.032] 0.210",
        "atrial fibrillation Brier score −0.006 [−0.026, +0.014] –",
    ],
)
def test_the_page_says_what_was_measured(page: str, said: str) -> None:
    assert said in text_of(page)


def test_areas_groups_and_errors_are_drawn(page: str) -> None:
    assert re.findall(r'<svg[^>]*aria-labelledby="([^"]+)-title"', page) == ["areas", "risks", "areas-by-group"]


def test_the_page_needs_neither_a_network_nor_a_script(page: str) -> None:
    assert "://" not in page
    assert "<script" not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_an_evaluation_with_little_to_show_has_no_empty_sections() -> None:
    full = made_up_evaluation()
    result = OutputResult(code_system="CHIRON", code="too-noisy", name="noise", n_records=9, n_positive=9, auroc=None)
    known = full.model_dump(include={"model_sha256", "dataset", "content_sha256", "n_records", "unit", "level"})
    page = render_evaluation(EvaluationReport(**known, split=None, results=(result,)))
    assert "561 records of all splits" in text_of(page)
    assert re.findall(r'<section id="([^"]+)"', page) == ["result"]


def test_text_from_outside_is_shown_and_never_obeyed() -> None:
    report = made_up_evaluation()
    results = tuple(result.model_copy(update={"name": HOSTILE}) for result in report.results)
    page = render_evaluation(
        report.model_copy(update={"results": results, "dataset": HOSTILE, "warning": HOSTILE, "level": HOSTILE})
    )
    assert "<script" not in page
    assert "<img" not in page


def test_errors_are_drawn_in_per_cent_from_the_tenth_part_on() -> None:
    curve = Answered(coverage=(0.05, 0.1, 0.5, 1.0), risk=(0.5, 0.0, 0.02, 0.08), area=Interval(value=0.03), excess=0)
    figure = risk_plot({"atrial fibrillation": curve})
    assert figure is not None
    (line,) = figure.axes[0].lines
    assert list(line.get_xdata()) == pytest.approx([10, 50, 100])
    assert list(line.get_ydata()) == pytest.approx([0, 2, 8])
    assert risk_plot({}) is None
