"""Cohorts on real Dask workers, which are killed; and a parent that is killed."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest
from dying_workers import dies_before_publishing

from chiron.datasets.verify import verify_dataset
from chiron.errors import EnvironmentFault
from chiron.settings import settings
from chiron.synthesis import parts
from chiron.synthesis.cohort import synthesize_cohort
from schemas.cohort import CohortSpec
from schemas.params import SynthesizeParams
from tasks.cluster import process_map

pytestmark = pytest.mark.slow

PARAMS = SynthesizeParams(cohort=CohortSpec(n_records=120, duration_s=10, leads=("I", "V2")))
PARENT = """
import sys
from pathlib import Path
from chiron.synthesis.cohort import synthesize_cohort
from schemas.params import SynthesizeParams
from tasks.cluster import process_map

if __name__ == "__main__":
    params = SynthesizeParams.model_validate_json(sys.argv[2])
    with process_map() as over:
        synthesize_cohort(Path(sys.argv[1]), params, map=over, batch_records=2, shard_samples=2**14)
"""


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    made = synthesize_cohort(tmp_path_factory.mktemp("reference"), PARAMS, batch_records=120, shard_samples=2**22)
    return made.ref.content_sha256


@pytest.fixture
def marks(tmp_path):
    (tmp_path / "marks").mkdir()
    return tmp_path / "marks"


@pytest.mark.parametrize("n_workers", ["1", "2", "4"])
def test_any_number_of_workers_makes_the_same_cohort(tmp_path, reference, monkeypatch, n_workers):
    monkeypatch.setenv("CHIRON_WORKERS", n_workers)
    settings.cache_clear()
    with process_map() as over:
        made = synthesize_cohort(tmp_path, PARAMS, map=over, batch_records=10, shard_samples=2**16)
    assert made.ref.content_sha256 == reference
    verify_dataset(Path(made.ref.path))


def test_workers_have_one_thread_and_keep_memory_and_this_process_keeps_its_environment(monkeypatch):
    for name in ("MALLOC_TRIM_THRESHOLD_", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"):
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)
    with process_map() as over:
        found = list(over(os.getenv, ["MALLOC_TRIM_THRESHOLD_", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"]))
    assert found == [None, "1", "1"]
    assert dict(os.environ) == before


def test_a_batch_whose_worker_is_killed_is_made_by_another(tmp_path, reference, marks):
    with process_map() as cluster:

        def over(function, items):
            return cluster(partial(dies_before_publishing, 1, marks, function), items)

        made = synthesize_cohort(tmp_path / "w", PARAMS, map=over, batch_records=20, shard_samples=2**16)
    assert len(list(marks.iterdir())) == 1
    assert made.ref.content_sha256 == reference
    verify_dataset(Path(made.ref.path))


def test_a_batch_that_kills_every_worker_is_an_error_and_the_rest_is_kept(tmp_path, reference, marks):
    with process_map() as cluster:

        def over(function, items):
            return cluster(partial(dies_before_publishing, 9, marks, function), items)

        with pytest.raises(EnvironmentFault, match="4 of them died of the same batch"):
            synthesize_cohort(tmp_path / "w", PARAMS, map=over, batch_records=20, shard_samples=2**16)
    assert not (tmp_path / "w" / "synthesize").exists()
    made = synthesize_cohort(tmp_path / "w", PARAMS, batch_records=20, shard_samples=2**16)
    assert made.ref.content_sha256 == reference


def test_a_run_whose_parent_is_killed_goes_on_where_it_stopped(tmp_path, reference):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "w"), PARAMS.model_dump_json()])
    while len(finished := _finished(tmp_path)) < 5:
        assert parent.poll() is None
        time.sleep(0.01)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert not (tmp_path / "w" / "synthesize").exists()
    with patch.object(parts, "synthesize_records", wraps=parts.synthesize_records) as makes:
        made = synthesize_cohort(tmp_path / "w", PARAMS, batch_records=2, shard_samples=2**14)
    assert made.ref.content_sha256 == reference
    assert 0 < makes.call_count <= 60 - len(finished)
    verify_dataset(Path(made.ref.path))


def _finished(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("w/.partial/*/parts/0*"))
