"""From a dataset to arrays: which outputs, which records, which leads."""

import numpy as np
import polars as pl
import pytest

from chiron.errors import BadParameters
from chiron.learning.examples import View, collect, common_codes, labelled_records, lead_rows
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, SINUS_RHYTHM, SplitName
from schemas.manifest import Kind
from schemas.tables import LABELS
from schemas.training import WindowSpec
from tests.unit.learning.conftest import make_dataset


@pytest.mark.parametrize("split", list(SplitName))
def test_only_labels_of_the_training_split_decide_what_is_learned(made_up_workdir, split):
    cohort = make_dataset(made_up_workdir, Kind.COHORT, "cohort", 30, first=1000, noise_read_in="train")
    real = make_dataset(made_up_workdir, Kind.VALIDATED, "hospital", 40, noise_read_in=split.value)
    codes = common_codes(real, cohort, ATRIAL_FIBRILLATION)
    assert (NOISE in codes) == (split is SplitName.TRAIN)
    assert set(codes) - {NOISE} == {ATRIAL_FIBRILLATION, SINUS_RHYTHM}


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
