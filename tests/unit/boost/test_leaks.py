"""Planted leaks: training stops before it begins where the test split holds what will be trained on."""

from pathlib import Path

import numpy as np
import pytest
from hearts import Recorded, heart, hearts_dataset

from chiron.boost.experiment import begin
from chiron.errors import DataError
from schemas.boost import BoostPlan
from schemas.training import WindowSpec

PLAN = BoostPlan(primary_size=8)
WINDOW = WindowSpec(duration_s=10)
REAL = [
    Recorded(f"r{i}", f"p{i}", heart(i, n_leads=1), split=("train", "test", "train")[i % 3], has_finding=i % 2 == 0)
    for i in range(24)
]
REAL += [Recorded(f"v{i}", f"v{i}", heart(200 + i, n_leads=1), split="valid", has_finding=i % 2 == 0) for i in range(2)]
COHORT = [Recorded(f"c{i}", f"c{i}", heart(500 + i, n_leads=1), has_finding=i % 2 == 0) for i in range(6)]


@pytest.mark.parametrize(
    "planted",
    [
        Recorded("x", "somebody else", REAL[0].signal, split="test"),
        Recorded("x", "somebody else", REAL[0].signal[:, 25:], split="test"),
        Recorded("x", "somebody else", (REAL[0].signal // 2 - 100).astype(np.int16), split="test"),
    ],
    ids=["same", "shifted", "rescaled"],
)
def test_a_recording_of_the_training_split_is_not_tested_on_under_another_name(tmp_path: Path, planted: Recorded):
    real = hearts_dataset(tmp_path / "w", "real", [*REAL, planted])
    cohort = hearts_dataset(tmp_path / "w", "cohort", COHORT)
    with pytest.raises(DataError, match=r"of 9 records 0 patients, [01] recordings and [01] copies of recordings were"):
        begin(real, cohort, (), PLAN, tmp_path / "boost", window=WINDOW)


def test_patients_of_real_recordings_that_were_trained_on_first_are_not_tested_on(tmp_path: Path):
    real = hearts_dataset(tmp_path / "w", "real", REAL)
    elsewhere = [*COHORT, Recorded("y", "p1", heart(1, visit=1, n_leads=1))]  # p1 is in the test split
    cohort = hearts_dataset(tmp_path / "w", "cohort", elsewhere)
    with pytest.raises(DataError, match="of 8 records 1 patients, 0 recordings and 0 copies"):
        begin(real, cohort, (), PLAN, tmp_path / "boost", window=WINDOW)
