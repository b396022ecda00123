import pytest

from chiron.records.local_names import local_name, local_names


@pytest.mark.parametrize(
    "names",
    [
        ["a", "a/b.hea"],
        ["a.hea", "a.hea/b.hea", "a.hea/b.hea/c.dat"],
        ["..", "../x", local_name(".."), f"{local_name('..')}/y"],
        ["x/" * 500 + "r.hea", "x/" * 500 + "r.dat"],
        ["a" + "/" * 1000 + "r.hea", "a" + "/" * 1000 + "r.dat"],
        ["é" * 500 + ".hea", "é" * 500 + ".dat"],
        ["a.\0b", "a.\0c"],
        ["unsafe-x", "x"],
    ],
)
def test_objects_of_any_names_lie_side_by_side(tmp_path, names):
    local = local_names(names)
    for name in names:
        path = tmp_path / local[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("x").close()
        assert path.resolve().is_relative_to(tmp_path)
    assert len(set(local.values())) == len(names)


def test_only_the_object_that_is_a_folder_too_is_renamed_and_keeps_its_suffix():
    local = local_names(["d/a.hea", "d/a.hea/b", "d/c.hea"])
    assert (local["d/a.hea/b"], local["d/c.hea"]) == ("d/a.hea/b", "d/c.hea")
    assert local["d/a.hea"].startswith("d/unsafe-file-")
    assert local["d/a.hea"].endswith(".hea")


def test_the_files_of_a_record_below_too_many_folders_stay_in_one_folder():
    header, signal = local_names(["a" + "/" * 1000 + "r.hea", "a" + "/" * 1000 + "r.dat"]).values()
    assert header.removesuffix(".hea") == signal.removesuffix(".dat")
