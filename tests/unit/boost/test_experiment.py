"""The whole experiment on made-up recordings, small enough for seconds."""

from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
import torch
from sklearn.metrics import roc_auc_score

from chiron.boost import arms, experiment
from chiron.boost.experiment import begin, conclude, run_boost, train_after, train_first
from chiron.datasets.dataset import Dataset
from chiron.errors import BadParameters
from schemas.boost import Arm, Control, MetricName, Mix, Target
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, SINUS_RHYTHM, SplitName
from schemas.manifest import Kind
from schemas.tables import LABELS, PREDICTIONS, SPLITS
from tests.unit.boost.conftest import TINY, WINDOW
from tests.unit.learning.conftest import make_dataset


def n_in(dataset: Dataset, split: SplitName) -> int:
    return dataset.table(SPLITS).filter(pl.col("split") == split.value).height


def truth_of(dataset: Dataset) -> dict[str, bool]:
    labels = dataset.table(LABELS).filter(pl.col("code") == ATRIAL_FIBRILLATION.code)
    return dict(zip(labels["record_id"], labels["probability"] > 0.5, strict=True))


def test_every_arm_is_in_the_table_at_every_size_with_its_positives(tiny_boost, made_up_real):
    n_train = n_in(made_up_real, SplitName.TRAIN)
    table = tiny_boost.report.tables[0]
    with_real = {(arm, n) for arm in TINY.arms for n in (20, n_train)}
    assert {(p.arm, p.n_real) for p in table.points} == {(Arm.SYNTHETIC_FIRST, 0), *with_real}
    assert {p.n_positive for p in table.points if p.n_real == n_train} == {tiny_boost.report.n_train_positive}
    assert {(t.metric, t.mix) for t in tiny_boost.report.tables} == {(m, x) for m in MetricName for x in Mix}


def test_the_table_is_the_auroc_of_the_predictions_as_scikit_learn_computes_it(tiny_boost, made_up_real):
    truth = truth_of(made_up_real)
    of_target = tiny_boost.predictions.filter(pl.col("code") == ATRIAL_FIBRILLATION.code)
    for point in tiny_boost.report.tables[0].points:
        own = of_target.filter((pl.col("arm") == point.arm.value) & (pl.col("n_real") == point.n_real))
        area = roc_auc_score([truth[r] for r in own["record_id"]], own["probability"])
        assert point.value.value == pytest.approx(area)
        assert point.runs == (pytest.approx(area),)


def test_predictions_hold_the_test_split_and_nothing_else_and_sum_to_one(tiny_boost, made_up_real):
    test = made_up_real.table(SPLITS).filter(pl.col("split") == "test")["patient_id"].to_list()
    assert sorted({f"patient-{r}" for r in tiny_boost.predictions["record_id"]}) == sorted(test)
    assert dict(tiny_boost.predictions.schema) == PREDICTIONS.columns
    sums = tiny_boost.predictions.group_by("record_id", "arm", "n_real").agg(pl.col("probability").sum())
    np.testing.assert_allclose(sums["probability"], 1.0, atol=1e-6)


def test_the_primary_contrast_is_against_the_best_arm_without_synthetic_data_on_the_valid_split(tiny_boost):
    report = tiny_boost.report
    assert (report.primary.arm, report.primary.n_real) == (Arm.SYNTHETIC_FIRST, 20)
    assert report.primary.reference is report.best_without is Arm.LOGISTIC  # its features tell these hearts apart
    assert report.primary.p_holm is None
    others = [c for table in report.tables for c in table.contrasts if not c.primary]
    assert all(c.p_holm is not None and c.p_holm >= c.p_value for c in others)
    assert report.is_boosted == (report.primary.difference.lower > 0)


def test_the_report_counts_the_labels_that_were_loaded(tiny_boost, made_up_real):
    steps = {step.code: step for step in tiny_boost.report.label_steps}
    n_positive = sum(truth_of(made_up_real).values())
    step = steps[ATRIAL_FIBRILLATION.code]
    assert (step.n_before, step.n_after) == (n_positive, n_positive)


def test_the_labels_of_the_test_split_change_no_weight_and_no_choice(
    tiny_boost, made_up_workdir, made_up_cohort, tmp_path
):
    flipped = make_dataset(made_up_workdir, Kind.VALIDATED, "hospital", 160, flip_labels_of="test")
    again = run_boost(begin(flipped, made_up_cohort, (), TINY, tmp_path, window=WINDOW))
    for name, value in tiny_boost.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name]), name
    np.testing.assert_array_equal(again.valid_probability_NC, tiny_boost.valid_probability_NC)
    assert again.report.best_without is tiny_boost.report.best_without
    first, second = (report.tables[0].points[0].value.value for report in (tiny_boost.report, again.report))
    assert second == pytest.approx(1 - first)


def test_no_job_can_see_a_label_of_the_test_split_and_none_its_recordings_before_the_end(
    made_up_real, made_up_cohort, tmp_path
):
    read: list[SplitName] = []
    collected = experiment._collected

    def watched(setup, split):
        read.append(split)
        return collected(setup, split)

    with patch.object(experiment, "_collected", watched):
        begun = begin(made_up_real, made_up_cohort, (), TINY, tmp_path, window=WINDOW)
        train_first(begun)
        train_after(begun)
        assert read == [SplitName.TRAIN, SplitName.VALID]
        conclude(begun)
    assert read == [SplitName.TRAIN, SplitName.VALID, SplitName.TEST]
    [shown] = (tmp_path / "arrays").glob("test-*")
    assert np.isnan(np.load(shown / "target_NC.npy")).all()


def test_what_is_done_is_not_done_again(tiny_boost, made_up_real, made_up_cohort, tmp_path):
    whole = run_boost(begin(made_up_real, made_up_cohort, (), TINY, tmp_path, window=WINDOW))
    with (
        patch.object(arms, "fit", side_effect=AssertionError),
        patch.object(arms, "fine_tuned", side_effect=AssertionError),
    ):
        again = run_boost(begin(made_up_real, made_up_cohort, (), TINY, tmp_path, window=WINDOW))
    assert again.report == whole.report == tiny_boost.report
    assert again.predictions.equals(tiny_boost.predictions)


def test_every_arm_and_control_comes_with_its_contrasts_and_efficiencies(
    made_up_real, made_up_cohort, made_up_workdir, tmp_path
):
    related = make_dataset(made_up_workdir, Kind.VALIDATED, "elsewhere", 40, first=3000)
    controls = (Control.SHUFFLED_LABELS, Control.RANDOM_PHASE, Control.CONTRADICTING_LABELS)
    steps = {"pretrain_steps": 3, "control_steps": 2, "finetune_steps": 2, "scratch_steps": 2}
    plan = TINY.model_copy(update={"arms": tuple(Arm), "controls": controls, "n_draws": 2, "sizes": (20,), **steps})
    report = run_boost(begin(made_up_real, made_up_cohort, (related,), plan, tmp_path, window=WINDOW)).report
    table = report.tables[0]
    n_train = report.n_train
    assert {(p.arm, p.n_real) for p in table.points} == {(arm, n) for arm in Arm for n in (20, n_train)}
    assert {p.n_runs for p in table.points} == {2}
    beside = {(c.arm, c.reference) for c in table.contrasts if c.n_real == 20}
    without = set(Arm) - {Arm.SYNTHETIC_FIRST, Arm.BOTH_FIRST}
    assert beside == {
        *((arm, reference) for arm in (Arm.SYNTHETIC_FIRST, Arm.BOTH_FIRST) for reference in without),
        (Arm.RELATED_FIRST, Arm.SCRATCH),
        (Arm.BOTH_FIRST, Arm.SYNTHETIC_FIRST),
    }
    assert {e.n_real for e in table.efficiencies} == {20, n_train}
    assert [c.control for c in report.controls] == list(controls)
    assert report.controls[-1].held  # three steps make no model that the gate would let in
    assert report.n_related == n_in(related, SplitName.TRAIN) + n_in(related, SplitName.VALID)
    values = {(p.arm, p.n_real): p.value.value for p in table.points}
    both, only_related, synthetic, scratch = (
        values[arm, 20] for arm in (Arm.BOTH_FIRST, Arm.RELATED_FIRST, Arm.SYNTHETIC_FIRST, Arm.SCRATCH)
    )
    assert report.interaction.value == pytest.approx((both - only_related) - (synthetic - scratch))


def test_labels_that_the_cohort_and_the_target_do_not_share_are_refused(made_up_real, made_up_cohort, tmp_path):
    classes = TINY.model_copy(update={"target": Target(classes=(tuple(ATRIAL_FIBRILLATION), tuple(NOISE)))})
    with pytest.raises(BadParameters, match=r"cohort cohort: expected records with and without each class, found none"):
        begin(made_up_real, made_up_cohort, (), classes, tmp_path)
    other = TINY.model_copy(update={"target": Target(code_system=NOISE.system, code=NOISE.code)})
    with pytest.raises(BadParameters, match="expected records with and without it in both datasets"):
        begin(made_up_real, made_up_cohort, (), other, tmp_path)


def test_too_few_records_of_one_kind_are_refused(made_up_workdir, made_up_cohort, tmp_path):
    few = make_dataset(made_up_workdir, Kind.VALIDATED, "few", 12)
    with pytest.raises(BadParameters, match="expected at least 5 training records with it and as many without"):
        begin(few, made_up_cohort, (), TINY, tmp_path, window=WINDOW)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"primary_size": 5000}, "primary_size: expected at most the 67 training records, found 5,000"),
        ({"arms": (Arm.SCRATCH, Arm.FOREST)}, "arms: expected `synthetic first` and at least one without"),
        ({"arms": (Arm.SYNTHETIC_FIRST,)}, "arms: expected `synthetic first` and at least one without"),
        ({"arms": (*TINY.arms, Arm.RELATED_FIRST)}, "arms related first: expected related datasets, found none"),
    ],
)
def test_a_plan_that_can_not_be_carried_out_is_refused_before_anything_is_trained(
    made_up_real, made_up_cohort, tmp_path, changed, message
):
    with pytest.raises(BadParameters, match=message):
        begin(made_up_real, made_up_cohort, (), TINY.model_copy(update=changed), tmp_path, window=WINDOW)
    assert not (tmp_path / "jobs").exists()


def test_records_that_have_several_of_the_classes_are_refused(made_up_workdir, made_up_real, made_up_cohort, tmp_path):
    real = make_dataset(made_up_workdir, Kind.VALIDATED, "noisy", 160, noise_read_in="train")
    cohort = make_dataset(made_up_workdir, Kind.COHORT, "noisy-cohort", 60, first=1000, noise_read_in="train")
    target = Target(classes=(tuple(ATRIAL_FIBRILLATION), tuple(SINUS_RHYTHM), tuple(NOISE)))
    with pytest.raises(BadParameters, match="expected exactly one for each training record"):
        begin(real, cohort, (), TINY.model_copy(update={"target": target}), tmp_path, window=WINDOW)


def test_the_unit_is_the_record_where_patients_are_unknown(tiny_boost):
    assert tiny_boost.report.unit == "record"
