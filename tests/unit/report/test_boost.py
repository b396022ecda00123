import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from made_up_boost import made_up_boost, small_boost

from chiron.report.boost import render_boost, write_boost_page
from schemas.base import Interval
from schemas.boost import Arm, BoostReport, CurvePoint, MetricTable

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>\'"&$x_1$'
UNKNOWN = Interval(value=None)
BLOCKS = {"br", "caption", "dd", "dt", "h1", "h2", "h3", "p", "small", "summary", "td", "th"}
SECTIONS = ("result", "comparisons", "curves", "savings", "related", "controls", "made", "reading")


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        self.text += " " if tag in BLOCKS else ""

    def handle_data(self, data: str) -> None:
        self.text += data


def rendered(report: BoostReport, **more: Any) -> Elements:
    return Elements(render_boost(report, title="cinc2017", **more))


def with_points(report: BoostReport, **update: Any) -> BoostReport:
    """The report with something else in every point."""

    def changed(table: MetricTable) -> MetricTable:
        points = tuple(point.model_copy(update=update) for point in table.points)
        return table.model_copy(update={"points": points})

    return report.model_copy(update={"tables": tuple(changed(table) for table in report.tables)})


@pytest.fixture(scope="module")
def page() -> str:
    return render_boost(made_up_boost(), title="cinc2017")


@pytest.fixture(scope="module")
def elements(page: str) -> Elements:
    return Elements(page)


def test_the_verdict_is_the_first_thing_that_the_page_says(elements: Elements) -> None:
    body = elements.text.split("Does learning from synthetic records first help?")[1]
    assert body.strip().startswith("With 60 real records, learning from synthetic records first lifts")
    assert "gain shown Declared beforehand: AUROC, as sampled, 60 real records, synthetic first − forest:" in body


@pytest.mark.parametrize(
    "said",
    [
        "+0.049 [+0.025, +0.073], p < 0.001",
        "561 test records, 163 with atrial fibrillation, read once by the last step.",
        "Intervals are over records; splits: record-level; patient overlap can't be excluded.",
        "0.019 found in 8 of 10 such experiments",
        "10.5 times [6.1, 11.1]",
        "forest needs 10.5 times as many records, to do as well as synthetic first with 60",
        "> 22.1 times",
        "interaction −0.214 [−0.270, −0.161]",
        "5 of 6 controls came out as expected",
        "clearly worse: the beat is what tells",
        "5 draws of training records with 2 initialisations each",
        "0, 30, 60, 120, 250, 600, 664 real training records",
        "1,000 resamples",
        "seed 1",
        "21,730 related real",
        "51 comparisons in numbers",
    ],
)
def test_the_page_says_what_was_found_and_how(elements: Elements, said: str) -> None:
    assert said in elements.text


def test_one_comparison_is_marked_as_primary_and_all_are_listed(page: str) -> None:
    assert page.count('<span class="pill new">primary</span>') == 1
    assert page.count("synthetic first − forest</th>") == 3 * 6 - 1  # three tables, six sizes; the marked one apart


def test_every_section_is_there_and_every_link_leads_somewhere(elements: Elements) -> None:
    ids = [a["id"] for _, a in elements.found if "id" in a]
    assert len(ids) == len(set(ids))
    assert set(SECTIONS) <= set(ids)
    assert {a["href"][1:] for tag, a in elements.found if tag == "a"} <= set(ids)
    for _, attributes in elements.found:
        assert set(attributes.get("aria-labelledby", "result").split()) <= set(ids)


def test_the_page_needs_neither_a_network_nor_a_script(page: str, elements: Elements) -> None:
    assert "://" not in page
    assert "@import" not in page
    assert not [tag for tag, a in elements.found if tag == "script" or any(name.startswith("on") for name in a)]
    links = [a[name] for _, a in elements.found for name in ("src", "href", "srcset", "action") if name in a]
    assert all(link.startswith(("#", "data:")) for link in links)


def test_tables_have_headings_and_pictures_words(page: str, elements: Elements) -> None:
    assert page.count("<table") == page.count("<caption") == page.count("<thead")
    assert all(a.get("scope") in {"col", "row"} for tag, a in elements.found if tag == "th")
    drawings = [a for tag, a in elements.found if tag == "svg" and a.get("aria-hidden") != "true"]
    assert len(drawings) == 3 + 3 + 1 + 3  # curves, comparisons, controls, losses
    assert all(a.get("role") == "img" and a.get("aria-labelledby") for a in drawings)


def test_wide_tables_lie_in_a_frame_that_scrolls(page: str) -> None:
    assert all('class="scroll"' in before[-200:] for before in page.split("<table")[:-1])


def test_the_default_experiment_has_no_empty_sections() -> None:
    elements = rendered(small_boost())
    ids = {a["id"] for _, a in elements.found if "id" in a}
    assert not {"curves", "related", "controls"} & ids
    assert {"result", "comparisons", "savings", "made"} <= ids
    assert "a single run" in elements.text
    assert "smallest detectable" not in elements.text.split("How to read this")[-2]


def test_a_gain_that_was_not_shown_is_called_so() -> None:
    report = made_up_boost().model_copy(update={"is_boosted": False, "verdict": "Inconclusive: +0.001 [-0.010, 0.012]"})
    elements = rendered(report)
    assert "gain not shown" in elements.text
    assert "gain shown" not in elements.text.replace("gain not shown", "")


def test_simulated_records_are_called_simulated() -> None:
    said = "The records that stand for real ones are simulated too"
    assert said in rendered(small_boost(), simulated=True).text
    assert said not in rendered(small_boost()).text


def test_an_experiment_in_which_nothing_could_be_computed_still_gives_a_page() -> None:
    report = with_points(made_up_boost(), value=UNKNOWN, runs=())
    nothing = {"difference": UNKNOWN, "p_value": float("nan"), "p_holm": None}
    tables = [
        table.model_copy(
            update={"contrasts": tuple(c.model_copy(update=nothing) for c in table.contrasts), "efficiencies": ()}
        )
        for table in report.tables
    ]
    controls = [c.model_copy(update={"value": UNKNOWN, "difference": UNKNOWN}) for c in report.controls]
    bare = report.model_copy(update={"tables": tuple(tables), "controls": tuple(controls), "losses": ()})
    elements = rendered(bare)
    assert "AUROC, as sampled could not be computed for any arm." in elements.text
    assert "nan" not in elements.text.replace("an unrelated", "").split()
    assert [a for tag, a in elements.found if tag == "svg" and a.get("aria-hidden") != "true"] == []


def test_one_size_one_arm_and_a_perfect_score_make_a_page() -> None:
    perfect = Interval(value=1.0, lower=1.0, upper=1.0)
    report = with_points(small_boost(), value=perfect)
    only = [p for p in report.tables[0].points if p.n_real == 60 and p.arm in (Arm.SYNTHETIC_FIRST, Arm.FOREST)]
    table = report.tables[0].model_copy(
        update={"points": tuple(only), "contrasts": (report.primary,), "efficiencies": ()}
    )
    elements = rendered(report.model_copy(update={"tables": (table,)}))
    assert "1.000 [1.000, 1.000]" in elements.text
    assert "1 comparison in numbers" in elements.text


def test_an_efficiency_that_is_censored_everywhere_is_never_given_as_a_figure() -> None:
    report = made_up_boost()
    censored = tuple(
        e.model_copy(update={"censored": True, "ratio": Interval(value=664 / e.n_real)})
        for e in report.tables[0].efficiencies
    )
    table = report.tables[0].model_copy(update={"efficiencies": censored})
    text = rendered(report.model_copy(update={"tables": (table,)})).text.split("How to read this")[1]
    found = re.findall(r"(\S+) (\d+\.\d) times", text)
    assert len(found) == 1 + len(censored)  # the card, and the table
    assert {sign for sign, _ in found} == {">"}


def test_text_from_outside_is_shown_and_never_obeyed() -> None:
    report = made_up_boost()
    free = ("target_name", "unit", "level", "device", "verdict")
    hostile = report.model_copy(
        update={
            **dict.fromkeys(free, HOSTILE),
            "controls": tuple(c.model_copy(update={"expected": HOSTILE}) for c in report.controls),
            "losses": tuple(c.model_copy(update={"label": HOSTILE}) for c in report.losses),
        }
    )
    elements = Elements(render_boost(hostile, title=HOSTILE))
    assert elements.text.count(HOSTILE) > 20
    assert not [tag for tag, a in elements.found if tag in {"script", "img"} or "onerror" in a]


def test_a_written_page_replaces_the_old_one_and_leaves_nothing_else(page: str, tmp_path: Path) -> None:
    path = tmp_path / "reports" / "boost.html"
    for _ in range(2):
        write_boost_page(path, made_up_boost(), title="cinc2017")
    assert path.read_text("utf-8") == page
    assert list(path.parent.iterdir()) == [path]
    assert len(page.encode()) < 1_000_000


def test_the_curve_shows_each_arm_where_it_was_trained(elements: Elements) -> None:
    points: tuple[CurvePoint, ...] = made_up_boost().tables[0].points
    for point in points:
        assert f"{point.value.value:.3f}" in elements.text
