import errno
import multiprocessing
import resource
import shutil
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

import numpy as np
import pytest
from made_up_records import made_up_records, with_made_up_records

from chiron.datasets import disk
from chiron.datasets.dataset import open_dataset
from chiron.datasets.signals import signal_sha256
from chiron.datasets.verify import verify_dataset
from chiron.errors import EnvironmentFault, GateClosed
from chiron.progress import show_progress_with
from chiron.synthesis import parts
from chiron.synthesis.cohort import synthesize_cohort
from chiron.synthesis.parts import Layout, missing_batches, start_parts, write_batch
from schemas.cohort import CohortSpec
from schemas.gate import GateReport
from schemas.params import SynthesizeParams
from schemas.tables import RECORDS

PARAMS = SynthesizeParams(cohort=CohortSpec(n_records=50, duration_s=6))  # of 600 samples each


@pytest.fixture(scope="module", autouse=True)
def _made_up():
    with patch.object(parts, "synthesize_records", made_up_records):
        yield


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return synthesize_cohort(tmp_path_factory.mktemp("reference"), PARAMS, batch_records=50, shard_samples=2**22)


class Killed(BaseException):
    """Stands for a signal that ends the run."""


def test_every_record_is_stored_as_it_was_made(reference):
    dataset = open_dataset(reference.ref)
    made = made_up_records(PARAMS.cohort, 0, 50)
    for row, signal in zip(dataset.table(RECORDS).to_dicts(), made.signals, strict=True):
        assert np.array_equal(dataset.signal(row), signal)
        assert row["signal_sha256"] == signal_sha256(signal)
    assert dataset.manifest.simulated
    assert not dataset.report(GateReport).blocked
    assert reference.summary == "50 synthetic records of 6 s"


@pytest.mark.parametrize(("batch_records", "shard_samples"), [(7, 2**12), (20, 2**16), (1000, 2**19), (3, 2**8)])
def test_batches_and_shards_do_not_change_the_content(tmp_path, reference, batch_records, shard_samples):
    other = synthesize_cohort(tmp_path, PARAMS, batch_records=batch_records, shard_samples=shard_samples)
    assert other.ref.content_sha256 == reference.ref.content_sha256
    verify_dataset(Path(other.ref.path))  # what was hashed where it was made is what lies there


def test_records_that_are_made_a_few_at_a_time_are_the_same(tmp_path, reference, monkeypatch):
    monkeypatch.setattr(parts, "_BLOCK_SAMPLES", 7 * 600)
    other = synthesize_cohort(tmp_path, PARAMS, batch_records=20, shard_samples=2**14)
    assert other.ref.content_sha256 == reference.ref.content_sha256
    verify_dataset(Path(other.ref.path))


@pytest.mark.parametrize(
    ("batch_records", "shard_samples", "fitting", "n_batches"),
    [
        (1000, 6000, 10, 5),  # ten records of 600 samples fill a shard
        (4, 6000, 4, 13),
        (1000, 500, 1, 50),  # a record is more than a shard
        (1000, 2**25, 50, 1),
    ],
)
def test_a_batch_is_as_many_records_as_fill_a_shard(batch_records, shard_samples, fitting, n_batches):
    layout = Layout.of(PARAMS.cohort, batch_records=batch_records, shard_samples=shard_samples)
    assert (layout.batch_records, layout.n_batches) == (fitting, n_batches)
    assert layout.region_samples % shard_samples == 0
    assert layout.region_samples >= layout.batch_records * 600


def test_several_processes_make_the_same_cohort(tmp_path, reference):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:

        def over_processes(function, items):
            return pool.map(partial(with_made_up_records, function), items)

        other = synthesize_cohort(tmp_path, PARAMS, map=over_processes, batch_records=9, shard_samples=2**13)
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

    def remembering(function, items):
        wanted = list(items)
        asked.extend(wanted)
        return map(function, wanted)

    seen = []
    with show_progress_with(lambda what, done, total: seen.append((what, done, total))):
        outcome = synthesize_cohort(tmp_path, PARAMS, map=remembering, batch_records=10, shard_samples=2**14)
    assert asked == [3, 4, "events", "annotations", "labels", "parameters", "records"]
    assert seen == [("synthetic records", n, 50) for n in (30, 40, 50)]
    assert outcome.ref.content_sha256 == reference.ref.content_sha256


def test_a_run_that_was_killed_while_tables_were_joined_makes_no_record_again(tmp_path, reference):
    with pytest.raises(Killed):
        synthesize_cohort(tmp_path, PARAMS, map=_killed_after(7), batch_records=10, shard_samples=2**14)
    with patch.object(parts, "synthesize_records", _never):
        outcome = synthesize_cohort(tmp_path, PARAMS, batch_records=10, shard_samples=2**14)
    assert outcome.ref.content_sha256 == reference.ref.content_sha256


def test_a_killed_run_with_another_layout_starts_anew(tmp_path, reference):
    with pytest.raises(Killed):
        synthesize_cohort(tmp_path, PARAMS, map=_killed_after(2), batch_records=10, shard_samples=2**14)
    outcome = synthesize_cohort(tmp_path, PARAMS, batch_records=13, shard_samples=2**15)
    assert outcome.ref.content_sha256 == reference.ref.content_sha256
    assert not [p for p in Path(outcome.ref.path).rglob("*") if "parts" in p.parts]


def test_a_batch_that_was_cut_off_is_made_again(tmp_path, reference, monkeypatch):
    monkeypatch.setattr(parts, "_publish", _kill)  # the samples and tables are written, the batch is not whole
    with pytest.raises(Killed):
        synthesize_cohort(tmp_path, PARAMS, batch_records=50, shard_samples=2**14)
    monkeypatch.undo()
    outcome = synthesize_cohort(tmp_path, PARAMS, batch_records=50, shard_samples=2**14)
    assert outcome.ref.content_sha256 == reference.ref.content_sha256


def test_a_batch_that_two_processes_made_is_whole(tmp_path, reference):
    """A cluster that lost sight of a worker gives its batch to another, while the first one still writes."""

    def twice(function, items):
        for item in items:
            if isinstance(item, int):
                with patch.object(parts, "_publish", _after_another(function, item)):
                    yield function(item)
            else:
                yield function(item)

    outcome = synthesize_cohort(tmp_path, PARAMS, map=twice, batch_records=10, shard_samples=2**12)
    assert outcome.ref.content_sha256 == reference.ref.content_sha256
    verify_dataset(Path(outcome.ref.path))


def test_a_worker_that_outlives_its_run_can_publish_nothing(tmp_path):
    layout = Layout.of(PARAMS.cohort, batch_records=10, shard_samples=2**14)
    abandoned = start_parts(tmp_path, layout)
    at_work = Path(mkdtemp(dir=abandoned.unfinished))
    present = start_parts(tmp_path, layout)
    assert not at_work.exists()
    with pytest.raises(FileNotFoundError):
        write_batch(abandoned, PARAMS.cohort, 0)
    assert missing_batches(present) == list(range(5))
    assert not list(tmp_path.rglob("c/*"))
    write_batch(present, PARAMS.cohort, 0)
    assert missing_batches(present) == [1, 2, 3, 4]


@pytest.mark.parametrize("n_bytes", [1_000, 20_000])
def test_a_full_disk_leaves_nothing_in_sight_and_the_run_goes_on_when_there_is_room(
    tmp_path, reference, monkeypatch, n_bytes
):
    monkeypatch.setattr(disk, "_LITTLE_BYTES", 2**63)  # Polars does not say that a file may not be that large
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    made = partial(synthesize_cohort, tmp_path, PARAMS, batch_records=50, shard_samples=2**16)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        with pytest.raises(EnvironmentFault, match="expected room to write"):
            made()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (tmp_path / "synthesize").exists()
    assert not list(tmp_path.rglob("unfinished-*/*"))
    assert made().ref.content_sha256 == reference.ref.content_sha256


def test_a_disk_that_fills_up_later_costs_no_finished_batch(tmp_path, reference, monkeypatch):
    def full_after_two(spec, first, stop):
        if first >= 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return made_up_records(spec, first, stop)

    monkeypatch.setattr(parts, "synthesize_records", full_after_two)
    with pytest.raises(EnvironmentFault, match="expected room to write"):
        synthesize_cohort(tmp_path, PARAMS, batch_records=10, shard_samples=2**14)
    asked = []
    monkeypatch.setattr(parts, "synthesize_records", lambda *given: asked.append(given[1:]) or made_up_records(*given))
    outcome = synthesize_cohort(tmp_path, PARAMS, batch_records=10, shard_samples=2**14)
    assert asked == [(20, 30), (30, 40), (40, 50)]
    assert outcome.ref.content_sha256 == reference.ref.content_sha256


def test_a_cohort_that_the_disk_has_no_room_for_is_refused_before_it_starts(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: usage._replace(free=10**5))
    with pytest.raises(EnvironmentFault, match=r"^disk: expected 0\.0 GB free"):
        synthesize_cohort(tmp_path, PARAMS, map=_never, batch_records=10, shard_samples=2**14)


def test_a_cohort_that_is_not_as_specified_is_refused(tmp_path, monkeypatch):
    def silent(spec, first, stop):
        records = made_up_records(spec, first, stop)
        return records._replace(signals=np.zeros_like(records.signals))

    monkeypatch.setattr(parts, "synthesize_records", silent)
    with pytest.raises(GateClosed, match="leads without a signal: expected none, found 50"):
        synthesize_cohort(tmp_path, PARAMS, batch_records=10, shard_samples=2**14)
    assert not (tmp_path / "synthesize").exists()


def test_another_seed_is_another_cohort(tmp_path, reference):
    params = SynthesizeParams(cohort=PARAMS.cohort.model_copy(update={"seed": 2}))
    other = synthesize_cohort(tmp_path, params, batch_records=50, shard_samples=2**20)
    assert other.ref.content_sha256 != reference.ref.content_sha256


def _killed_after(n):
    """A map that is killed in place of its call number `n`, counted over all its lists."""
    called = []

    def over(function, items):
        for item in items:
            if len(called) == n:
                raise Killed
            called.append(item)
            yield function(item)

    return over


def _after_another(function, item):
    """Publish a batch after another process has made it from the beginning to the end."""
    publish = parts._publish

    def late(*given):
        with patch.object(parts, "_publish", publish):
            function(item)
        publish(*given)

    return late


def _never(*_):
    raise AssertionError("the cohort was made again")


def _kill(*_):
    raise Killed
