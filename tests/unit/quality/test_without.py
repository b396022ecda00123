"""What a withdrawal leaves: the others as they were, and nothing of the one who is gone."""

import numpy as np
import polars as pl
import pytest
from small_hospital import ingested, readings_of, records_of

from chiron.datasets.dataset import open_dataset
from chiron.datasets.shards import ArrayLayout
from chiron.datasets.verify import verify_dataset
from chiron.errors import BadParameters
from chiron.quality.validate import validate_dataset
from chiron.quality.without import dataset_without
from schemas.gate import FAILING, GateReport
from schemas.manifest import Kind
from schemas.params import ValidateParams
from schemas.quality import RECORDINGS
from schemas.tables import LABELS, RECORDS, SPLITS

GONE = ("r00007", "r00008")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A validated dataset, and the same without two records: all that one patient has."""
    workdir = tmp_path_factory.mktemp("workdir")
    patients = [f"p{i if i != 8 else 7:05}" for i in range(60)]
    parent = ingested(workdir, records_of(patient_id=patients), readings_of())
    before = open_dataset(validate_dataset(workdir, ValidateParams(suspects=False), parent).ref)
    return before, open_dataset(dataset_without(workdir, before, GONE).ref)


def test_the_others_keep_every_row_and_every_sample(made):
    before, after = made
    for spec in (RECORDS, LABELS, RECORDINGS):
        rows = before.table(spec).filter(~pl.col("record_id").is_in(GONE))
        assert rows.drop("sample_offset", strict=False).equals(after.table(spec).drop("sample_offset", strict=False))
    old = {row["record_id"]: row for row in before.table(RECORDS).iter_rows(named=True)}
    for row in after.table(RECORDS).iter_rows(named=True):
        assert np.array_equal(after.signal(row), before.signal(old[row["record_id"]]))
    assert after.table(SPLITS).equals(before.table(SPLITS).filter(pl.col("patient_id") != "p00007"))


def test_nothing_is_left_of_the_patient_in_any_file(made):
    _, after = made
    for path in after.folder.rglob("*"):
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path)
            text = frame.write_json()
            assert not any(name in text for name in (*GONE, "p00007"))
        elif path.is_file():
            assert not any(name.encode() in path.read_bytes() for name in (*GONE, "p00007"))
    assert ArrayLayout.read(after.folder).n_samples == 58 * 1000


def test_the_new_dataset_is_whole_and_its_gate_counts_what_is_left(made):
    before, after = made
    manifest = verify_dataset(after.folder)
    assert not after.report(GateReport).blocked
    assert after.has(FAILING)
    (parent,) = manifest.parents
    assert (manifest.kind, parent.content_sha256) == (Kind.VALIDATED, before.manifest.content_sha256)
    withdrawn = manifest.parameters["withdrawn"]
    assert (withdrawn["n_records"], withdrawn["n_patients"]) == (2, 1)


def test_another_withdrawal_from_the_same_dataset_is_another_dataset(made):
    before, after = made
    other = dataset_without(before.folder.parents[1], before, ("r00001", "r00002"))
    assert other.ref.content_sha256 != after.manifest.content_sha256


def test_a_group_that_was_called_by_the_patient_gets_another_name_and_keeps_its_split(tmp_path):
    shared = [("a" * 64) if i in (3, 5) else f"{i:064x}" for i in range(60)]
    parent = ingested(tmp_path, records_of(n_samples=[0] * 60, signal_sha256=shared), readings_of())
    before = open_dataset(validate_dataset(tmp_path, ValidateParams(suspects=False), parent).ref)
    old = {row["patient_id"]: row for row in before.table(SPLITS).iter_rows(named=True)}
    assert old["p00005"]["group_id"] == "p00003"
    after = open_dataset(dataset_without(tmp_path, before, ["r00003"]).ref)
    new = {row["patient_id"]: row for row in after.table(SPLITS).iter_rows(named=True)}
    assert new["p00005"] == {**old["p00005"], "group_id": "p00005"}


def test_nothing_to_keep_is_refused(made):
    before, _ = made
    with pytest.raises(BadParameters, match="expected records that stay"):
        dataset_without(before.folder.parents[1], before, before.table(RECORDS)["record_id"].to_list())
