"""The picture of a lineage: whole, without overlaps, and safe whatever the names are."""

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from made_up_lineage import made_up_lineage

from chiron.errors import BadParameters
from chiron.report.lineage import diagram_of
from chiron.report.lineage_page import render_lineage, write_lineage

HOSTILE = '</text><script>alert("x")</script>&'
SVG = "{http://www.w3.org/2000/svg}"


def test_generations_stand_in_columns_and_arrows_go_from_left_to_right() -> None:
    diagram = diagram_of(made_up_lineage())
    kinds = {box.lines[0]: box.x for box in diagram.boxes}
    order = ["source", "recordings as ingested", "validated dataset", "model tuned to it"]
    assert sorted(kinds[kind] for kind in order) == [kinds[kind] for kind in order]
    assert kinds["cohort for its holes"] == kinds["model tuned to it"]
    assert len(diagram.arrows) == 2 + 2 + 4  # sources to ingested, those to the dataset, it to cohorts and models
    assert all(diagram.boxes[a].x < diagram.boxes[b].x for a, b in diagram.arrows)
    assert [box.lines[1] for box in diagram.boxes if box.chosen] == ["demo@1.0.0"]


def test_boxes_do_not_overlap_and_lie_in_the_picture() -> None:
    diagram = diagram_of(made_up_lineage())
    for a, b in combinations(diagram.boxes, 2):
        assert a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
    assert all(box.x >= 0 and box.x + box.width <= diagram.width for box in diagram.boxes)
    assert all(box.y >= 0 and box.y + box.height <= diagram.height for box in diagram.boxes)


def test_the_picture_names_releases_run_and_models(tmp_path: Path) -> None:
    write_lineage(made_up_lineage(), tmp_path / "way.svg")
    root = ElementTree.fromstring((tmp_path / "way.svg").read_text())  # noqa: S314 - written one line above
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert {"demo@1.0.0", "also released as copy@2.0.0", "flow run brave-otter", "version 3 (champion)"} <= set(texts)
    assert "gate open: 58 of 60 checks passed" in texts
    assert "not registered" in texts


def test_the_page_says_what_the_picture_has_no_room_for() -> None:
    page = render_lineage(made_up_lineage())
    assert "Synthetic data helped: +0.014 [+0.002, +0.026]." in page
    assert "c" * 64 in page
    assert "signal unique" in page
    assert "registered models of elsewhere were not looked at" in page


def test_a_hostile_name_is_text(tmp_path: Path) -> None:
    lineage = made_up_lineage(HOSTILE)
    write_lineage(lineage, tmp_path / "way.svg")
    root = ElementTree.fromstring((tmp_path / "way.svg").read_text())  # noqa: S314 - written one line above
    assert not list(root.iter(f"{SVG}script"))
    assert "<script" not in render_lineage(lineage)


def test_the_same_lineage_gives_the_same_page() -> None:
    assert render_lineage(made_up_lineage()) == render_lineage(made_up_lineage())


def test_another_ending_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(BadParameters, match=r"\.svg or \.html"):
        write_lineage(made_up_lineage(), tmp_path / "way.png")
    assert not list(tmp_path.iterdir())
