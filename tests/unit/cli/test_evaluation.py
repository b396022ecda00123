"""`chiron evaluate`, `chiron predict` and `chiron show` say what may be believed of a split."""

import json
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hearts import FS_HZ, Recorded, heart, hearts_dataset
from made_up_evaluation import made_up_evaluation
from typer.testing import CliRunner

from chiron.datasets.ledger_records import ledger_of
from chiron.errors import BadParameters, DataError
from chiron.evaluation.looks import look_warning
from chiron.learning.networks import new_network
from chiron.models.file import save_model
from cli.evaluation import evaluation_screen
from cli.main import app
from cli.screen import console
from cli.splits import splits_screen
from schemas.base import Interval
from schemas.evaluation import Measure, Measured
from schemas.splits import RECORD_LEVEL
from schemas.tables import RECORDS
from schemas.training import Architecture
from tests.made_up_run import made_up_report
from tests.unit.models.test_file import CARD

TRAINED = [Recorded(f"r{i}", None, heart(i, n_leads=1)) for i in range(4)]
NEW = [Recorded(f"n{i}", None, heart(100 + i, n_leads=1), split="test", has_finding=i % 2 == 0) for i in range(8)]


@pytest.fixture(scope="module")
def workdir(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("evaluation") / "w"


@pytest.fixture(scope="module")
def model(workdir) -> Path:
    trained = hearts_dataset(workdir, "trained", TRAINED)
    path = workdir / "model.safetensors"
    save_model(path, new_network(Architecture.RESNET, 1, 2, seed=3), CARD, ledger_of(trained, trained.table(RECORDS)))
    return path


def test_a_model_is_evaluated_by_command_and_unknown_patients_are_named(workdir, model):
    folder = hearts_dataset(workdir, "new", NEW).folder
    said = (
        CliRunner()
        .invoke(app, ["evaluate", str(model), str(folder), "--split", "test", "--workdir", str(workdir)])
        .output
    )
    assert RECORD_LEVEL in " ".join(said.split())
    found = json.loads(
        CliRunner()
        .invoke(app, ["evaluate", str(model), str(folder), "--split", "all", "--json", "--workdir", str(workdir)])
        .output
    )
    assert (found["n_records"], found["unit"], found["level"]) == (8, "record", RECORD_LEVEL)


def test_a_page_is_written_where_it_is_asked_for(workdir, model, tmp_path):
    folder = hearts_dataset(workdir, "new", NEW).folder
    asked = ["evaluate", str(model), str(folder), "--split", "all", "--workdir", str(workdir), "--out"]
    page = tmp_path / "page.html"
    assert CliRunner().invoke(app, [*asked, str(page)]).exit_code == 0
    assert "8 records" in page.read_text("utf-8")
    assert isinstance(CliRunner().invoke(app, [*asked, str(tmp_path / "page.pdf")]).exception, BadParameters)


def test_a_leak_ends_the_command(workdir, model):
    leaky = hearts_dataset(workdir, "leaky", [*NEW, Recorded("x", "p", heart(2, n_leads=1), split="test")])
    assert isinstance(
        CliRunner().invoke(app, ["evaluate", str(model), str(leaky.folder), "--split", "test"]).exception, DataError
    )


def test_a_recording_that_the_model_was_trained_on_is_noted_in_a_prediction(model, tmp_path):
    for name, signal in (("seen", TRAINED[1].signal), ("new", NEW[0].signal)):
        wfdb.wrsamp(
            name,
            fs=FS_HZ,
            units=["mV"],
            sig_name=["I"],
            d_signal=np.ascontiguousarray(signal.T),
            fmt=["16"],
            adc_gain=[1000.0],
            baseline=[0],
            write_dir=str(tmp_path),
        )
    found = json.loads(CliRunner().invoke(app, ["predict", str(model), str(tmp_path), "--json"]).output)
    assert {p["record"]: p["note"].split(";")[0] for p in found} == {
        "new": "",
        "seen": "the model was trained on this recording",
    }


def test_the_screen_of_splits_names_findings_that_a_split_has_too_few_of():
    with console.capture() as captured:
        console.print(splits_screen(made_up_report().splits))
    said = " ".join(captured.get().split())
    assert RECORD_LEVEL in said
    assert "fewer than 20 positive: atrial fibrillation in valid (19)" in said
    assert "2 recordings the same as another, 5 pairs alike" in said


@pytest.fixture(scope="module")
def screen() -> str:
    """Of a finding of which everything is known, and of one of which the records are of one kind."""
    report = made_up_evaluation()
    slope = Measured(measure=Measure.CALIBRATION_SLOPE, estimate=Interval(value=1.5, lower=-0.5, upper=10.25))
    known, other = report.results
    known = known.model_copy(update={"n_told": 1100, "n_told_wrong": 90, "measured": (slope,)})
    nothing = {"auroc": None, "measured": (), "answered": None, "strata": (), "threshold": None}
    more = {"n_records": 1200, "challenge": Interval(value=0.5, lower=0.4, upper=0.6), "n_challenge_classes": 2}
    results = (known, other.model_copy(update=nothing))
    with console.capture() as captured:
        console.print(
            evaluation_screen(report.model_copy(update=more | {"results": results, "warning": look_warning(11)}))
        )
    return " ".join(captured.get().split())


@pytest.mark.parametrize(
    "said",
    [
        "ward, split test: 1,200 records; 3 more that the model refuses to read",
        "0.500 [0.400, 0.600], over 2 of its 26 classes",
        "number 11 at this test split",
        "expected at most 10 looks, this is number 11",
        ".971 [.951, .991] of one kind only",
        "1.500 [−.500, 10.250]",
        "0.410 not chosen",
        "told, wrong of it 1,100, 90",
        "9.0 7.3 5.8 2.2",  # errors where all, 90, 80 and 50 % are answered
        "normal sinus rhythm 370 28 0.939",
        "mean F1 0.898 [0.878, 0.918]. The mean is of normal sinus rhythm.",
        "atrial fibrillation sex: F 260 71 0.971",
        "atrial fibrillation AUROC +0.012 [−0.008, +0.032] 0.210",
        "atrial fibrillation Brier score −0.006 [−0.026, +0.014]",
    ],
)
def test_the_screen_of_an_evaluation_tells_all_of_it(screen, said):
    assert said in screen


def test_a_group_with_counts_alone_is_not_on_the_screen(screen):
    assert "age: 80+" not in screen
