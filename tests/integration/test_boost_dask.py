"""The boost experiment on real Dask workers, which are killed; and a parent that is killed, early and late."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from dying_workers import dies_in_pretraining

from chiron.boost.experiment import begin, run_boost
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.settings import settings
from schemas.boost import Arm, BoostPlan, BoostReport
from schemas.manifest import Kind
from schemas.training import WindowSpec
from tasks.cluster import process_map
from tests.unit.learning.conftest import make_dataset

pytestmark = pytest.mark.slow

WINDOW = WindowSpec(duration_s=10)
PLAN = BoostPlan(
    sizes=(0, 20),
    primary_size=20,
    arms=(Arm.SCRATCH, Arm.LOGISTIC, Arm.SYNTHETIC_FIRST),
    n_draws=2,
    pretrain_steps=40,
    finetune_steps=4,
    scratch_steps=4,
    n_resamples=100,
)
PARENT = """
import sys
from pathlib import Path
from chiron.boost.experiment import begin, run_boost
from chiron.datasets.dataset import open_dataset
from schemas.boost import BoostPlan
from schemas.training import WindowSpec
from tasks.cluster import process_map

if __name__ == "__main__":
    real, cohort, folder = map(Path, sys.argv[1:4])
    plan, window = BoostPlan.model_validate_json(sys.argv[4]), WindowSpec(duration_s=10)
    with process_map() as over:
        run_boost(begin(open_dataset(real), open_dataset(cohort), (), plan, folder, window=window), map=over)
"""

Datasets = tuple[Dataset, Dataset]


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Datasets:
    workdir = tmp_path_factory.mktemp("boost") / "work"
    real = make_dataset(workdir, Kind.VALIDATED, "hospital", 160)
    return real, make_dataset(workdir, Kind.COHORT, "cohort", 200, first=1000)


@pytest.fixture(scope="module")
def calm(datasets: Datasets, tmp_path_factory: pytest.TempPathFactory) -> BoostReport:
    """In this process, without a cluster."""
    return run_boost(begin(*datasets, (), PLAN, tmp_path_factory.mktemp("calm"), window=WINDOW)).report


@pytest.mark.parametrize("n_workers", ["1", "2"])
def test_any_number_of_workers_ends_with_the_same_table(datasets, calm, tmp_path, monkeypatch, n_workers):
    monkeypatch.setenv("CHIRON_WORKERS", n_workers)
    settings.cache_clear()
    with process_map() as over:
        assert run_boost(begin(*datasets, (), PLAN, tmp_path, window=WINDOW), map=over).report == calm


def test_a_worker_that_is_killed_while_it_pretrains_costs_nothing_but_time(datasets, calm, tmp_path):
    (tmp_path / "marks").mkdir()
    with process_map() as cluster:

        def over(function, items):
            return cluster(partial(dies_in_pretraining, 25, tmp_path / "marks", function), items)

        report = run_boost(begin(*datasets, (), PLAN, tmp_path / "boost", window=WINDOW), map=over).report
    assert (tmp_path / "marks" / "died").exists()
    assert report == calm


@pytest.mark.parametrize(
    "is_time",
    [
        lambda folder: any(folder.glob("jobs/*.checkpoint")),
        lambda folder: len(list(folder.glob("jobs/*.safetensors"))) >= 4,
        lambda folder: any(folder.glob("test/*.safetensors")),
    ],
    ids=["while it pretrains", "while it trains", "while it scores"],
)
def test_a_run_whose_parent_is_killed_goes_on_and_ends_with_the_same_table(
    datasets: Datasets, calm: BoostReport, tmp_path: Path, is_time: Callable[[Path], bool]
):
    command = [sys.executable, "-c", PARENT, *(str(each.folder) for each in datasets), str(tmp_path / "boost")]
    environment = {**os.environ, "CHIRON_CHECKPOINT_S": "0"}
    parent = subprocess.Popen([*command, PLAN.model_dump_json()], env=environment)
    while not is_time(tmp_path / "boost"):
        assert parent.poll() is None
        time.sleep(0.005)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    real, cohort = (open_dataset(each.folder) for each in datasets)
    assert run_boost(begin(real, cohort, (), PLAN, tmp_path / "boost", window=WINDOW)).report == calm
