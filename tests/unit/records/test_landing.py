import errno
import os

import pytest

from chiron.errors import NotFound
from chiron.records.formats.describe import describe
from chiron.records.inputs import find_inputs
from chiron.records.landing import FileKind, list_landing, list_record
from chiron.records.sources import load_profile

from .conftest import samples, write_record


def test_a_record_is_listed_with_all_files_of_its_stem_and_none_of_its_neighbours(landing):
    for name in ("ok1.txt", "ok1.more.dat", "ok10.dat"):
        (landing / name).touch()
    assert list(list_record(landing / "ok1.hea").files) == ["ok1.dat", "ok1.hea", "ok1.txt"]


def test_a_record_is_found_with_signals_in_a_file_of_another_name(landing):
    header = landing / "ok1.hea"
    header.write_text(header.read_text().replace("ok1.dat", "samples_of_1.dat"))
    (landing / "ok1.dat").rename(landing / "samples_of_1.dat")
    inputs = find_inputs(list_record(header), load_profile("wfdb"))
    (candidate,) = inputs.candidates
    assert [file.name for file in describe(candidate, inputs.landing).files] == ["ok1.hea", "samples_of_1.dat"]


def test_brackets_and_stars_in_a_name_stand_for_themselves(landing):
    for name in ("a[12]", "a1", "a*"):
        write_record(landing, "x", samples())
        for suffix in ("hea", "dat"):
            (landing / f"x.{suffix}").rename(landing / f"{name}.{suffix}")
    assert list(list_record(landing / "a[12].hea").files) == ["a[12].dat", "a[12].hea"]
    assert list(list_record(landing / "a*.hea").files) == ["a*.dat", "a*.hea"]


def test_a_record_whose_header_can_not_be_used_is_listed_for_its_reader_to_refuse(landing):
    (landing / "ok1.hea").write_bytes(b"\xff")
    assert list(list_record(landing / "ok1.hea").files) == ["ok1.dat", "ok1.hea"]


def test_a_header_that_is_not_there_is_named(landing):
    with pytest.raises(NotFound, match="such as a WFDB header"):
        list_record(landing / "none.hea")


@pytest.mark.parametrize("fault", [errno.EIO, errno.EACCES, errno.ESTALE])
def test_a_file_that_the_disk_does_not_give_is_listed_as_unreadable(landing, monkeypatch, fault):
    """No file system at hand fails on demand, so the read does."""

    def fails(path):
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr("chiron.records.landing.file_sha256", fails)
    assert {f.kind for f in list_landing(landing).files.values()} == {FileKind.UNREADABLE}


def test_a_header_that_can_not_be_used_claims_no_other_record_as_its_segment(tmp_path):
    """It says 4 samples more than its segments have."""
    write_record(tmp_path, "one", samples(n_samples=300))
    write_record(tmp_path, "two", samples(n_samples=300))
    master = tmp_path / "whole.hea"
    master.write_text("whole/2 1 300 600\none 300\ntwo 300\n")
    profile = load_profile("wfdb")
    assert [c.name for c in find_inputs(list_landing(tmp_path), profile).candidates] == ["whole"]
    master.write_text("whole/2 1 300 604\none 300\ntwo 300\n")
    assert [c.name for c in find_inputs(list_landing(tmp_path), profile).candidates] == ["one", "two", "whole"]
