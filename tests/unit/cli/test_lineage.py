"""The commands `lineage` and `diff`: what they print; what they find is tested with the library."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from made_up_lineage import made_up_lineage
from rich.console import Console, RenderableType
from typer.testing import CliRunner, Result

from chiron.releases.publish import release_dataset
from cli.diff_screen import diff_screen
from cli.lineage_screen import lineage_screen
from cli.main import app
from schemas.base import Interval
from schemas.difference import (
    CodeChange,
    Difference,
    LabelTurn,
    RecordIds,
    SchemaChange,
    Side,
    SplitMove,
    StatisticChange,
    TableChange,
)
from schemas.manifest import Kind
from schemas.params import ReleaseParams
from schemas.results import StageOutcome


def text_of(screen: RenderableType) -> str:
    console = Console(width=120, markup=False, highlight=False)
    with console.capture() as captured:
        console.print(screen)
    return " ".join(captured.get().split())


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def workdir(tmp_path: Path, make_dataset: Callable[..., StageOutcome]) -> Path:
    """small@1.0.0 with 5 records and small@1.1.0 with 7."""
    for outcome in (make_dataset(), make_dataset("other", n_records=7)):
        release_dataset(tmp_path / "work", ReleaseParams(name="small"), outcome.ref)
    return tmp_path / "work"


def side(version: str, n_records: int) -> Side:
    return Side(
        name="demo", release=f"demo@{version}", kind=Kind.VALIDATED, content_sha256=version[0] * 64,
        code_version="0.1.0", stage_version=3, licence="CC0-1.0", n_records=n_records,
    )  # fmt: skip


DIFFERENCE = Difference(
    before=side("1.0.0", 100),
    after=side("2.0.0", 110),
    same_content=False,
    tables=(
        TableChange(
            table="records", n_before=100, n_after=110, n_added=12, n_removed=2, n_changed=3, columns={"sex": 3}
        ),
        TableChange(table="labels", n_before=400, n_after=440, n_added=48, n_removed=8, n_changed=5),
        TableChange(table="events", n_before=7, n_after=7),
    ),
    n_samples_changed=1,
    schema_change=SchemaChange(codes_added=("SNOMED-CT:1",), types_changed={"records.sex": ("String", "Int32")}),
    labels=(
        CodeChange(
            code_system="SNOMED-CT", code="164889003", name="atrial fibrillation",
            turns=(LabelTurn(before="positive", after="undecided", n=4),), n_moved=1, largest_move=0.25,
        ),
    ),
    splits=(SplitMove(before="train", after="test", n_patients=2),),
    statistics=(
        StatisticChange(
            name="age, years", before=50.0, after=52.5, difference=Interval(value=2.5, lower=1.0, upper=4.0),
            n_before=100, n_after=110,
        ),
        StatisticChange(name="female", before=0.5, after=0.5, difference=Interval(value=0.0, lower=0.0, upper=0.0),
            n_before=100, n_after=110),
    ),
    records=RecordIds(added=("r7", "r8"), removed=(), changed=("r1",)),
)  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        "demo@1.0.0 → demo@2.0.0",
        "12 added, 2 removed, 3 changed of 100 (sex in 3)",
        "1 records have other samples",
        "codes added: SNOMED-CT:1; records.sex: String, now Int32",
        "2 from train to test",
        "r7, r8",
        "4 positive to undecided; 1 moved by up to 0.250",
        "+2.500 [+1.000, +4.000]",
        "the same events",
    ],
)
def test_the_screen_of_a_difference_says_what_changed(said: str) -> None:
    assert said in text_of(diff_screen(DIFFERENCE))


def test_what_did_not_move_is_not_on_the_screen() -> None:
    assert "female" not in text_of(diff_screen(DIFFERENCE))


@pytest.mark.parametrize(
    "said",
    [
        "demo@1.0.0 validated dataset simulated",
        "released by flow run brave-otter (0d5f6c1e-1111)",
        "also released as copy@2.0.0",
        "gate open: 58 of 60 checks passed; not passed: readable, signal_unique",
        "recordings as ingested",
        "demo-2 source",
        "demo-atrial-fibrillation version 3 (champion)",
        "a model that was not registered",
        "810 of 1,000 closed",
    ],
)
def test_the_screen_of_a_lineage_says_where_from_and_what_for(said: str) -> None:
    assert said in text_of(lineage_screen(made_up_lineage()))


def test_a_name_in_brackets_is_no_markup() -> None:
    assert "[red]x-1" in text_of(lineage_screen(made_up_lineage("[red]x")))


def test_diff_of_two_releases_as_json(workdir: Path) -> None:
    done = run("diff", "small@1.0.0", "small@1.1.0", "--workdir", str(workdir), "--records", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["records"] == {"added": ["r5", "r6"], "removed": [], "changed": []}
    assert told["n_samples_changed"] == 0
    assert [table["n_added"] for table in told["tables"] if table["table"] == "labels"] == [2]


def test_lineage_of_a_release_as_json_and_as_a_picture(workdir: Path, tmp_path: Path) -> None:
    done = run("lineage", "small", "--workdir", str(workdir), "--json", "--out", str(tmp_path / "way.svg"))
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["release"] == "small@1.1.0"
    assert "small@1.1.0" in (tmp_path / "way.svg").read_text(encoding="utf-8")
