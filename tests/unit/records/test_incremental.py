"""A source that grows: the work is what is new, the result that of one calm ingest."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import wfdb

from chiron.datasets.dataset import open_dataset
from chiron.datasets.verify import verify_dataset
from chiron.records.formats import describe as dispatch
from chiron.records.ingest import ingest_source
from schemas.ingested import IngestReport
from schemas.params import IngestParams
from schemas.tables import ANNOTATIONS, RECORDS

from .conftest import samples, write_record

PROFILE = """
name: ward
public: true
has_patients: true
simulated: false
licence: none
signals:
  - {format: wfdb, pattern: '.*\\.hea'}
own_labels:
  - {kind: header_codes, annotator_id: machine, annotator_kind: algorithm, code_system: SNOMED-CT}
tables:
  - kind: record_code
    annotator_id: panel
    annotator_kind: group
    code_system: CINC2017
    vocabulary: [N, A]
    pattern: 'labels-(?P<round>\\d+)\\.csv'
"""


@pytest.fixture
def profile(tmp_path):
    path = tmp_path / "ward.yaml"
    path.write_text(PROFILE)
    return str(path)


@pytest.fixture
def described(monkeypatch):
    """The names of the records whose files were opened."""
    names: list[str] = []
    real = dispatch.describe

    def counting(candidate, landing):
        names.append(candidate.name)
        return real(candidate, landing)

    monkeypatch.setattr("chiron.records.taking.describe", counting)
    return names


def write(folder: Path, number: int) -> None:
    write_record(
        folder, f"r{number:03}", samples(seed=number), comments=(f"Age: {20 + number}", "Dx: 164889003,426783006")
    )


def at_rest(folder: Path) -> None:
    """Move every change an hour into the past, before any listing."""
    for path in folder.rglob("*"):
        past = path.stat().st_mtime_ns - 3600 * 10**9
        os.utime(path, ns=(past, past))


def ingest(workdir: Path, source: Path, profile: str):
    return open_dataset(ingest_source(workdir, IngestParams(source=str(source), name="ward", profile=profile)).ref)


def test_only_what_is_new_is_read_and_the_result_is_that_of_one_ingest(tmp_path, profile, described):
    for number in range(10):
        write(tmp_path / "in", number)
    at_rest(tmp_path / "in")
    first = ingest(tmp_path / "work", tmp_path / "in", profile)
    described.clear()
    write(tmp_path / "in", 10)
    grown = ingest(tmp_path / "work", tmp_path / "in", profile)
    assert described == ["r010"]
    calm = ingest(tmp_path / "other", tmp_path / "in", profile)
    assert grown.manifest.content_sha256 == calm.manifest.content_sha256 != first.manifest.content_sha256
    assert grown.report(IngestReport) == calm.report(IngestReport)
    for row in grown.table(RECORDS).iter_rows(named=True):
        theirs = wfdb.rdrecord(str(tmp_path / "in" / row["record_id"]), physical=False)
        np.testing.assert_array_equal(grown.signal(row), theirs.d_signal.T)
    for dataset in (first, grown):
        verify_dataset(dataset.folder)


@pytest.mark.parametrize("order", [range(20), [*range(19, -1, -2), *range(0, 20, 2)]])
def test_a_source_that_grows_in_twenty_steps_ends_with_the_hash_of_one_calm_ingest(tmp_path, profile, order):
    """Every step brings records; some bring labels, a correction in a new round, or mend a file that was cut."""
    for number in range(40):
        write(tmp_path / "all", number)
    (tmp_path / "all" / "labels-1.csv").write_text("".join(f"r{i:03},{'NA'[i % 2]}\n" for i in range(40)))
    (tmp_path / "all" / "labels-2.csv").write_text("r003,N\nr004,A\n")
    late = {5: "labels-1.csv", 12: "labels-2.csv"}
    (tmp_path / "in").mkdir()
    for step in order:
        for number in (2 * step, 2 * step + 1):
            for suffix in ("hea", "dat"):
                shutil.copy2(tmp_path / "all" / f"r{number:03}.{suffix}", tmp_path / "in")
        if step in late:
            shutil.copy2(tmp_path / "all" / late[step], tmp_path / "in")
        if step == 7:
            os.truncate(tmp_path / "in" / "r015.dat", 100)
        if step == 9 and (tmp_path / "in" / "r015.dat").exists():
            shutil.copy2(tmp_path / "all" / "r015.dat", tmp_path / "in")
        grown = ingest(tmp_path / "work", tmp_path / "in", profile)
    shutil.copy2(tmp_path / "all" / "r015.dat", tmp_path / "in")
    grown = ingest(tmp_path / "work", tmp_path / "in", profile)
    calm = ingest(tmp_path / "calm", tmp_path / "all", profile)
    assert grown.manifest.content_sha256 == calm.manifest.content_sha256
    assert grown.report(IngestReport) == calm.report(IngestReport)
    assert calm.table(ANNOTATIONS).filter(annotator_id="panel", round=2).height == 4


def test_a_file_that_changed_is_read_again_and_one_that_went_is_gone(tmp_path, profile, described):
    for number in range(6):
        write(tmp_path / "in", number)
    at_rest(tmp_path / "in")
    ingest(tmp_path / "work", tmp_path / "in", profile)
    described.clear()
    write_record(tmp_path / "in", "r001", samples(seed=99))
    (tmp_path / "in" / "r002.hea").unlink()
    (tmp_path / "in" / "r002.dat").unlink()
    grown = ingest(tmp_path / "work", tmp_path / "in", profile)
    assert described == ["r001"]
    assert grown.table(RECORDS)["record_id"].to_list() == ["r000", "r001", "r003", "r004", "r005"]
    assert grown.manifest.content_sha256 == ingest(tmp_path / "calm", tmp_path / "in", profile).manifest.content_sha256


def test_without_its_memory_or_its_old_dataset_an_ingest_reads_everything_with_the_same_result(
    tmp_path, profile, described
):
    for number in range(4):
        write(tmp_path / "in", number)
    at_rest(tmp_path / "in")
    first = ingest(tmp_path / "work", tmp_path / "in", profile)
    write(tmp_path / "in", 4)
    shutil.rmtree(first.folder)
    described.clear()
    grown = ingest(tmp_path / "work", tmp_path / "in", profile)
    assert len(described) == 5
    assert grown.manifest.content_sha256 == ingest(tmp_path / "calm", tmp_path / "in", profile).manifest.content_sha256


def test_a_sample_of_more_than_sixteen_bits_widens_the_whole_array(tmp_path, profile):
    for number in range(3):
        write(tmp_path / "in", number)
    at_rest(tmp_path / "in")
    ingest(tmp_path / "work", tmp_path / "in", profile)
    write_record(tmp_path / "in", "wide", samples(seed=5) * 1000, fmt="32")
    wide = ingest(tmp_path / "work", tmp_path / "in", profile)
    assert wide.manifest.signals is not None
    assert wide.manifest.signals.dtype == "int32"
    row = wide.table(RECORDS).filter(record_id="wide").row(0, named=True)
    np.testing.assert_array_equal(wide.signal(row), samples(seed=5).T * 1000)
    assert wide.manifest.content_sha256 == ingest(tmp_path / "calm", tmp_path / "in", profile).manifest.content_sha256


def test_a_source_with_wide_samples_goes_on_like_any_other(tmp_path, profile, described):
    write_record(tmp_path / "in", "wide", samples(seed=5) * 1000, fmt="32")
    at_rest(tmp_path / "in")
    ingest(tmp_path / "work", tmp_path / "in", profile)
    write(tmp_path / "in", 1)
    described.clear()
    grown = ingest(tmp_path / "work", tmp_path / "in", profile)
    assert described == ["r001"]
    assert grown.manifest.content_sha256 == ingest(tmp_path / "calm", tmp_path / "in", profile).manifest.content_sha256
