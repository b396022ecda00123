import csv
import io

import numpy as np
import polars as pl
import pytest
import wfdb
from made_up_export import HOSTILE, SIGNALS, made_up_export

from chiron.datasets.dataset import open_dataset
from chiron.interchange.export import export_dataset
from chiron.records.ingest import ingest_source
from schemas.ingested import IngestReport
from schemas.interchange import ExportFormat
from schemas.params import IngestParams
from schemas.tables import ANNOTATIONS, EVENTS, FACTS, RECORDS


@pytest.fixture
def exported(tmp_path):
    """The dataset and its export."""

    def make(*, hostile=False):
        dataset = made_up_export(tmp_path / "work", hostile=hostile)
        export_dataset(dataset, tmp_path / "out", ExportFormat.WFDB)
        return dataset, tmp_path / "out"

    return make


@pytest.fixture
def ingest_again(tmp_path):
    def run(folder):
        params = IngestParams(name="again", source=str(folder), profile=str(folder / "profile.yaml"))
        return open_dataset(ingest_source(tmp_path / "other", params).ref)

    return run


def test_every_record_is_read_back_by_wfdb_with_the_samples_of_the_dataset(exported):
    dataset, folder = exported()
    records = dataset.table(RECORDS).filter(pl.col("n_samples") > 0)
    assert (folder / "RECORDS").read_text().split() == records["record_id"].to_list()
    for record in records.iter_rows(named=True):
        read = wfdb.rdrecord(str(folder / record["record_id"]))
        digital = SIGNALS[record["record_id"]]
        physical = (digital - np.array(record["baseline"])[:, None]) / np.array(record["gain_per_unit"])[:, None]
        physical[digital == np.iinfo(np.int32).min] = np.nan
        np.testing.assert_allclose(read.p_signal.T, physical, rtol=1e-15)
        assert (read.fs, read.units) == (record["fs_hz"], record["unit"])
        assert (read.adc_gain, read.baseline) == (record["gain_per_unit"], record["baseline"])


def test_a_header_states_age_sex_and_the_findings_of_the_label(exported):
    _, folder = exported()
    header = wfdb.rdheader(str(folder / "first"))
    assert header.comments == ["Age: 89.5", "Sex: F", "Height: 171.3", "Year: 1999", "Dx: 164889003"]


def test_beats_and_rhythms_of_each_annotator_and_round_are_annotation_files(exported):
    _, folder = exported()
    listed = (folder / "ANNOTATORS").read_text().splitlines()
    assert listed == ['atr\tdr, "who", round 2', 'aaa\tdr, "who", round 1', "aab\tpanel, round 1"]
    newest, first, panel = (wfdb.rdann(str(folder / "first"), suffix) for suffix in ("atr", "aaa", "aab"))
    assert (newest.symbol, list(newest.sample)) == (["V"], [5])
    assert (first.symbol, list(first.sample)) == (["+", "N", "+", "V"], [0, 1, 4, 4])
    assert first.aux_note == ["(AFIB", "", "(N", ""]
    assert (panel.symbol, list(panel.sample)) == (["(", ")"], [2, 3])


def test_the_folder_ingests_again_to_the_same_content_but_for_the_hash_of_the_files(exported, ingest_again):
    dataset, folder = exported()
    again = ingest_again(folder)
    for table in (ANNOTATIONS, EVENTS, FACTS):
        assert again.manifest.tables[table.name] == dataset.manifest.tables[table.name]
    differs = ["source_sha256", *RECORDS.layout]
    assert again.table(RECORDS).drop(differs).equals(dataset.table(RECORDS).drop(differs))
    assert again.report(IngestReport).quarantined == {}
    assert again.report(IngestReport).label_faults == {}


def test_the_hash_of_the_files_as_they_first_came_is_in_the_table_and_is_not_taken_for_that_of_these(
    exported, ingest_again
):
    _, folder = exported()
    again = ingest_again(folder).table(RECORDS)
    stated = {row["record"]: row for row in csv.DictReader((folder / "records-00000.csv").read_text().splitlines())}
    assert {row["source_sha256"] for row in stated.values()} == {"1" * 64, ""}
    recorded = again.filter(pl.col("n_samples") > 0)
    assert not set(recorded["source_sha256"]) & {"1" * 64}


def test_no_id_of_a_record_leads_outside_or_to_the_file_of_another(exported, ingest_again, tmp_path):
    dataset, folder = exported(hostile=True)
    assert not (tmp_path / "evil.hea").exists()
    names = (folder / "RECORDS").read_text().split("\n")[:-1]
    assert len({name.lower() for name in names}) == len(SIGNALS)
    assert sum(name.startswith("unsafe-") for name in names) == len(HOSTILE)
    rows = csv.DictReader(io.StringIO((folder / "records-00000.csv").read_bytes().decode(), newline=""))
    called = {row["record_id"]: row["record"] for row in rows}
    assert set(called) == set(dataset.table(RECORDS)["record_id"])
    for record in HOSTILE:
        read = wfdb.rdrecord(str(folder / called[record]), physical=False)
        np.testing.assert_array_equal(read.d_signal.T, SIGNALS[record])
    assert ingest_again(folder).table(RECORDS).height == dataset.table(RECORDS).height


def test_the_list_of_limits_names_what_this_dataset_has_and_nothing_else(tmp_path):
    dataset = made_up_export(tmp_path / "work")
    found = {limit.found: limit.n for limit in export_dataset(dataset, tmp_path / "out", ExportFormat.WFDB)}
    assert found["likelihoods that annotators stated"] == 3
    assert found["readings of a later round"] == 2
    assert found["events of single leads, or of codes that WFDB has not"] == 1
    assert found["events that last: rhythms, waves"] == 3
    assert found["records without samples"] == 1
    assert "true parameters of simulated records" not in found
    assert "ids of records that are no names of WFDB files" not in found
    text = (tmp_path / "out" / "LIMITS.md").read_text()
    assert "| 3 likelihoods that annotators stated |" in text
    assert dataset.manifest.content_sha256 in text
