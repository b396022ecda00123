"""The command `fidelity`: which datasets it compares, and what it says; the comparison itself is a stand-in."""

import json
from pathlib import Path

import pytest
from checked_hospital import checked
from typer.testing import CliRunner, Result

from chiron.datasets.dataset import Dataset
from chiron.datasets.refs import write_ref
from chiron.fidelity import compare as comparing
from cli.main import app
from schemas.base import Interval
from schemas.fidelity import (
    Condition,
    Direction,
    FidelityReport,
    Part,
    Preparation,
    Quantity,
    Quartiles,
    Reach,
    Side,
)

SOME = Interval(value=0.6, lower=0.5, upper=0.7)


def compared(real: Dataset, cohort: Dataset, *, seed: int = 0) -> FidelityReport:
    """Says which folders it was given, and with which seed."""
    sides = [
        Side(name=each.folder.name, leads=("I",), n_records=12, n_compared=12, n_test_left_out=0, patients_known=True)
        for each in (real, cohort)
    ]
    middle = Quartiles(n=12, lower=1.0, median=2.0, upper=3.0)
    rate = Quantity(
        name="rate", unit="bpm", part=Part.RHYTHM, real=middle, synthetic=middle, difference=SOME, outside=SOME
    )
    mixed = Condition(name="all shared labels", n_real=12, n_synthetic=12, quantities=(rate,), sentence="Alike.")
    return FidelityReport(
        real=sides[0],
        synthetic=sides[1],
        preparation=Preparation(rate_hz=100, band_hz=(0.5, 40), step_mv=0.001, longest_s=10),
        seed=seed,
        conditions=(mixed, mixed.model_copy(update={"name": "atrial fibrillation"})),
        recordings=(),
        transfers=(),
        reach=Reach(
            n_quantities=1,
            beyond=SOME,
            directions=(Direction(name="rate", part=Part.RHYTHM, away=1.0),),
            strata=(),
            n_strata=0,
            n_filled=0,
            n_few=10,
        ),
        rare=(),
        verdicts=("Nobody could tell.",),
        notes=("12 of 12 were read",),
    )


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Of a validated dataset and of a cohort, which have names in the workdir `data`."""
    monkeypatch.setattr(comparing, "compare", compared)
    monkeypatch.chdir(tmp_path)
    real, cohort = checked(Path("data")), checked(Path("elsewhere"))
    write_ref(Path("data"), "ward", "validate", real.ref)
    write_ref(Path("data"), "made", "synthesize", cohort.ref)
    return str(real.folder), str(cohort.folder)


def fidelity(*arguments: str) -> Result:
    done = CliRunner().invoke(app, ["fidelity", *arguments])
    assert done.exit_code == 0, done.exception
    return done


def test_datasets_are_found_by_name_and_by_folder(folders: tuple[str, str]) -> None:
    by_name = json.loads(fidelity("ward", "made", "--seed", "3", "--json").stdout)
    assert [by_name[side]["name"] for side in ("real", "synthetic")] == [Path(folder).name for folder in folders]
    assert by_name["seed"] == 3
    assert json.loads(fidelity(*folders, "--seed", "3", "--json").stdout) == by_name


def test_the_verdict_the_findings_and_the_notes_are_said(folders: tuple[str, str]) -> None:
    text = " ".join(fidelity(*folders).stdout.split())
    for part in ("12 of 12 records, leads I", "atrial fibrillation", "Nobody could tell.", "12 of 12 were read"):
        assert part in text


def test_a_page_is_written_where_it_is_asked_for(folders: tuple[str, str]) -> None:
    assert "page page.html" in " ".join(fidelity(*folders, "--out", "page.html").stdout.split())
    assert "Nobody could tell." in Path("page.html").read_text("utf-8")
