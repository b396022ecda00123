"""Labels from the dataset to the tensor, by hand: what is left out has a reason, what vanishes stops training."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from chiron.datasets.dataset import Dataset
from chiron.errors import GateClosed
from chiron.learning.examples import View, collect, labelled_records
from chiron.learning.loaded import loaded_steps, require_all_loaded
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, SINUS_RHYTHM, SplitName
from schemas.manifest import Kind
from schemas.tables import LABELS, RECORDS, SPLITS
from schemas.training import WindowSpec
from tests.unit.learning.conftest import make_dataset

CODES = (ATRIAL_FIBRILLATION, SINUS_RHYTHM)
VIEW = View(("I",), CODES, WindowSpec(duration_s=10))


@pytest.fixture(scope="module")
def hospital(made_up_workdir) -> Dataset:
    return make_dataset(made_up_workdir, Kind.VALIDATED, "loading", 60, noise_read_in="train")


def collected(dataset, *splits):
    return {s: collect(dataset, labelled_records(dataset, ATRIAL_FIBRILLATION, (s,)), VIEW) for s in splits}


def by_code(steps):
    return {step.code: step for step in steps}


def n_positive(dataset, code, split):
    patients = dataset.table(SPLITS).filter(split=split.value)
    records = dataset.table(RECORDS).join(patients, on="patient_id", how="semi")
    own = dataset.table(LABELS).filter(pl.col("code") == code.code, pl.col("probability") == 1)
    return own.join(records, on="record_id", how="semi").height


def test_every_label_is_loaded_or_left_out_for_a_reason(hospital):
    steps = by_code(loaded_steps(hospital, CODES, collected(hospital, *SplitName)))
    af, sinus, noise = (steps[c.code] for c in (ATRIAL_FIBRILLATION, SINUS_RHYTHM, NOISE))
    assert (af.n_before, af.n_after, af.reasons) == (20, 20, {})  # every third of 60
    assert (sinus.n_before, sinus.n_after, sinus.reasons) == (40, 40, {})
    assert (noise.n_after, noise.n_vanished) == (0, 0)
    assert noise.reasons == {"code is no output of the network": noise.n_before}


def test_labels_of_a_split_that_is_not_read_yet_are_in_another_split(hospital):
    steps = by_code(loaded_steps(hospital, CODES, collected(hospital, SplitName.TRAIN, SplitName.VALID)))
    n_test = n_positive(hospital, ATRIAL_FIBRILLATION, SplitName.TEST)
    assert n_test > 0
    assert steps[ATRIAL_FIBRILLATION.code].reasons == {"in another split": n_test}
    require_all_loaded(tuple(steps.values()))


def test_records_without_a_signal_or_a_target_are_not_loaded_for_that_reason(hospital, monkeypatch):
    """The first record has no samples, and the target of the second, which is in sinus rhythm, was never read."""
    first, second = sorted(hospital.table(RECORDS)["record_id"])[:2]
    no_samples = pl.when(pl.col("record_id") == first).then(0).otherwise("n_samples").alias("n_samples")
    unread = (pl.col("record_id") == second) & (pl.col("code") == ATRIAL_FIBRILLATION.code)
    tables = {
        RECORDS.name: hospital.table(RECORDS).with_columns(no_samples),
        LABELS.name: hospital.table(LABELS).filter(~unread),
        SPLITS.name: hospital.table(SPLITS),
    }
    monkeypatch.setattr(hospital, "scan", lambda spec: tables[spec.name].lazy())
    steps = by_code(loaded_steps(hospital, CODES, collected(hospital, *SplitName)))
    assert steps[ATRIAL_FIBRILLATION.code].reasons == {"no signal": 1}
    assert steps[SINUS_RHYTHM.code].reasons == {"target undecided or not read": 1}
    assert not any(step.n_vanished for step in steps.values())


def test_a_label_that_is_not_in_the_tensor_stops_training(hospital):
    loaded = collected(hospital, *SplitName)
    examples = loaded[SplitName.TRAIN].examples
    target = np.where(
        np.arange(target_rows := len(examples.target_NC))[:, None] < target_rows // 2, 0, examples.target_NC
    )
    n_gone = int(examples.target_NC[: target_rows // 2, 0].sum())
    loaded[SplitName.TRAIN] = replace(loaded[SplitName.TRAIN], examples=replace(examples, target_NC=target))
    with pytest.raises(
        GateClosed, match=f"164889003 in the tensor: expected 20 as in the dataset, found {20 - n_gone}"
    ):
        require_all_loaded(loaded_steps(hospital, CODES, loaded))
