"""The screen about what a cohort fills: a hundred columns, whatever the reasons and names."""

import io

from rich.console import Console, RenderableType

from chiron.populations.filling import filled
from cli.holes import filled_screen
from schemas.missingness import Hole, Passport
from schemas.populations import RefusedHole

NAMES = ("164889003", "426783006", "164909002", "270492004", "427172004", "284470004", "10370003", "29320008",
         "164890007", "426761007", "111975006", "251146004")  # fmt: skip
HOLES = tuple(
    Hole(code_system="SNOMED-CT", code=code, age_band=age, sex="F", n_found=0, n_wanted=10)
    for code in NAMES
    for age in ("0-17", "18-39")
)
REFUSED = [RefusedHole(hole=hole, reason="no heart at 0-17 years " * 9) for hole in HOLES if hole.age_band == "0-17"]


def shown(screen: RenderableType) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=100, markup=False, highlight=False).print(screen)
    return stream.getvalue().splitlines()


def passport(*, n_holes: int) -> Passport:
    return Passport(
        n_records=99, columns=(), holes=HOLES, n_holes=n_holes, holes_counted_in="records of train and valid"
    )


def test_the_screen_fits_and_says_what_was_counted() -> None:
    """Ten records lie in each hole of the adults but one, which has four; none of the children's."""
    found = [0 if hole.age_band == "0-17" else 10 for hole in HOLES]
    found[1] = 4
    lines = shown(filled_screen("ward", passport(n_holes=24), filled(HOLES, found, REFUSED), folder="data/fill/1"))
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 40
    text = " ".join(" ".join(lines).split())
    for said in (
        "holes 24, counted in records of train and valid",
        "closed 11 of 24, by records as they are measured; 11 of the 12 that it was made for",
        "refused 12: no record is made for them",
        "lacking 240 records before, 126 now",  # 12 children's holes of 10, and 6
        "atrial fibrillation 2 16",
        "and 2 more",
    ):
        assert said in text


def test_a_passport_that_lists_some_holes_alone_says_so() -> None:
    found = [10] * len(HOLES)
    lines = shown(filled_screen("ward", passport(n_holes=4250), filled(HOLES, found), folder="data/fill/1"))
    assert "holes the 24 most lacking, which the passport lists, of 4,250" in " ".join(" ".join(lines).split())
