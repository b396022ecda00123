import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from made_up_run import MadeUpDatasets, made_up_datasets, made_up_report

from chiron.report.page import render_report, write_report_page
from schemas.boost import Target
from schemas.codes import LabelMethod
from schemas.drift import DriftBy, DriftVerdict
from schemas.registry import Registration
from schemas.results import RunReport

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>\'"&$x_1$'
FREE_TEXT = {
    "annotator", "lead", "level", "sentence",
    "column", "compared", "expected", "found", "label", "name", "note", "on", "profile", "subject",
    "summary", "table", "target_name", "verdict", "version", "why", "age_band",
    "sex", "by", "group", "columns", "notes", "same_as", "together_with",
}  # fmt: skip
CLOSED = {*LabelMethod, *DriftBy, *DriftVerdict}
LOADS = {"src", "href", "xlink:href", "srcset", "action", "data", "poster", "background", "formaction", "ping"}
SECTIONS = (
    "result",
    "records",
    "labels",
    "quality",
    "missing",
    "myth",
    "gate",
    "traces",
    "comparisons",
    "curves",
    "savings",
    "related",
    "controls",
    "made",
    "releases",
    "reading",
)


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile(value: Any, key: str = "") -> Any:
    """The same report with hostile text wherever text is free."""
    if isinstance(value, dict):
        return {k: hostile(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [hostile(v, key) for v in value]
    is_free = isinstance(value, str) and key in FREE_TEXT and value not in CLOSED
    return f"{HOSTILE} {value}" if is_free else value


def test_the_page_refers_to_nothing_outside_itself(page: str) -> None:
    targets = [v for _, attrs in Elements(page).found for name, v in attrs.items() if name in LOADS]
    assert targets
    assert [t for t in targets if not t.startswith(("#", "data:"))] == []
    assert set(re.findall(r"url\((.)", page)) <= {"#"}
    assert "://" not in page
    assert "@import" not in page


def test_the_page_holds_no_script_and_forbids_what_it_does_not_need(page: str) -> None:
    elements = Elements(page).found
    assert not [tag for tag, attrs in elements if tag == "script" or any(name.startswith("on") for name in attrs)]
    policies = [a["content"] for tag, a in elements if tag == "meta" and "content-security-policy" in str(a).lower()]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_every_section_is_there_and_every_link_leads_somewhere(page: str) -> None:
    elements = Elements(page).found
    ids = [a["id"] for _, a in elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert set(SECTIONS) <= set(ids)
    fragments = {v[1:] for _, a in elements for n, v in a.items() if n in LOADS and v.startswith("#")}
    fragments |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert fragments <= set(ids)
    for _, attrs in elements:
        assert set(attrs.get("aria-labelledby", "result").split()) <= set(ids)


def test_the_page_says_why_no_model_was_registered(run_report: RunReport, datasets: MadeUpDatasets) -> None:
    gate = run_report.registration.gate
    failed = gate.checks[0].model_copy(update={"passed": False, "found": "-0.010 (-0.041 to +0.020)"})
    closed = Registration(gate=gate.model_copy(update={"checks": (failed,)}), model=None, n_looks=1)
    page = render_report(run_report.model_copy(update={"registration": closed}), **datasets._asdict())
    text = " ".join(Elements(page).text.split())
    assert "No model was registered: its gate is closed." in text
    assert "boostfailed" in text
    assert "-0.010 (-0.041 to +0.020)" in text


def test_the_page_says_what_the_run_found(page: str, run_report: RunReport) -> None:
    text = " ".join(Elements(page).text.split()).replace("\N{NO-BREAK SPACE}", " ")
    assert run_report.training.verdict in text
    for said in (
        "561 test records, 163 with atrial fibrillation",
        "record-level; patient overlap can't be excluded",
        "10.5 times [6.1, 11.1]",
        "Splits: record-level; patient overlap can't be excluded.",
        "5 pairs are alike as only copies are",
        "boostpassedsynthetic first above the best arm without by its whole interval+0.049",
        "19 few",
        "+0.049 [+0.025, +0.073]",
        "quarantined: truncated signal",
        "rec0002 = rec0731",
        "Revision stability, round 1 to 2",
        "85.5 % [81.5, 89.5]",
        "missing for a reason: depends on the device that recorded it.",
        "0.930 [0.912, 0.948]",
        "Little's test: the numeric columns are not missing completely at random (chi-square 41.2, 2 degrees",
        "98.0 % recorder-2 (400)",
        "From 3.4 % to 13.5 % of all records may have it",
        "4 strata of finding, age, sex, heart rate have fewer than 10 records",
        "The gate is open: 5 of 6 checks passed, 1 warning.",
        "the first 20 records",
        "rec0003, rec0004, rec0005, ",
        "19,873 synthetic",
        "chiron pull demo@1.0.0 DIR",
        "demo, version 3 (alias candidate)",
        "1 label vanished without a reason on record",
        "90 outvoted",
        "reader-2",
        "explained by case mix.",
        "1,302 of 1,391 recordings can be read well",
        "no atrial fibrillation",
        "agreement between annotators fell from 0.740 to 0.640",
    ):
        assert said in text, said
    for release in run_report.releases:
        assert release.content_sha256 in text


def test_pictures_have_words_and_tables_have_headings(page: str) -> None:
    elements = Elements(page).found
    drawings = [a for tag, a in elements if tag == "svg" and a.get("aria-hidden") != "true"]
    assert (
        len(drawings) == 1 + 1 + 2 + 3 + 4 + 3 + 2 + 1 + 3
    )  # result, agreement, missingness, growth, traces, comparisons, other curves, controls, losses
    assert all(a.get("role") == "img" and a.get("aria-labelledby") for a in drawings)
    assert page.count("<table") == page.count("<caption") == page.count("<thead")
    assert all(a.get("scope") in {"col", "row"} for tag, a in elements if tag == "th")


@pytest.mark.parametrize("simulated", [True, False])
def test_only_a_simulated_run_is_called_simulated(simulated: bool, datasets: MadeUpDatasets) -> None:
    page = render_report(made_up_report(simulated=simulated), **datasets._asdict())
    assert ("All data on this page is simulated" in page) is simulated
    assert ("demo hospital" in page.lower()) is simulated


def test_text_from_outside_is_shown_and_never_obeyed(run_report: RunReport, datasets: MadeUpDatasets) -> None:
    report = RunReport.model_validate(hostile(run_report.model_dump(mode="json")))
    page = render_report(report, **datasets._asdict())
    elements = Elements(page)
    assert elements.text.count(HOSTILE) > 40
    assert not [tag for tag, attrs in elements.found if tag in {"script", "img"} or "onerror" in attrs]


def test_the_same_run_gives_the_same_page_on_another_workdir(page: str, tmp_path: Path) -> None:
    again = made_up_datasets(tmp_path / "elsewhere")
    assert render_report(made_up_report(), **again._asdict()) == page


def test_the_page_names_no_place_on_the_machine_and_is_small(page: str, datasets: MadeUpDatasets) -> None:
    assert "/somewhere" not in page
    assert str(datasets.real.folder.parent) not in page
    assert len(page.encode()) < 3_000_000


def test_a_run_with_little_to_show_still_gives_a_page(run_report: RunReport, datasets: MadeUpDatasets) -> None:
    nothing = {"value": None, "lower": None, "upper": None, "level": 0.95}
    bare = run_report.model_dump(mode="json")
    bare |= {"agreement": [], "releases": [], "stages": [], "quality": None, "suspects": None}
    bare["registration"] |= {"model": None}
    bare["vanishing"]["steps"] = []
    bare["consensus"] = {"codes": [], "annotators": []}
    bare["drift"] |= {"findings": [], "n_tests": 0}
    bare["myth"] |= {"points": [], "changes": []}
    bare["gate"]["checks"] = []
    bare["passport"] |= {"columns": [], "holes": [], "bounds": [], "little": None, "completeness": {}}
    bare["ingest"] |= {"quarantined": {}, "duplicates": [], "label_counts": []}
    bare["training"] |= {"controls": [], "losses": [], "tables": bare["training"]["tables"][:1]}
    first = bare["training"]["tables"][0]
    first |= {"points": [{**first["points"][0], "value": nothing, "runs": []}], "efficiencies": []}
    first["contrasts"] = [{**c, "difference": nothing} for c in first["contrasts"] if c["primary"]]
    text = Elements(render_report(RunReport.model_validate(bare), **datasets._asdict())).text
    assert "The gate is closed: 0 of 0 checks passed." in text
    assert "nothing was released" in text
    assert "agreement can't be measured" in text
    assert "There are no recordings, only metadata." in text


def test_without_ages_nobody_says_that_there_are_no_holes(run_report: RunReport, datasets: MadeUpDatasets) -> None:
    bare = run_report.model_dump(mode="json")
    bare["passport"]["columns"][1] |= {"column": "age_years", "n_missing": 1391, "share": 1.0}
    bare["passport"]["holes"] = []
    page = render_report(RunReport.model_validate(bare), **datasets._asdict())
    assert "Age or sex was never recorded: there are no strata, so no hole can be seen." in page
    assert "has enough records" not in page


def test_a_target_that_nobody_has_is_said_to_be_absent(run_report: RunReport, datasets: MadeUpDatasets) -> None:
    plan = run_report.training.plan.model_copy(update={"target": Target(code="284470004")})
    training = run_report.training.model_copy(update={"plan": plan})
    page = render_report(run_report.model_copy(update={"training": training}), **datasets._asdict())
    assert "No synthetic record with premature atrial complexes to show." in page


def test_a_written_page_replaces_the_old_one_and_leaves_nothing_else(
    page: str, run_report: RunReport, datasets: MadeUpDatasets, tmp_path: Path
) -> None:
    path = tmp_path / "reports" / "report.html"
    for _ in range(2):
        write_report_page(path, run_report, **datasets._asdict())
    assert path.read_text("utf-8") == page
    assert list(path.parent.iterdir()) == [path]


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(a: str, b: str) -> float:
    low, high = sorted((_luminance(a), _luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_colours_have_the_contrast_that_wcag_asks_for(mode: int) -> None:
    style = files("chiron.report").joinpath("page.css").read_text("utf-8")
    block = re.findall(r":root \{(.*?)\}", style, flags=re.S)[mode]
    colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", block))
    for text in ("ink", "muted", "accent"):
        for ground in ("page", "panel"):
            assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)  # WCAG 2.2, 1.4.3
    for text in ("good", "warn", "bad"):
        assert _contrast(colours[text], colours[f"{text}-soft"]) >= 4.5, text
    assert _contrast(colours["muted"], colours["faint"]) >= 4.5
    assert _contrast(colours["trace"], colours["paper"]) >= 4.5
    for i in range(1, 7):
        assert _contrast(colours[f"series-{i}"], colours["panel"]) >= 3.0, i  # WCAG 2.2, 1.4.11
