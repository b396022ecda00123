"""The command `boost`: which training it shows, and how."""

import json
from pathlib import Path

import pytest
from made_up_boost import small_boost
from typer.testing import CliRunner, Result

from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.refs import write_ref
from chiron.datasets.stage import run_stage, write_report
from chiron.errors import BadParameters, NotFound
from cli.main import app
from schemas.boost import BoostReport
from schemas.manifest import Kind


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds a training that is called `made`."""
    folder = tmp_path_factory.mktemp("boost") / "work"
    draft = Draft(name="ward", simulated=True, licence="none")
    trained = run_stage(folder, Stage("train", 1, Kind.TRAINING), draft, lambda path: write_report(path, small_boost()))
    write_ref(folder, "made", "train", trained.ref)
    return folder


def run(workdir: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["boost", *arguments, "--workdir", str(workdir)])


def test_a_training_is_found_by_name_and_by_folder(workdir: Path) -> None:
    by_name = run(workdir, "made", "--json")
    assert BoostReport.model_validate(json.loads(by_name.stdout)) == small_boost()
    folder = next((workdir / "train").iterdir())
    assert run(workdir, str(folder), "--json").stdout == by_name.stdout


def test_the_screen_says_verdict_curves_and_comparisons(workdir: Path) -> None:
    text = " ".join(run(workdir, "made").stdout.split())
    for said in (
        "training ward",
        "learning from synthetic records first lifts the AUROC",
        "561 test records, 163 with atrial fibrillation",
        "AUROC, as sampled, by number of real training records",
        "synthetic first 0.968 [0.919, 1.000]",
        "synthetic first − forest +0.049 [+0.025, +0.073] < 0.001 primary",
    ):
        assert said in text, said


def test_a_page_is_written_where_it_is_asked_for(workdir: Path, tmp_path: Path) -> None:
    page = tmp_path / "boost.html"
    assert run(workdir, "made", "--out", str(page)).exit_code == 0
    text = page.read_text("utf-8")
    assert "<h1>ward</h1>" in text
    assert "The records that stand for real ones are simulated too" in text


def test_a_page_that_no_browser_would_open_is_refused_before_anything_is_read(workdir: Path) -> None:
    assert isinstance(run(workdir, "nobody", "--out", "page.txt").exception, BadParameters)


def test_a_name_without_a_training_is_told_so(workdir: Path) -> None:
    done = run(workdir, "nobody")
    assert isinstance(done.exception, NotFound)
    assert "expected a finished stage `train`" in str(done.exception)
