"""`chiron evaluate`, `chiron predict` and `chiron show` say what may be believed of a split."""

import json
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hearts import FS_HZ, Recorded, heart, hearts_dataset
from typer.testing import CliRunner

from chiron.datasets.ledger import ledger_of
from chiron.errors import DataError
from chiron.learning.networks import new_network
from chiron.models.file import save_model
from cli.main import app
from cli.screen import console
from cli.splits import splits_screen
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
    assert {p["record"]: p["note"] for p in found} == {
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
