"""The train stage, and what may be registered of it."""

from pathlib import Path
from unittest.mock import patch

import pytest

from chiron.boost import arms
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.models import stage
from chiron.models.file import load_model
from chiron.models.stage import MODEL_FILE, fine_tune_networks, pretrain_networks, train_models
from schemas.boost import BoostPlan, BoostReport
from schemas.codes import ATRIAL_FIBRILLATION
from schemas.params import TrainingData, TrainParams
from schemas.results import StageOutcome
from schemas.splits import RECORD_LEVEL
from schemas.tables import PREDICTIONS
from schemas.training import WindowSpec

PLAN = BoostPlan(sizes=(20,), primary_size=20, pretrain_steps=8, finetune_steps=4, scratch_steps=4, n_resamples=100)
PARAMS = TrainParams(window=WindowSpec(duration_s=10), plan=PLAN)


@pytest.fixture(scope="module")
def data(made_up_real: Dataset, made_up_cohort: Dataset) -> TrainingData:
    return TrainingData(real=made_up_real.ref, cohort=made_up_cohort.ref)


@pytest.fixture(scope="module")
def outcome(made_up_workdir: Path, data: TrainingData) -> StageOutcome:
    pretrain_networks(made_up_workdir, PARAMS, data)
    fine_tune_networks(made_up_workdir, PARAMS, data)
    with patch.object(arms, "fit", side_effect=AssertionError):  # all that was left were the final scores
        return train_models(made_up_workdir, PARAMS, data)


def test_the_folder_holds_a_report_predictions_and_a_model_and_nothing_of_the_work(outcome):
    training = open_dataset(outcome.ref)
    report = training.report(BoostReport)
    model = load_model(training.folder / MODEL_FILE)
    n_rows = report.n_test * len(report.tables[0].points) * len(model.card.outputs)
    assert training.table(PREDICTIONS).height == n_rows
    assert model.card.outputs[0].key == ATRIAL_FIBRILLATION
    assert model.card.verdict == report.verdict
    assert outcome.summary.startswith("AUROC 0.")
    assert {path.name for path in training.folder.iterdir()} == {
        "boost.json",
        "manifest.json",
        "model.safetensors",
        "predictions.parquet",
    }


def test_a_finished_stage_is_not_begun_again(outcome, made_up_workdir, data):
    with patch.object(stage, "begin", side_effect=AssertionError):
        pretrain_networks(made_up_workdir, PARAMS, data)
        fine_tune_networks(made_up_workdir, PARAMS, data)
    assert not any((made_up_workdir / ".partial").glob("train-*"))


def test_the_card_names_the_content_that_the_model_saw(outcome, made_up_real, made_up_cohort):
    card = load_model(open_dataset(outcome.ref).folder / MODEL_FILE).card
    assert card.dataset_sha256 == made_up_real.manifest.content_sha256
    assert card.cohort_sha256 == made_up_cohort.manifest.content_sha256
    assert card.simulated is True


def test_the_model_carries_a_ledger_of_train_and_valid_and_says_that_patients_are_unknown(outcome, made_up_real):
    model = load_model(open_dataset(outcome.ref).folder / MODEL_FILE)
    report = open_dataset(outcome.ref).report(BoostReport)
    assert model.ledger.facts.n_records == report.n_train + report.n_valid
    assert model.ledger.facts.datasets == (made_up_real.manifest.content_sha256,)  # the cohort is simulated
    assert len(model.ledger.contents) == report.n_train + report.n_valid
    assert model.card.level == RECORD_LEVEL
    assert outcome.summary.endswith(RECORD_LEVEL)


def test_the_same_inputs_are_not_trained_on_twice(outcome, made_up_workdir, data):
    again = train_models(made_up_workdir, PARAMS, data)
    assert again.reused is True
    assert (again.ref, again.summary) == (outcome.ref, outcome.summary)
