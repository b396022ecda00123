"""The command `export`: where it takes a dataset from, and what it says."""

import json

import pytest
from made_up_export import made_up_export
from typer.testing import CliRunner, Result

from chiron.errors import CallerError, NotFound
from chiron.releases.publish import release_dataset
from cli.main import app
from schemas.params import ReleaseParams


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture
def dataset(tmp_path):
    return made_up_export(tmp_path / "work")


def test_a_folder_is_exported_and_the_screen_says_what_the_format_can_not_hold(dataset, tmp_path):
    said = run("export", dataset.folder, tmp_path / "out", "--as", "meds").stdout
    assert f"content {dataset.manifest.content_sha256}" in said
    assert "6 readings by single annotators" in " ".join(said.split())
    assert (tmp_path / "out" / "LIMITS.md").is_file()


def test_with_json_the_limits_are_a_list(dataset, tmp_path):
    answer = json.loads(run("export", dataset.folder, tmp_path / "out", "--as", "wfdb", "--json").stdout)
    assert answer["content_sha256"] == dataset.manifest.content_sha256
    assert {"n": 1, "found": "records without samples", "fate": "a row of `records-*.csv`: there is no file"} in answer[
        "limits"
    ]


def test_a_release_is_exported_by_its_name_and_no_copy_of_it_stays(dataset, tmp_path):
    release_dataset(tmp_path / "work", ReleaseParams(name="made-up"), dataset.ref)
    (tmp_path / "mine").mkdir()
    run("export", "made-up@1.0.0", tmp_path / "mine" / "out", "--as", "meds", "--workdir", tmp_path / "work")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["out"]
    stated = json.loads((tmp_path / "mine" / "out" / "metadata" / "dataset.json").read_bytes())
    assert stated["dataset_version"] == dataset.manifest.content_sha256


def test_what_is_neither_a_folder_nor_a_release_is_not_found(tmp_path):
    with pytest.raises((NotFound, CallerError)):
        run("export", "nothing", tmp_path / "out", "--as", "wfdb", "--workdir", tmp_path / "work")
    assert not (tmp_path / "out").exists()
