"""A model's file on datasets: scored where it saw nothing of them, refused where it did."""

from pathlib import Path

import numpy as np
import pytest
from hearts import Recorded, heart, hearts_dataset
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.metrics import brier_score_loss

from chiron.datasets.dataset import Dataset
from chiron.datasets.ledger_records import ledger_of
from chiron.errors import BadParameters, Damaged, DataError
from chiron.learning.networks import new_network
from chiron.models.evaluate import evaluate_model
from chiron.models.file import load_model, save_model
from chiron.models.looks import count_look
from chiron.models.registry import default_tracking_uri
from schemas.codes import SplitName
from schemas.evaluation import EvaluationReport, Measure
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


def evaluated(model: Path, dataset: Dataset, split: SplitName | None = SplitName.TEST, **more) -> EvaluationReport:
    return evaluate_model(model, dataset, split, tracking_uri=default_tracking_uri(model.parent), **more)


@pytest.fixture(scope="module")
def model(workdir) -> Path:
    trained = hearts_dataset(workdir, "trained", TRAINED)
    path = workdir / "model.safetensors"
    save_model(path, new_network(Architecture.RESNET, 1, 2, seed=3), CARD, ledger_of(trained, trained.table(RECORDS)))
    return path


def test_a_model_is_scored_on_records_that_it_never_saw(workdir, model):
    report = evaluated(model, hearts_dataset(workdir, "new", NEW))
    assert (report.n_records, report.unit, report.level) == (8, "patient", "no patient was trained on")
    fibrillation, sinus = report.results
    assert (fibrillation.n_records, fibrillation.n_positive, sinus.n_records) == (8, 4, 0)
    assert fibrillation.auroc is not None
    assert sinus.auroc is None
    assert evaluated(model, hearts_dataset(workdir, "new", NEW), None).n_records == 16


def test_every_number_is_that_of_scikit_learn(workdir, model):
    """The probabilities are the model's own, read one record after the other."""
    dataset = hearts_dataset(workdir, "new", NEW)
    result = evaluated(model, dataset, SplitName.TRAIN).results[0]
    rows = dataset.table(RECORDS).sort("record_id").iter_rows(named=True)
    of_record = {row.record_id: row for row in NEW}
    seen = [row for row in rows if of_record[row["record_id"]].split == "train"]
    said = [load_model(model).probability(dataset.signal_mv(row), row["fs_hz"])[0] for row in seen]
    truth = [of_record[row["record_id"]].has_finding for row in seen]
    assert (result.n_records, result.n_positive) == (len(truth), sum(truth))
    found = {each.measure: each.estimate.value for each in result.measured}
    assert found[Measure.BRIER] == pytest.approx(brier_score_loss(truth, said))
    assert result.answered is not None
    wrong = (np.array(said) >= (result.threshold or 0.5)) != truth
    assert result.answered.risk[-1] == pytest.approx(wrong.mean())
    assert (result.n_told, result.n_told_wrong) == (len(truth), wrong.sum())


def test_every_look_at_the_test_split_is_counted_and_the_eleventh_warns(workdir, tmp_path, model):
    dataset = hearts_dataset(workdir, "new", NEW)
    own = tmp_path / model.name
    own.write_bytes(model.read_bytes())  # its folder has a registry of its own
    assert evaluated(own, dataset, SplitName.TRAIN).n_looks is None
    for _ in range(9):
        count_look(default_tracking_uri(tmp_path), dataset.manifest.content_sha256, "0" * 64)
    tenth, eleventh = evaluated(own, dataset), evaluated(own, dataset, None)  # of all, the test split is a part
    assert (tenth.n_looks, tenth.warning) == (10, "")
    assert eleventh.n_looks == 11
    assert "this is number 11" in eleventh.warning


def test_a_refused_leak_is_no_look(workdir, tmp_path, model):
    own = tmp_path / model.name
    own.write_bytes(model.read_bytes())
    leaky = hearts_dataset(workdir, "leak-again", [*NEW, Recorded("x", "p1", heart(1, n_leads=1), split="test")])
    with pytest.raises(DataError):
        evaluated(own, leaky)
    assert count_look(default_tracking_uri(tmp_path), leaky.manifest.content_sha256, "0" * 64) == 1


def test_a_model_against_itself_differs_by_nothing_and_against_another_is_tested(workdir, model):
    dataset = hearts_dataset(workdir, "new", NEW)
    other = workdir / "other.safetensors"
    save_model(other, new_network(Architecture.RESNET, 1, 2, seed=4), CARD)
    same = evaluated(model, dataset, None, against=model).differences
    assert [(each.measure, each.estimate.value) for each in same] == [(Measure.AUROC, 0), (Measure.BRIER, 0)]
    assert same[0].p_value == 1
    differs = evaluated(model, dataset, None, against=other)
    assert differs.against_sha256 != differs.model_sha256
    area, other_area = (evaluated(one, dataset, None).results[0].auroc.value for one in (model, other))
    assert differs.differences[0].estimate.value == pytest.approx(area - other_area)


def test_the_other_model_may_not_have_seen_the_records_either(workdir, model):
    dataset = hearts_dataset(workdir, "new", NEW)
    leaked = workdir / "leaked.safetensors"
    save_model(leaked, new_network(Architecture.RESNET, 1, 2, seed=4), CARD, ledger_of(dataset, dataset.table(RECORDS)))
    with pytest.raises(DataError, match="expected records that the model never saw"):
        evaluated(model, dataset, against=leaked)


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
        evaluated(model, dataset)
    assert evaluated(model, dataset, SplitName.TRAIN).n_records == 8  # where the leak is not


def test_a_split_without_labels_can_not_be_scored(workdir, model):
    only_train = [row._replace(split="train") for row in NEW]
    with pytest.raises(BadParameters, match="split test, found none"):
        evaluated(model, hearts_dataset(workdir, "only-train", only_train))


def test_the_ledger_of_a_file_is_the_one_that_was_written(workdir, model):
    ledger = load_model(model).ledger
    assert ledger.facts.n_patients == len(ledger.patients) == 6
    assert ledger.hashes.size == ledger.n_hashes.sum() > 6


def test_a_model_file_of_before_there_were_ledgers_is_read_and_says_that_nothing_can_be_excluded(workdir):
    path = workdir / "old.safetensors"
    save_model(path, new_network(Architecture.RESNET, 1, 2, seed=3), CARD)
    model = load_model(path)
    assert (model.ledger, model.card.level) == (None, NO_LEDGER)
    assert evaluated(path, hearts_dataset(workdir, "new", NEW)).level == NO_LEDGER


def test_a_model_of_unknown_patients_says_so(workdir):
    unknown = hearts_dataset(workdir, "unknown", [row._replace(patient=None) for row in TRAINED])
    path = workdir / "unknown.safetensors"
    save_model(path, new_network(Architecture.RESNET, 1, 2, seed=3), CARD, ledger_of(unknown, unknown.table(RECORDS)))
    assert load_model(path).card.level == RECORD_LEVEL
    assert evaluated(path, hearts_dataset(workdir, "new", NEW)).level == RECORD_LEVEL


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
