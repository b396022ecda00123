import pytest

from chiron.records.landing import list_landing
from chiron.records.sources import choose_profile

from .conftest import samples, write_record


@pytest.fixture
def public(tmp_path):
    """A folder that looks like CinC 2017."""
    folder = tmp_path / "public"
    write_record(folder, "A00001", samples())
    (folder / "REFERENCE-v3.csv").write_text("A00001,N\n")
    return folder


def test_a_public_source_is_recognised_by_its_files(public):
    assert choose_profile(list_landing(public), None).name == "cinc2017"


def test_one_record_of_another_name_makes_the_whole_folder_a_private_one(public):
    write_record(public, "Zelenka", samples())
    assert choose_profile(list_landing(public), None).needs_pseudonyms


def test_without_its_labels_a_folder_is_a_private_one(public):
    (public / "REFERENCE-v3.csv").unlink()
    assert choose_profile(list_landing(public), None).needs_pseudonyms


def test_a_named_profile_is_taken_as_it_is(public):
    assert choose_profile(list_landing(public), "wfdb").name == "wfdb"
