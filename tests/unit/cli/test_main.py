"""Mistakes at the command line: one line, an exit code of its own, no traceback, nothing written."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from chiron.datasets.refs import write_params
from chiron.errors import NotFound
from cli.parameters import run_params, stage_params
from schemas.params import RunParams
from schemas.runs import demo_run

CHIRON = str(Path(sys.executable).with_name("chiron"))
ROOT = Path(__file__).parents[3]


def chiron(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CHIRON, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False)


def assert_one_line(done: subprocess.CompletedProcess[str], exit_code: int, expected: str) -> None:
    assert done.returncode == exit_code, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("chiron: ")
    assert expected in done.stderr


def test_the_version_is_that_of_the_project(tmp_path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert chiron("--version", cwd=tmp_path).stdout == f"chiron {project['version']}\n"


@pytest.mark.parametrize("command", ["run", "ingest"])
def test_a_source_that_does_not_exist_is_one_line_and_writes_nothing(tmp_path, command):
    assert_one_line(chiron(command, "--source", "nowhere", cwd=tmp_path), 3, "expected a folder or s3://")
    assert list(tmp_path.iterdir()) == []


def test_a_source_without_records_is_one_line_and_writes_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    assert_one_line(chiron("run", "--source", "empty", cwd=tmp_path), 11, "expected files")
    assert [p.name for p in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize("command", ["run", "ingest", "synthesize"])
def test_a_workdir_with_other_files_is_refused(tmp_path, command):
    (tmp_path / "thesis.txt").write_text("precious")
    assert_one_line(chiron(command, "--workdir", ".", cwd=tmp_path), 4, "expected an empty folder")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("synthesis: {cohort: {n_records: none}}", "synthesis.cohort.n_records"),
        ("synthesis: {cohort: {groups: {sinus: {share: 0.5}}}}", "expected shares with sum 1, found sum 0.5"),
        ("training: {epochs: 3}", "training.epochs: expected one of window, architecture, plan"),
        ("a: [", "expected YAML"),
        ("- 1", "parameters"),
    ],
)
def test_a_parameter_that_can_not_be_is_named(tmp_path, text, expected):
    (tmp_path / "p.yaml").write_text(text)
    assert_one_line(chiron("synthesize", "--params", "p.yaml", cwd=tmp_path), 5, expected)
    assert [p.name for p in tmp_path.iterdir()] == ["p.yaml"]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "expected"),
    [
        (["validate"], 3, "run `chiron ingest` first"),
        (["train", "--name", "mine"], 3, "expected a dataset `mine`, found none"),
        (["release", "ingest"], 5, "expected `validate` or `synthesize`"),
        (["verify", "."], 3, "expected a manifest.json"),
        (["show", "."], 3, "expected a manifest.json"),
        (["pull", "demo", "there"], 3, "registry"),
        (["list"], 3, "registry"),
        (["predict", "model.safetensors", "r.hea"], 3, "expected a file, found none"),
        (["quarantine", "burn"], 5, "expected `list` or `retry`"),
        (["run", "--params", "none.yaml"], 3, "expected a YAML file, found none"),
    ],
)
def test_a_mistake_is_one_line_with_an_exit_code_of_its_kind(tmp_path, arguments, exit_code, expected):
    assert_one_line(chiron(*arguments, cwd=tmp_path), exit_code, expected)
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_can_not_be_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("CHIRON_WORKERS", "many")
    assert_one_line(chiron("pull", "demo", "there", cwd=tmp_path), 5, "CHIRON_WORKERS")


def test_a_folder_that_may_not_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    assert_one_line(chiron("synthesize", "--workdir", "file/below", "--params", "p.yaml", cwd=tmp_path), 3, "p.yaml")
    (tmp_path / "p.yaml").write_text("name: x")
    assert_one_line(chiron("synthesize", "--workdir", "file/below", "--params", "p.yaml", cwd=tmp_path), 20, "file")


def test_a_stage_goes_on_with_the_parameters_with_which_the_dataset_was_begun(tmp_path):
    begun = demo_run().model_copy(update={"name": "mine", "profile": "wfdb"})
    write_params(tmp_path / "work", begun)
    assert stage_params(None, workdir=tmp_path / "work", name=None) == begun
    assert stage_params(None, workdir=tmp_path / "work", name="mine") == begun
    write_params(tmp_path / "work", demo_run())
    with pytest.raises(NotFound, match="expected one dataset, or a --name, found demo, mine"):
        stage_params(None, workdir=tmp_path / "work", name=None)


def test_doctor_answers_in_json(tmp_path):
    done = chiron("doctor", "--json", cwd=tmp_path)
    assert {finding["part"] for finding in json.loads(done.stdout)} >= {"Python", "git", "packages", "free disk"}


def test_the_parameters_of_the_reproduction_are_those_of_the_demo():
    assert run_params(ROOT / "params.yaml", source=None, name=None, profile=None) == demo_run()


def test_the_deployed_parameters_are_those_of_the_demo():
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    (deployment,) = (one for one in deployments if "params" in one["parameters"])
    assert RunParams.model_validate(deployment["parameters"]["params"]) == demo_run()


def test_options_win_over_a_file_and_a_source_names_the_dataset(tmp_path):
    (tmp_path / "p.yaml").write_text("name: from-file\nsource: here\n")
    chosen = run_params(tmp_path / "p.yaml", source="there", name=None, profile=None)
    assert (chosen.name, chosen.source) == ("from-file", "there")
    assert run_params(None, source="s3://bucket/Exports 2026/", name=None, profile=None).name == "exports-2026"
