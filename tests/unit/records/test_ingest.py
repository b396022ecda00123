import hashlib
import os
import shutil
import stat

import numpy as np
import polars as pl
import pytest
import wfdb
import yaml

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.dataset import open_dataset
from chiron.datasets.verify import verify_dataset
from chiron.errors import BadParameters, DataError, EmptySource, NotFound, WorkdirRefused
from chiron.records.ingest import ingest_source
from chiron.records.landing import list_landing
from chiron.records.quarantine import list_quarantine
from chiron.records.sources import shipped_profiles
from schemas.ingested import IngestReport
from schemas.params import IngestParams
from schemas.tables import ANNOTATIONS, QUARANTINE, RECORDS

from .conftest import samples, write_record


def report_of(dataset):
    return dataset.report(IngestReport)


def edit(path, old, new):
    path.write_text(path.read_text().replace(old, new, 1))


def spoil_truncate(folder):
    os.truncate(folder / "bad.dat", 100)


def spoil_missing(folder):
    (folder / "bad.dat").unlink()


def spoil_escape(folder):
    edit(folder / "bad.hea", "bad.dat", "../bad.dat")


def spoil_gain(folder):
    edit(folder / "bad.hea", "1000.0", "NaN")


def spoil_size(folder):
    edit(folder / "bad.hea", " 300\n", " 1000000000000\n")


def spoil_text(folder):
    (folder / "bad.hea").write_bytes(b"\xff\xfebad 1 300 300\n")


def spoil_signal_link(folder):
    shutil.move(folder / "bad.dat", folder.parent / "elsewhere.dat")
    (folder / "bad.dat").symlink_to(folder.parent / "elsewhere.dat")


def spoil_header_link(folder):
    shutil.move(folder / "bad.hea", folder.parent / "elsewhere.hea")
    (folder / "bad.hea").symlink_to(folder.parent / "elsewhere.hea")


def spoil_pipe(folder):
    (folder / "bad.dat").unlink()
    os.mkfifo(folder / "bad.dat")


def spoil_header_gone(folder):
    (folder / "bad.hea").unlink()


def spoil_name(folder):
    edit(folder / "bad.hea", "bad.dat", "evil__x.dat")
    (folder / "bad.dat").rename(folder / "evil__x.dat")
    (folder / "bad.hea").rename(folder / "evil::x.hea")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_truncate, "truncated_signal"),
        (spoil_missing, "missing_signal_file"),
        (spoil_escape, "unsafe_path"),
        (spoil_gain, "implausible_header"),
        (spoil_size, "too_large"),
        (spoil_text, "unreadable_header"),
        (spoil_signal_link, "unsafe_path"),
        (spoil_header_link, "unsafe_path"),
        (spoil_pipe, "unsafe_path"),
        (spoil_header_gone, "missing_header"),
    ],
)
def test_one_bad_input_is_quarantined_with_its_reason_and_the_others_come_in(landing, ingest, spoil, reason):
    write_record(landing, "bad", samples(seed=3))
    spoil(landing)
    dataset = ingest()
    report = report_of(dataset)
    assert report.quarantined == {reason: 1}
    assert (report.n_inputs, report.n_ingested) == (3, 2)
    row = dataset.table(QUARANTINE).row(0, named=True)
    assert (row["stage"], row["reason"]) == ("ingest", reason)
    assert "bad" not in row["message"]


def test_a_record_name_that_the_wfdb_package_would_take_for_an_address_is_refused(landing, ingest):
    write_record(landing, "bad", samples(seed=3))
    spoil_name(landing)
    assert report_of(ingest()).quarantined == {"missing_header": 1, "unsafe_path": 1}


def test_a_name_that_is_not_utf8_is_refused_and_kept_and_the_others_come_in(landing, ingest, tmp_path):
    """Names as an export from a Latin-1 system has them, beside one that spells the same bytes out."""
    write_record(landing, "bad", samples(seed=3))
    whole = (landing / "bad.dat").read_bytes()
    for suffix in ("hea", "dat"):
        (landing / f"bad.{suffix}").rename(landing / os.fsdecode(b"M\xfcller." + suffix.encode()))
    (landing / "M\\xfcller.dat").write_bytes(b"others")
    (landing / os.fsdecode(b"gr\xfc\xdfe.txt")).write_text("hello")
    assert report_of(ingest()).quarantined == {"missing_header": 1, "unsafe_path": 2}
    kept = {k.name: k for k in list_quarantine(tmp_path / "work")}
    assert sorted(kept) == ["M\\\\xfcller.dat", "M\\xfcller", "gr\\xfc\\xdfe.txt"]
    folder = tmp_path / "work" / "private" / "quarantine" / "test" / kept["M\\xfcller"].input_id
    assert (folder / "file-0").read_bytes() == whole


def test_a_linked_folder_is_not_entered(landing, ingest, tmp_path):
    write_record(tmp_path / "outside", "secret", samples(seed=4))
    (landing / "inside").symlink_to(tmp_path / "outside")
    report = report_of(ingest())
    assert (report.n_ingested, report.quarantined) == (2, {"unsafe_path": 1})


def test_what_was_refused_keeps_its_name_and_bytes_where_only_the_owner_reads(landing, ingest, tmp_path):
    write_record(landing, "bad", samples(seed=3))
    spoil_truncate(landing)
    ingest()
    kept = list_quarantine(tmp_path / "work")
    assert [(k.name, k.files, k.reason) for k in kept] == [("bad", ("bad.dat", "bad.hea"), "truncated_signal")]
    folder = tmp_path / "work" / "private" / "quarantine" / "test" / kept[0].input_id
    assert (folder / "file-0").read_bytes() == (landing / "bad.dat").read_bytes()
    assert stat.S_IMODE((tmp_path / "work" / "private").stat().st_mode) == 0o700
    assert kept[0].ingested_as == IngestParams(source=str(landing), name="test")


def test_a_mended_input_comes_in_with_the_next_ingest_and_leaves_quarantine(landing, ingest, tmp_path):
    for name in ("bad", "worse"):
        write_record(landing, name, samples(seed=3))
        os.truncate(landing / f"{name}.dat", 100)
    ingest()
    write_record(landing, "bad", samples(seed=3))
    assert list_quarantine(tmp_path / "work")[0].ingested_as == IngestParams(source=str(landing), name="test")
    assert report_of(ingest()).n_ingested == 3
    assert [k.name for k in list_quarantine(tmp_path / "work")] == ["worse"]


def test_an_input_that_is_refused_again_is_in_quarantine_again_with_its_bytes(landing, ingest, tmp_path):
    """The third ingest finds the dataset of the first and reads nothing."""
    write_record(landing, "bad", samples(seed=3))
    whole = (landing / "bad.dat").read_bytes()
    listed = []
    for content in (whole[:100], whole, whole[:100]):
        (landing / "bad.dat").write_bytes(content)
        ingest()
        listed.append([k.name for k in list_quarantine(tmp_path / "work")])
    assert listed == [["bad"], [], ["bad"]]
    (kept,) = list_quarantine(tmp_path / "work")
    folder = tmp_path / "work" / "private" / "quarantine" / "test" / kept.input_id
    assert (folder / "file-0").read_bytes() == whole[:100]


def test_an_input_that_was_sound_before_and_is_sound_again_is_not_in_quarantine(landing, ingest, tmp_path):
    whole = (landing / "ok1.dat").read_bytes()
    for content, listed in ((whole, []), (whole[:100], ["ok1"]), (whole, [])):
        (landing / "ok1.dat").write_bytes(content)
        ingest()
        assert [k.name for k in list_quarantine(tmp_path / "work")] == listed


def test_an_input_of_two_datasets_is_in_quarantine_once_for_each(landing, ingest, tmp_path):
    os.truncate(landing / "ok1.dat", 100)
    for name in ("here", "there"):
        ingest_source(tmp_path / "work", IngestParams(source=str(landing), name=name))
    assert [k.ingested_as.name for k in list_quarantine(tmp_path / "work")] == ["here", "there"]


def test_a_source_that_is_not_there_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(NotFound, match="expected a folder"):
        ingest_source(tmp_path / "w", IngestParams(source=str(tmp_path / "none"), name="x"))
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("files", [[], ["notes.txt", "x.dat"]])
def test_a_source_without_records_is_refused_and_nothing_is_written(tmp_path, files):
    (tmp_path / "in").mkdir()
    for name in files:
        (tmp_path / "in" / name).write_text("x")
    with pytest.raises(EmptySource, match="source: expected"):
        ingest_source(tmp_path / "w", IngestParams(source=str(tmp_path / "in"), name="x"))
    assert not (tmp_path / "w").exists()


def test_a_workdir_that_holds_something_else_is_refused(landing, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("x")
    with pytest.raises(WorkdirRefused):
        ingest_source(tmp_path / "home", IngestParams(source=str(landing), name="x"))


def test_an_unknown_profile_is_refused_with_the_known_ones(landing, tmp_path):
    with pytest.raises(BadParameters, match="cinc2017"):
        ingest_source(tmp_path / "w", IngestParams(source=str(landing), name="x", profile="nope"))


def test_the_same_files_are_not_read_twice_and_another_folder_gives_the_same_content(landing, ingest, tmp_path):
    shutil.copytree(landing, tmp_path / "copy")
    params = IngestParams(source=str(landing), name="test")
    first = ingest_source(tmp_path / "work", params)
    assert ingest_source(tmp_path / "work", params).reused
    assert ingest(tmp_path / "copy", workdir="other").manifest.content_sha256 == first.ref.content_sha256
    verify_dataset(tmp_path / "work" / "ingest" / first.ref.path.rsplit("/", 1)[-1])


def test_a_workdir_inside_the_source_is_no_part_of_it(landing, tmp_path):
    params = IngestParams(source=str(landing), name="test")
    ingest_source(landing / "data", params)
    assert ingest_source(landing / "data", params).reused


def test_files_that_change_during_the_ingest_stop_it(landing):
    listed = list_landing(landing)
    write_record(landing, "ok1", samples(seed=9, n_samples=400))
    with pytest.raises(DataError, match="expected files at rest"):
        listed.refuse_if_changed()


def test_records_with_the_same_samples_are_reported_and_both_kept(landing, ingest):
    write_record(landing, "twin", samples(seed=1))
    dataset = ingest()
    (group,) = report_of(dataset).duplicates
    assert len(group.record_ids) == 2
    assert dataset.table(RECORDS).height == 3


def test_clinical_values_come_from_comments_and_what_is_not_understood_is_counted(landing, ingest):
    comments = ("Age: 93", "Sex: Female", "weight: heavy", "Site: north", "Patient: Anna", "Year: 2021", "Anything: x")
    write_record(landing, "c", samples(seed=3), comments=comments)
    dataset = ingest(profile="demo-hospital")
    row = dataset.table(RECORDS).filter(record_id="c").row(0, named=True)
    assert (row["age_years"], row["sex"], row["weight_kg"]) == (90.0, "F", None)
    assert (row["site"], row["patient_id"], row["patient_known"], row["recorded_year"]) == ("north", "Anna", True, 2021)
    assert report_of(dataset).unreadable_values == {"weight_kg": 1}


def test_no_name_of_a_private_source_is_in_any_file_of_the_dataset(landing, ingest):
    comments = ("Patient: Zelenka", "Site: Zelenka", "Device: Zelenka", "Remark: Zelenka")
    write_record(landing, "Zelenka", samples(seed=3), comments=comments)
    edit(landing / "Zelenka.hea", " 0 I\n", " 0 Zelenka\n")
    write_record(landing, "Zelenka2", samples(seed=3), comments=comments)
    os.truncate(landing / "Zelenka2.dat", 10)
    dataset = ingest()
    assert report_of(dataset).n_ingested == 3
    for path in dataset.folder.rglob("*"):
        assert not path.is_file() or b"Zelenka" not in path.read_bytes()
    for spec in (RECORDS, QUARANTINE):
        assert "Zelenka" not in str(dataset.table(spec).to_dicts())


def test_no_hash_of_a_private_source_can_be_had_by_hashing_a_guess(landing, ingest, tmp_path):
    """Every plain SHA-256 that a guess at a file, a link's target or a label's row would give."""
    (landing / "reader-1-round-1.csv").write_text("Zelenka,A\n")
    (landing / "link.dat").symlink_to("Zelenka")
    (landing / "alone.hea").write_text("alone 1 300 300\nalone.dat 16 1000\n#Patient: Zelenka\n")
    profile = shipped_profiles()["demo-hospital"].model_copy(update={"name": "private", "has_patients": True})
    (tmp_path / "private.yaml").write_text(yaml.safe_dump(profile.model_dump(mode="json")))
    dataset = ingest(profile=str(tmp_path / "private.yaml"))
    assert report_of(dataset).quarantined == {"label_without_record": 1, "missing_signal_file": 1, "unsafe_path": 1}
    header, signal = (sha256_hex((landing / f"ok1.{s}").read_bytes()) for s in ("hea", "dat"))
    guesses = {
        sha256_hex(b"Zelenka,A\n"),
        sha256_hex(b"Zelenka"),
        sha256_hex((landing / "alone.hea").read_bytes()),
        sha256_hex(canonical_json([header, signal])),
        list_landing(landing).content_sha256,
    }
    released = "".join(p.read_text() for p in dataset.folder.glob("*.json"))
    released += str(dataset.table(QUARANTINE).to_dicts()) + str(dataset.table(RECORDS).to_dicts())
    assert [g for g in guesses if g in released] == []
    kept = {k.sha256 for k in list_quarantine(tmp_path / "work")}
    assert len(guesses & kept) == 3  # for the data's owner the plain ones


def test_of_a_public_source_the_plain_hashes_stay(landing, ingest):
    """`source_sha256` is of the JSON list of the hashes of header and signal file, indented by one space."""
    row = ingest(profile="cinc2017").table(RECORDS).row(0, named=True)
    hashes = [hashlib.sha256((landing / f"ok1.{s}").read_bytes()).hexdigest() for s in ("hea", "dat")]
    listed = '[\n "{}",\n "{}"\n]\n'.format(*hashes)
    assert row["source_sha256"] == hashlib.sha256(listed.encode()).hexdigest()


@pytest.fixture(scope="module")
def cinc2017(real_data, tmp_path_factory):
    params = IngestParams(source=str(real_data / "cinc2017"), name="cinc2017")
    return open_dataset(ingest_source(tmp_path_factory.mktemp("cinc2017") / "work", params).ref)


@pytest.mark.real
def test_every_record_of_cinc2017_comes_in_with_the_samples_that_wfdb_reads(real_data, cinc2017):
    dataset = cinc2017
    report = report_of(dataset)
    assert report.profile == "cinc2017"
    assert (report.n_inputs, report.n_ingested, report.quarantined) == (1391, 1391, {})
    assert {g.record_ids for g in report.duplicates} == {("A00227", "A01176"), ("A02656", "A03123")}
    assert dataset.manifest.pseudonym_key_fingerprint is None
    records = dataset.table(RECORDS)
    assert records["recorded_year"].null_count() == 1391
    assert not records["patient_known"].any()
    for row in records.iter_rows(named=True):
        theirs = wfdb.rdrecord(str(real_data / "cinc2017" / row["record_id"]), physical=False, return_res=16)
        np.testing.assert_array_equal(dataset.signal(row), theirs.d_signal.T)


@pytest.mark.real
def test_labels_of_cinc2017_are_those_of_its_three_files_round_by_round(real_data, cinc2017):
    annotations = cinc2017.table(ANNOTATIONS)
    assert annotations.height == 3 * 1391 * 4
    for number, name in enumerate(("REFERENCE-original.csv", "REFERENCE-2017-05.csv", "REFERENCE-v3.csv"), start=1):
        file = pl.read_csv(real_data / "cinc2017" / name, has_header=False, new_columns=["record_id", "code"])
        stored = annotations.filter("present", round=number).select("record_id", "code")
        assert stored.sort("record_id").equals(file.sort("record_id"))
    counts = {(c.hop, c.code): c.n for c in report_of(cinc2017).label_counts}
    assert all(counts["parsed", code] == counts["stored", code] for code in "NAO~")


@pytest.mark.real
@pytest.mark.parametrize(("name", "n_records"), [("mitdb", 10), ("ptbxl", 353), ("cinc2021", 25), ("twadb", 4)])
def test_a_public_set_of_which_nothing_is_known_comes_in_as_a_private_folder(real_data, ingest, name, n_records):
    dataset = ingest(real_data / name, profile="wfdb")
    report = report_of(dataset)
    assert (report.profile, report.n_ingested, report.quarantined) == ("wfdb", n_records, {})
    assert dataset.manifest.pseudonym_key_fingerprint is not None
