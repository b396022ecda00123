"""The train stage, and what may be registered of it."""

from pathlib import Path

import pytest

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.models.file import load_model
from chiron.models.promotion import register_if_better
from chiron.models.registry import default_tracking_uri, list_models
from chiron.models.stage import MODEL_FILE, train_models
from schemas.codes import ATRIAL_FIBRILLATION
from schemas.params import TrainParams
from schemas.results import StageOutcome
from schemas.splits import RECORD_LEVEL
from schemas.tables import PREDICTIONS
from schemas.trained import TrainReport
from schemas.training import WindowSpec

PARAMS = TrainParams(
    window=WindowSpec(duration_s=10), n_real=(20,), pretrain_epochs=1, finetune_steps=4, scratch_steps=4
)


@pytest.fixture(scope="module")
def outcome(made_up_workdir: Path, made_up_real: Dataset, made_up_cohort: Dataset) -> StageOutcome:
    return train_models(made_up_workdir, PARAMS, made_up_real.ref, made_up_cohort.ref)


def test_the_folder_holds_a_report_predictions_and_a_model(outcome):
    training = open_dataset(outcome.ref)
    report = training.report(TrainReport)
    model = load_model(training.folder / MODEL_FILE)
    assert training.table(PREDICTIONS).height == report.n_test * len(report.arms)
    assert model.card.outputs[0].key == ATRIAL_FIBRILLATION
    assert model.card.verdict == report.verdict
    assert outcome.summary.startswith("AUROC 0.")


def test_the_card_names_the_content_that_the_model_saw(outcome, made_up_real, made_up_cohort):
    card = load_model(open_dataset(outcome.ref).folder / MODEL_FILE).card
    assert card.dataset_sha256 == made_up_real.manifest.content_sha256
    assert card.cohort_sha256 == made_up_cohort.manifest.content_sha256
    assert card.simulated is True


def test_the_model_carries_a_ledger_of_train_and_valid_and_says_that_patients_are_unknown(outcome, made_up_real):
    model = load_model(open_dataset(outcome.ref).folder / MODEL_FILE)
    report = open_dataset(outcome.ref).report(TrainReport)
    assert model.ledger.facts.n_records == report.n_train + report.n_valid
    assert model.ledger.facts.datasets == (made_up_real.manifest.content_sha256,)  # the cohort is simulated
    assert len(model.ledger.contents) == report.n_train + report.n_valid
    assert model.card.level == RECORD_LEVEL
    assert outcome.summary.endswith(RECORD_LEVEL)


def test_the_same_inputs_are_not_trained_on_twice(outcome, made_up_workdir, made_up_real, made_up_cohort):
    again = train_models(made_up_workdir, PARAMS, made_up_real.ref, made_up_cohort.ref)
    assert again.reused is True
    assert (again.ref, again.summary) == (outcome.ref, outcome.summary)


def test_a_model_is_registered_where_the_report_speaks_for_it_and_nowhere_else(outcome, tmp_path):
    report = open_dataset(outcome.ref).report(TrainReport)
    registered = register_if_better(tmp_path, outcome.ref, "demo", tracking_uri=None)
    assert (registered is not None) == report.fit_for_registration
    assert len(list_models(default_tracking_uri(tmp_path))) == report.fit_for_registration
