import hashlib

import polars as pl
import pytest
import wfdb

from chiron.datasets.dataset import open_dataset
from chiron.demo.hospital import write_demo_hospital
from chiron.errors import BadParameters, WorkdirRefused
from chiron.records.ingest import ingest_source
from schemas.ingested import IngestReport
from schemas.params import IngestParams
from schemas.tables import ANNOTATIONS, RECORDS


def digest_of(folder):
    files = sorted(folder.iterdir())
    return hashlib.sha256(b"".join(p.name.encode() + b"\0" + p.read_bytes() for p in files)).hexdigest()


def visible(folder):
    return [p.name for p in folder.iterdir() if not p.name.startswith(".")]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "hospital"
    write_demo_hospital(folder)
    return folder


@pytest.fixture(scope="module")
def ingested(hospital, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("demo") / "work"
    return open_dataset(ingest_source(workdir, IngestParams(source=str(hospital), name="demo")).ref)


def readings(ingested, annotator, number=1):
    given = ingested.table(ANNOTATIONS).filter("present", annotator_id=annotator, round=number)
    return given.select("record_id", "code")


def test_the_folder_says_that_it_is_simulated_and_so_does_the_dataset(hospital, ingested):
    assert (hospital / "README.txt").read_text().startswith("EVERYTHING IN THIS FOLDER IS SIMULATED.")
    assert ingested.manifest.simulated
    assert ingested.report(IngestReport).profile == "demo-hospital"


def test_its_faults_are_found_and_everything_else_comes_in(ingested):
    report = ingested.report(IngestReport)
    assert report.quarantined == {"missing_signal_file": 1, "truncated_signal": 1, "unreadable_header": 1}
    assert (report.n_inputs, report.n_ingested) == (402, 399)
    assert [sorted(i.removesuffix("-copy") for i in g.record_ids) for g in report.duplicates] == [
        ["simulated-00057"] * 2,
        ["simulated-00114"] * 2,
    ]
    flat = [row["record_id"] for row in ingested.table(RECORDS).iter_rows(named=True) if not ingested.signal(row).any()]
    assert len(flat) == 1


def test_between_a_quarter_and_a_third_of_the_readings_are_fibrillation(ingested):
    given = readings(ingested, "reader-1")
    assert 0.22 < (given["code"] == "A").mean() < 0.33


def test_readers_disagree_as_people_do(ingested):
    """Percent agreement of two readers of single-lead recordings is mostly reported between 70 and 90."""
    both = readings(ingested, "reader-1").join(readings(ingested, "reader-2"), on="record_id")
    assert 0.70 < (both["code"] == both["code_right"]).mean() < 0.90


def test_one_reader_reads_a_part_again_and_another_one_stops(ingested):
    assert 100 < readings(ingested, "reader-1", number=2).height < 180
    newest = ingested.table(RECORDS).filter(pl.col("recorded_year") > 2022)
    assert newest.join(readings(ingested, "reader-3"), on="record_id").is_empty()


def test_weight_is_missing_most_in_the_emergency_and_age_at_the_outer_clinic(ingested):
    records = ingested.table(RECORDS)
    missing = records.group_by("site").agg(pl.col("age_years", "weight_kg").is_null().mean())
    by_site = {site: (age, weight) for site, age, weight in missing.iter_rows()}
    assert by_site["emergency"][1] > 2 * by_site["cardiology"][1]
    assert by_site["outer-clinic"][0] > 5 * by_site["cardiology"][0]


def test_some_patients_come_again_and_stay_the_same(ingested):
    records = ingested.table(RECORDS)
    assert records["patient_known"].all()
    people = records.group_by("patient_id").agg(n=pl.len(), sexes=pl.col("sex").n_unique())
    assert 50 < people.filter(pl.col("n") > 1).height < 150
    assert people["sexes"].max() == 1


def test_headers_are_what_wfdb_writes_and_state_the_right_checksum(hospital, tmp_path):
    theirs = wfdb.rdrecord(str(hospital / "simulated-00000"), physical=False)
    assert theirs.fs == 300
    assert theirs.adc_gain == [500.0]
    assert theirs.checksum[0] % 2**16 == theirs.d_signal.sum() % 2**16


def test_the_same_numbers_make_the_same_bytes_and_others_do_not(tmp_path):
    digests = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_demo_hospital(tmp_path / name, n_records=20, seed=seed)
        digests.append(digest_of(tmp_path / name))
    assert digests[0] == digests[1] != digests[2]


def test_a_folder_that_is_there_is_left_and_one_of_other_numbers_replaced(tmp_path):
    folder = tmp_path / "h"
    write_demo_hospital(folder, n_records=20)
    (folder / "witness").touch()
    write_demo_hospital(folder, n_records=20)
    assert (folder / "witness").exists()
    write_demo_hospital(folder, n_records=21)
    assert not (folder / "witness").exists()
    assert visible(tmp_path) == ["h"]


def test_a_folder_of_somebody_else_is_not_touched(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "README.txt").write_text("Real patients.")
    with pytest.raises(WorkdirRefused, match="expected no folder or a simulated one"):
        write_demo_hospital(tmp_path / "real")
    assert len(list((tmp_path / "real").iterdir())) == 1


def test_a_run_that_dies_leaves_no_folder_and_the_next_one_makes_it(tmp_path, monkeypatch):
    def dies(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("chiron.demo.hospital.spoil", dies)
        with pytest.raises(KeyboardInterrupt):
            write_demo_hospital(tmp_path / "h", n_records=20)
    assert visible(tmp_path) == []
    write_demo_hospital(tmp_path / "h", n_records=20)
    write_demo_hospital(tmp_path / "whole", n_records=20)
    assert digest_of(tmp_path / "h") == digest_of(tmp_path / "whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".lock", "h", "whole"]


def test_too_few_records_for_all_the_faults_are_refused(tmp_path):
    with pytest.raises(BadParameters, match="expected at least 20 records, found 5"):
        write_demo_hospital(tmp_path / "h", n_records=5)
