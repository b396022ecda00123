import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from chiron.datasets.dataset import open_dataset
from chiron.datasets.signals import signal_sha256
from chiron.progress import show_progress_with
from chiron.synthesis import cohort
from chiron.synthesis.batch import synthesize_batch
from chiron.synthesis.cohort import synthesize_cohort
from schemas.cohort import CohortSpec
from schemas.gate import GateReport
from schemas.params import SynthesizeParams
from schemas.tables import RECORDS

PARAMS = SynthesizeParams(cohort=CohortSpec(n_records=50, duration_s=6))


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return synthesize_cohort(tmp_path_factory.mktemp("reference"), PARAMS, batch_records=50, shard_samples=2**22)


class Killed(BaseException):
    """Stands for a signal that ends the run."""


def test_every_record_is_stored_as_it_was_made(reference):
    dataset = open_dataset(reference.ref)
    made = synthesize_batch(PARAMS.cohort, 0, 50)
    for row, signal in zip(dataset.table(RECORDS).to_dicts(), made.signals, strict=True):
        assert np.array_equal(dataset.signal(row), signal)
        assert row["signal_sha256"] == signal_sha256(signal)
    assert dataset.manifest.simulated
    assert not dataset.report(GateReport).blocked
    assert reference.summary == "50 synthetic records of 6 s"


@pytest.mark.parametrize(("batch_records", "shard_samples"), [(7, 2**12), (20, 2**16), (1000, 2**19)])
def test_batches_and_shards_do_not_change_the_content(tmp_path, reference, batch_records, shard_samples):
    other = synthesize_cohort(tmp_path, PARAMS, batch_records=batch_records, shard_samples=shard_samples)
    assert other.ref.content_sha256 == reference.ref.content_sha256


def test_several_processes_make_the_same_cohort(tmp_path, reference):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        other = synthesize_cohort(tmp_path, PARAMS, map=pool.map, batch_records=9, shard_samples=2**13)
    assert other.ref.content_sha256 == reference.ref.content_sha256


def test_a_finished_cohort_is_not_made_again(tmp_path):
    first = synthesize_cohort(tmp_path, PARAMS, batch_records=25, shard_samples=2**16)
    again = synthesize_cohort(tmp_path, PARAMS, map=_never, batch_records=10, shard_samples=2**18)
    assert again.reused
    assert again.ref == first.ref


def test_a_killed_run_goes_on_with_the_batches_that_are_missing(tmp_path, reference):
    with pytest.raises(Killed):
        synthesize_cohort(tmp_path, PARAMS, map=_killed_after(3), batch_records=10, shard_samples=2**14)
    asked = []

    def remembering(function, batches):
        asked.extend(batches)
        return map(function, asked)

    seen = []
    with show_progress_with(lambda what, done, total: seen.append((what, done, total))):
        outcome = synthesize_cohort(tmp_path, PARAMS, map=remembering, batch_records=10, shard_samples=2**14)
    assert asked == [3, 4]
    assert seen == [("synthetic records", n, 50) for n in (30, 40, 50)]
    assert outcome.ref.content_sha256 == reference.ref.content_sha256


def test_a_killed_run_with_another_layout_starts_anew(tmp_path, reference):
    with pytest.raises(Killed):
        synthesize_cohort(tmp_path, PARAMS, map=_killed_after(2), batch_records=10, shard_samples=2**14)
    outcome = synthesize_cohort(tmp_path, PARAMS, batch_records=13, shard_samples=2**15)
    assert outcome.ref.content_sha256 == reference.ref.content_sha256
    assert not [p for p in Path(outcome.ref.path).rglob("*") if "parts" in p.parts]


def test_a_batch_that_was_cut_off_is_made_again(tmp_path, reference, monkeypatch):
    monkeypatch.setattr(cohort, "count_batch", _kill)  # the samples and tables are written, the batch is not whole
    with pytest.raises(Killed):
        synthesize_cohort(tmp_path, PARAMS, batch_records=50, shard_samples=2**14)
    monkeypatch.undo()
    outcome = synthesize_cohort(tmp_path, PARAMS, batch_records=50, shard_samples=2**14)
    assert outcome.ref.content_sha256 == reference.ref.content_sha256


def test_another_seed_is_another_cohort(tmp_path, reference):
    params = SynthesizeParams(cohort=PARAMS.cohort.model_copy(update={"seed": 2}))
    other = synthesize_cohort(tmp_path, params, batch_records=50, shard_samples=2**20)
    assert other.ref.content_sha256 != reference.ref.content_sha256


def _killed_after(n):
    def over(function, batches):
        for done, k in enumerate(batches):
            if done == n:
                raise Killed
            yield function(k)

    return over


def _never(function, batches):
    raise AssertionError("the cohort was made again")


def _kill(batch):
    raise Killed
