"""The whole experiment on made-up recordings, small enough for seconds."""

import numpy as np
import polars as pl
import pytest
import torch

from chiron.errors import BadParameters
from chiron.learning.examples import View, collect, common_codes, labelled_records, lead_rows
from chiron.learning.experiment import Experiment, run_experiment
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, SINUS_RHYTHM, SplitName
from schemas.manifest import Kind
from schemas.params import TrainParams
from schemas.tables import LABELS, PREDICTIONS, SPLITS
from schemas.training import WindowSpec
from tests.unit.learning.conftest import make_dataset

PARAMS = TrainParams(
    window=WindowSpec(duration_s=10), n_real=(20,), pretrain_epochs=16, finetune_steps=6, scratch_steps=8
)


@pytest.fixture(scope="module")
def experiment(made_up_real, made_up_cohort) -> Experiment:
    return run_experiment(made_up_real, made_up_cohort, PARAMS)


def n_in(dataset, split: SplitName) -> int:
    return dataset.table(SPLITS).filter(pl.col("split") == split.value).height


def test_every_arm_is_there_at_every_size(experiment, made_up_real):
    n_train = n_in(made_up_real, SplitName.TRAIN)
    found = [(a.arm, a.n_real) for a in experiment.report.arms]
    with_real = [(arm, n) for n in (20, n_train) for arm in ("scratch", "forest", "synthetic first")]
    assert found == [("synthetic only", 0), *with_real]
    assert {(c.arm, c.reference, c.n_real) for c in experiment.report.comparisons} == {
        ("synthetic first", r, n) for n in (20, n_train) for r in ("scratch", "forest", "synthetic only")
    }


def test_the_report_counts_the_labels_that_were_loaded(experiment, made_up_real):
    steps = {step.code: step for step in experiment.report.label_steps}
    n_positive = made_up_real.table(LABELS).filter(code=ATRIAL_FIBRILLATION.code, probability=1.0).height
    assert (steps[ATRIAL_FIBRILLATION.code].n_before, steps[ATRIAL_FIBRILLATION.code].n_after) == (
        n_positive,
        n_positive,
    )


def test_a_network_that_saw_only_the_cohort_knows_the_real_records(experiment):
    """The cohort and the hospital are made alike here."""
    assert experiment.report.arms[0].auroc.value > 0.9


def test_predictions_hold_the_test_split_and_nothing_else(experiment, made_up_real):
    test = made_up_real.table(SPLITS).filter(pl.col("split") == "test")["patient_id"].to_list()
    predictions = experiment.predictions
    assert sorted({f"patient-{r}" for r in predictions["record_id"]}) == sorted(test)
    assert predictions.height == len(test) * len(experiment.report.arms)
    assert dict(predictions.schema) == PREDICTIONS.columns
    assert predictions["probability"].is_between(0, 1).all()


def test_the_labels_of_the_test_split_change_no_weight(experiment, made_up_workdir, made_up_cohort):
    flipped = make_dataset(made_up_workdir, Kind.VALIDATED, "hospital", 160, flip_labels_of="test")
    again = run_experiment(flipped, made_up_cohort, PARAMS)
    for name, value in experiment.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name]), name
    assert again.thresholds == experiment.thresholds
    assert again.report.arms[0].auroc.value == pytest.approx(1 - experiment.report.arms[0].auroc.value)


@pytest.mark.parametrize("split", list(SplitName))
def test_only_labels_of_the_training_split_decide_what_is_learned(made_up_workdir, split):
    cohort = make_dataset(made_up_workdir, Kind.COHORT, "cohort", 30, first=1000, noise_read_in="train")
    real = make_dataset(made_up_workdir, Kind.VALIDATED, "hospital", 40, noise_read_in=split.value)
    codes = common_codes(real, cohort, ATRIAL_FIBRILLATION)
    assert (NOISE in codes) == (split is SplitName.TRAIN)
    assert set(codes) - {NOISE} == {ATRIAL_FIBRILLATION, SINUS_RHYTHM}


def test_the_verdict_follows_the_difference_to_the_best_arm_without_synthetic_data(experiment):
    report = experiment.report
    n = report.n_train
    own, rivals = (
        [a.auroc.value for a in report.arms if a.n_real == n and a.arm in arms]
        for arms in (("synthetic first",), ("scratch", "forest"))
    )
    assert report.fit_for_registration == (own[0] > max(rivals))
    assert report.verdict.endswith(": registered." if report.fit_for_registration else " Not registered.")
    assert report.verdict.startswith("Synthetic data ")


def test_without_known_patients_the_unit_is_the_record(experiment):
    assert experiment.report.unit == "record"


def test_the_outputs_are_the_target_and_what_both_datasets_teach(made_up_real, made_up_cohort):
    assert common_codes(made_up_real, made_up_cohort, ATRIAL_FIBRILLATION) == (ATRIAL_FIBRILLATION, SINUS_RHYTHM)
    with pytest.raises(BadParameters, match="expected records with and without it in both datasets"):
        common_codes(made_up_real, made_up_cohort, NOISE)


def test_records_come_back_in_order_of_their_ids_with_their_own_labels(made_up_real):
    view = View(("I",), (ATRIAL_FIBRILLATION, NOISE), WindowSpec(duration_s=10))
    records = labelled_records(made_up_real, ATRIAL_FIBRILLATION, (SplitName.TRAIN,))
    found = collect(made_up_real, records, view)
    assert list(found.record_ids) == sorted(found.record_ids)
    labels = made_up_real.table(LABELS).filter(pl.col("code") == ATRIAL_FIBRILLATION.code)
    expected = dict(zip(labels["record_id"], labels["probability"], strict=True))
    assert found.examples.target_NC[:, 0].tolist() == [expected[r] for r in found.record_ids]
    assert np.isnan(found.examples.target_NC[:, 1]).all()
    assert not found.examples.weight_NC[:, 1].any()


def test_one_wanted_lead_takes_the_only_lead_there_is_and_several_must_be_there():
    assert lead_rows(["ECG"], ["I"]) == [0]
    assert lead_rows(["II", "I"], ["I"]) == [1]
    assert lead_rows(["I", "II", "V1"], ["V1", "I"]) == [2, 0]
    with pytest.raises(BadParameters, match="found a record without V2"):
        lead_rows(["I", "II"], ["I", "V2"])
