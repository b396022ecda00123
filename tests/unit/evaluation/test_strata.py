"""Groups of records: an area where there are enough of both kinds, counts elsewhere."""

import numpy as np
import polars as pl
import pytest
from hearts import Recorded, heart, hearts_dataset
from sklearn.metrics import roc_auc_score

from chiron.evaluation.strata import by_stratum, strata_of
from schemas.tables import RECORDS


def test_a_group_has_an_area_only_with_twenty_of_each_kind():
    rng = np.random.default_rng(1)
    truth = np.arange(120) % 3 == 0  # 40 with the finding
    score = truth + rng.standard_normal(120)
    groups = ["F"] * 60 + ["M"] * 57 + [None] * 3  # 20 with it among the first 60, 19 among the next
    women, men = by_stratum(truth, score, None, {"sex": groups})
    assert (women.group, women.n_records, women.n_positive) == ("F", 60, 20)
    assert women.auroc.value == pytest.approx(roc_auc_score(truth[:60], score[:60]))
    assert (men.group, men.n_records, men.n_positive, men.auroc) == ("M", 57, 19, None)


def test_twenty_without_the_finding_are_needed_too():
    truth = np.arange(60) >= 19
    assert by_stratum(truth, np.arange(60.0), None, {"sex": ["F"] * 60})[0].auroc is None


def test_records_of_one_patient_count_once():
    """Every record twice under one patient: the interval of the single ones."""
    rng = np.random.default_rng(2)
    truth = np.arange(60) < 30
    score = truth + rng.standard_normal(60)
    once = by_stratum(truth, score, np.arange(60), {"all": ["x"] * 60})[0]
    twice = by_stratum(np.repeat(truth, 2), np.repeat(score, 2), np.repeat(np.arange(60), 2), {"all": ["x"] * 120})[0]
    assert twice.auroc.lower == pytest.approx(once.auroc.lower)


def test_groups_come_from_what_the_dataset_states_and_one_group_for_all_is_none(tmp_path):
    rows = [Recorded(f"r{i}", f"p{i}", heart(i, n_leads=1), has_finding=i < 2) for i in range(4)]
    dataset = hearts_dataset(tmp_path, "groups", rows)
    described = dataset.table(RECORDS).with_columns(
        age_years=pl.Series([30.0, 70.0, 85.0, None]), sex=pl.Series(["F", "M", None, "F"])
    )
    assert strata_of(dataset, described) == {
        "sex": ["F", "M", None, "F"],
        "age": ["18-39", "65-79", "80+", None],
        "with atrial fibrillation": ["yes", "yes", None, None],
    }
