"""`chiron evaluate`, `chiron predict` and `chiron show` say what may be believed of a split."""

import json
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hearts import FS_HZ, Recorded, heart, hearts_dataset
from typer.testing import CliRunner

from chiron.datasets.ledger import ledger_of
from chiron.errors import BadParameters, DataError
from chiron.evaluation.looks import look_warning
from chiron.learning.networks import new_network
from chiron.models.file import save_model
from cli.evaluation import evaluation_screen
from cli.main import app
from cli.screen import console
from cli.splits import splits_screen
from schemas.base import Interval
from schemas.codes import ATRIAL_FIBRILLATION, SplitName
from schemas.evaluation import (
    Answered,
    ClassesResult,
    Difference,
    EvaluationReport,
    Measure,
    Measured,
    OutputResult,
    StratumResult,
)
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


def made_up_evaluation() -> EvaluationReport:
    sure = Answered(
        coverage=tuple(round(0.05 * i, 2) for i in range(1, 21)),
        risk=tuple(0.01 * i for i in range(1, 21)),
        area=Interval(value=0.1),
        excess=0.02,
    )
    known = OutputResult(
        code_system=ATRIAL_FIBRILLATION.system,
        code=ATRIAL_FIBRILLATION.code,
        name="atrial fibrillation",
        threshold=0.3,
        n_records=1200,
        n_positive=400,
        n_told=1100,
        n_told_wrong=90,
        auroc=Interval(value=0.9, lower=0.85, upper=0.94),
        measured=(Measured(measure=Measure.CALIBRATION_SLOPE, estimate=Interval(value=1.5, lower=-0.5, upper=10.25)),),
        answered=sure,
        strata=(
            StratumResult(kind="sex", group="F", n_records=600, n_positive=200, auroc=Interval(value=0.91)),
            StratumResult(kind="sex", group="M", n_records=30, n_positive=2, auroc=None),
        ),
    )
    unknown = known.model_copy(
        update={"name": "noise", "auroc": None, "measured": (), "answered": None, "strata": (), "threshold": None}
    )
    classes = ClassesResult(
        names=("normal", "noisy"),
        n_scored=1,
        n_records=10,
        confusion=((5, 1), (0, 4)),
        f1=(0.909, 0.889),
        measured=(Measured(measure=Measure.MEAN_F1, estimate=Interval(value=0.909, lower=0.8, upper=0.95)),),
        answered=sure,
    )
    return EvaluationReport(
        model_sha256="1" * 64,
        dataset="study",
        content_sha256="2" * 64,
        split=SplitName.TEST,
        n_records=1200,
        n_refused=3,
        unit="patient",
        level="no patient was trained on",
        results=(known, unknown),
        classes=classes,
        challenge=Interval(value=0.5, lower=0.4, upper=0.6),
        n_challenge_classes=2,
        differences=(
            Difference(
                measure=Measure.AUROC,
                name="atrial fibrillation",
                estimate=Interval(value=-0.01, lower=-0.03, upper=0.01),
                p_value=0.3,
            ),
        ),
        n_looks=11,
        warning=look_warning(11),
    )


@pytest.mark.parametrize(
    "said",
    [
        "study, split test: 1,200 records; 3 more that the model refuses to read",
        "0.500 [0.400, 0.600], over 2 of its 26 classes",
        "number 11 at this test split",
        "expected at most 10 looks, this is number 11",
        ".900 [.850, .940] of one kind only",
        "1.500 [−.500, 10.250]",
        "0.300 not chosen",
        "told, wrong of it 1,100, 90",
        "20.0 18.0 16.0 10.0",  # errors where all, 90, 80 and 50 % are answered
        "normal 5 1 0.909",
        "mean F1 0.909 [0.800, 0.950]. The mean is of normal.",
        "atrial fibrillation sex: F 600 200 0.910",
        "atrial fibrillation AUROC −0.010 [−0.030, +0.010] 0.300",
    ],
)
def test_the_screen_of_an_evaluation_tells_all_of_it(said):
    with console.capture() as captured:
        console.print(evaluation_screen(made_up_evaluation()))
    assert said in " ".join(captured.get().split())


def test_a_group_with_counts_alone_is_not_on_the_screen():
    with console.capture() as captured:
        console.print(evaluation_screen(made_up_evaluation()))
    assert "sex: M" not in captured.get()
