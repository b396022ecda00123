import re
from pathlib import Path

import pytest

from chiron.report.fidelity import render_fidelity, write_fidelity_page
from schemas.base import Interval
from schemas.fidelity import (
    Condition,
    CurvePair,
    Direction,
    FidelityReport,
    GiveAway,
    Part,
    Preparation,
    Quantity,
    Quartiles,
    RareStrata,
    Reach,
    Region,
    ShapeDistance,
    Side,
    Stratum,
    Transfer,
    TwoSampleTest,
)

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>'


def between(value: float) -> Interval:
    return Interval(value=value, lower=value - 0.05, upper=value + 0.05)


def condition(name: str) -> Condition:
    curve = ((0.0, 0.1, 0.0), (0.1, 0.9, 0.2), (0.2, 1.0, 0.3))
    return Condition(
        name=name,
        n_real=72,
        n_synthetic=1234,
        quantities=(
            Quantity(
                name="QRS width",
                unit="ms",
                part=Part.QRS,
                real=Quartiles(n=72, lower=75, median=82.5, upper=95),
                synthetic=Quartiles(n=1234, lower=95, median=112.5, upper=125),
                difference=between(2.02),
                outside=between(0.22),
            ),
        ),
        spectrum=CurvePair(at=(0.5, 5.0, 40.0), real=curve, synthetic=curve),
        beat=CurvePair(at=(-0.3, 0.0, 0.4), real=curve, synthetic=curve),
        regions=(Region(part=Part.QRS, from_s=-0.07, to_s=0.07, difference=1.2, at_s=0.03, by=0.08),),
        shape=ShapeDistance(n_per_side=72, apart=between(0.06), apart_real=between(0.0), nearest=between(1.4)),
        beats=TwoSampleTest(
            what="averaged beats",
            n_per_side=72,
            real_synthetic=between(0.876),
            real_real=between(0.5),
            synthetic_synthetic=between(0.51),
        ),
        give_aways=(GiveAway(part=Part.QRS, drop=between(0.1), alone=between(0.85)),),
        sentence="Said of this condition.",
    )


def report(name: str = "hospital") -> FidelityReport:
    side = Side(name=name, leads=("I",), n_records=90, n_compared=72, n_test_left_out=18, patients_known=True)
    return FidelityReport(
        real=side,
        synthetic=side.model_copy(update={"name": "cohort"}),
        preparation=Preparation(rate_hz=100, band_hz=(0.5, 40), step_mv=0.001, longest_s=10),
        seed=7,
        conditions=(condition("all shared labels"), condition("atrial fibrillation")),
        recordings=(TwoSampleTest(what="features of one lead", n_per_side=72, real_synthetic=between(0.9)),),
        transfers=(
            Transfer(
                code_system="SNOMED-CT",
                code="164889003",
                name="atrial fibrillation",
                n_synthetic=1234,
                n_real=72,
                n_positive=36,
                synthetic_to_real=between(0.91),
                real_to_real=between(0.93),
                difference=between(-0.02),
                sentence="It can't be told.",
            ),
        ),
        reach=Reach(
            n_quantities=23,
            beyond=between(0.123),
            directions=(Direction(name="QRS width", part=Part.QRS, away=4.5),),
            strata=(Stratum(name="flutter", age_band="80+", sex="F", rate_band="100+", n_real=1, n_synthetic=55),),
            n_strata=30,
            n_filled=1,
            n_few=10,
        ),
        rare=(
            RareStrata(
                code_system="SNOMED-CT",
                code="164889003",
                name="atrial fibrillation",
                n_records=30,
                n_positive=12,
                real_only=between(0.8),
                with_cohort=between(0.85),
                difference=between(0.05),
                sentence="It can't be told either.",
            ),
        ),
        verdicts=("The first sentence.", "The second sentence."),
        notes=("18 real records of the test split were not read",),
    )


@pytest.fixture(scope="module")
def page() -> str:
    return render_fidelity(report())


def test_the_page_needs_neither_a_network_nor_a_script(page: str) -> None:
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert "<script" not in page
    assert not re.search(r"(src|srcset|action)=", page)
    assert all(link.startswith(("#", "data:")) for link in re.findall(r'href="([^"]*)"', page))


def test_every_link_inside_the_page_has_its_place_and_no_id_is_twice(page: str) -> None:
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


@pytest.mark.parametrize(
    "expected",
    [
        "The first sentence.", "The second sentence.", "0.876", "82.5 [75,\N{NO-BREAK SPACE}95]", "+2.02", "22.0",
        "12.3", "flutter", "It can&#39;t be told either.", "1,234", "18 real records of the test split were not read",
    ],
)  # fmt: skip
def test_every_finding_is_on_the_page(page: str, expected: str) -> None:
    assert expected in page


def test_beats_spectra_and_plots_are_drawn(page: str) -> None:
    drawn = re.findall(r'<svg[^>]*aria-labelledby="([^"]+)-title"', page)
    assert set(drawn) == {
        "told-apart", "gives-away", "quartiles", "transfer", "rare", "beat-0", "beat-1", "spectrum-0", "spectrum-1",
    }  # fmt: skip


def test_a_hostile_name_stays_text() -> None:
    page = render_fidelity(report(HOSTILE))
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_what_could_not_be_computed_is_left_out_and_the_page_still_stands() -> None:
    bare = Condition(name="all shared labels", n_real=30, n_synthetic=30, quantities=(), sentence="Too few.")
    empty = report().model_copy(update={"conditions": (bare,), "recordings": (), "transfers": (), "rare": ()})
    page = render_fidelity(empty)
    assert "it can't be told" in page.lower()
    assert "</html>" in page


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        write_fidelity_page(report(), tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
