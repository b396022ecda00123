"""A model's file on datasets: scored where it saw nothing of them, refused where it did."""

from pathlib import Path

import numpy as np
import pytest
from hearts import Recorded, heart, hearts_dataset
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from chiron.datasets.ledger import ledger_of
from chiron.errors import BadParameters, Damaged, DataError
from chiron.learning.networks import new_network
from chiron.models.evaluate import evaluate_model
from chiron.models.file import load_model, save_model
from schemas.codes import SplitName
from schemas.ledger import NO_LEDGER
from schemas.splits import RECORD_LEVEL
from schemas.tables import RECORDS
from schemas.training import Architecture
from tests.unit.models.test_file import CARD

TRAINED = [Recorded(f"r{i}", f"p{i}", heart(i, n_leads=1)) for i in range(6)]
NEW = [
    Recorded(f"n{i}", f"new {i}", heart(100 + i, n_leads=1), split=("test", "train")[i % 2], has_finding=i % 4 == 0)
    for i in range(16)
]


@pytest.fixture(scope="module")
def workdir(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("evaluate") / "w"


@pytest.fixture(scope="module")
def model(workdir) -> Path:
    trained = hearts_dataset(workdir, "trained", TRAINED)
    path = workdir / "model.safetensors"
    save_model(path, new_network(Architecture.RESNET, 1, 2, seed=3), CARD, ledger_of(trained, trained.table(RECORDS)))
    return path


def test_a_model_is_scored_on_records_that_it_never_saw(workdir, model):
    report = evaluate_model(model, hearts_dataset(workdir, "new", NEW))
    assert (report.n_records, report.unit, report.level) == (8, "patient", "no patient was trained on")
    fibrillation, sinus = report.results
    assert (fibrillation.n_records, fibrillation.n_positive, sinus.n_records) == (8, 4, 0)
    assert fibrillation.auroc is not None
    assert sinus.auroc is None
    assert evaluate_model(model, hearts_dataset(workdir, "new", NEW), None).n_records == 16


@pytest.mark.parametrize(
    "planted",
    [
        Recorded("x", "p1", heart(1, visit=1, n_leads=1), split="test"),
        Recorded("x", "another name", heart(1, n_leads=1), split="test"),
        Recorded("x", "another name", heart(1, n_leads=1)[:, 60:], split="test"),
        Recorded("x", "another name", (heart(1, n_leads=1) // 3 + 50).astype(np.int16), split="test"),
    ],
    ids=["same-patient", "same-recording", "shifted", "rescaled"],
)
def test_a_leak_is_refused_in_another_dataset(workdir, model, planted, request):
    dataset = hearts_dataset(workdir, f"leak-{request.node.callspec.id}", [*NEW, planted])
    with pytest.raises(DataError, match="expected records that the model never saw, found that of 9 records"):
        evaluate_model(model, dataset)
    assert evaluate_model(model, dataset, SplitName.TRAIN).n_records == 8  # where the leak is not


def test_a_split_without_labels_can_not_be_scored(workdir, model):
    only_train = [row._replace(split="train") for row in NEW]
    with pytest.raises(BadParameters, match="split test, found none"):
        evaluate_model(model, hearts_dataset(workdir, "only-train", only_train))


def test_the_ledger_of_a_file_is_the_one_that_was_written(workdir, model):
    ledger = load_model(model).ledger
    assert ledger.facts.n_patients == len(ledger.patients) == 6
    assert ledger.hashes.size == ledger.n_hashes.sum() > 6


def test_a_model_file_of_before_there_were_ledgers_is_read_and_says_that_nothing_can_be_excluded(workdir):
    path = workdir / "old.safetensors"
    save_model(path, new_network(Architecture.RESNET, 1, 2, seed=3), CARD)
    model = load_model(path)
    assert (model.ledger, model.card.level) == (None, NO_LEDGER)
    assert evaluate_model(path, hearts_dataset(workdir, "new", NEW)).level == NO_LEDGER


def test_a_model_of_unknown_patients_says_so(workdir):
    unknown = hearts_dataset(workdir, "unknown", [row._replace(patient=None) for row in TRAINED])
    path = workdir / "unknown.safetensors"
    save_model(path, new_network(Architecture.RESNET, 1, 2, seed=3), CARD, ledger_of(unknown, unknown.table(RECORDS)))
    assert load_model(path).card.level == RECORD_LEVEL
    assert evaluate_model(path, hearts_dataset(workdir, "new", NEW)).level == RECORD_LEVEL


@pytest.mark.parametrize("name", ["ledger.patients", "ledger.hashes"])
def test_a_ledger_that_was_taken_away_or_cut_is_noticed(workdir, model, tmp_path, name):
    tensors, metadata = load_file(model), metadata_of(model)
    for change in (None, tensors[name][:-1]):
        changed = {k: v for k, v in tensors.items() if k != name} | ({} if change is None else {name: change})
        save_file(changed, tmp_path / "m.safetensors", metadata=metadata)
        with pytest.raises(Damaged):
            load_model(tmp_path / "m.safetensors")


def metadata_of(path: Path) -> dict[str, str]:
    with safe_open(path, framework="numpy") as file:
        return file.metadata()
