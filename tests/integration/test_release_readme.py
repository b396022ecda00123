"""A stranger has the text of a release's README, and does what it says, in a new process, with git and DVC."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import mlcroissant
import polars as pl
import pytest
from browsing import CONSOLE, Browse
from described_dataset import described_dataset
from made_up_lineage import made_up_lineage

from chiron.datasets.verify import verify_dataset
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.report.lineage_page import write_lineage
from schemas.params import ReleaseParams
from schemas.results import Release

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    workdir = tmp_path_factory.mktemp("readme") / "work"
    return release_dataset(workdir, ReleaseParams(name="demo"), described_dataset(workdir).ref)


@pytest.fixture
def readme(release: Release, tmp_path: Path) -> str:
    """The README of the release, the registry's address put in as it asks for."""
    pull_release("demo", tmp_path / "first", registry=release.registry)
    return (tmp_path / "first" / "README.md").read_text(encoding="utf-8").replace("REGISTRY", release.registry)


def run(command: str, cwd: Path) -> None:
    """A line of a shell; `chiron`, `dvc` and `python` are those of these tests."""
    chiron = "chiron() { python -c 'from cli.main import main; main()' \"$@\"; }\n"
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    environment["DVC_SITE_CACHE_DIR"] = str(cwd / "site-cache")
    done = subprocess.run(
        ["bash", "-ec", chiron + command], cwd=cwd, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_first_way_to_pull_works_as_it_is_written(readme: str, release: Release, tmp_path: Path) -> None:
    [command] = re.findall(r"^(chiron pull .*)$", readme, re.MULTILINE)
    run(command, tmp_path)
    assert verify_dataset(tmp_path / "DIR").manifest_sha256 == release.manifest_sha256


def test_the_second_way_to_pull_works_as_it_is_written(readme: str, release: Release, tmp_path: Path) -> None:
    [code] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    (tmp_path / "code.py").write_text(code, encoding="utf-8")
    run("python code.py", tmp_path)
    assert verify_dataset(tmp_path / "DIR").manifest_sha256 == release.manifest_sha256


def test_the_third_way_to_pull_works_as_it_is_written(readme: str, release: Release, tmp_path: Path) -> None:
    [command] = re.findall(r"^(dvc get .*)$", readme, re.MULTILINE)
    run(command, tmp_path)
    assert verify_dataset(tmp_path / "demo").manifest_sha256 == release.manifest_sha256
    [check] = [line for line in readme.splitlines() if "sha256sum" in line]
    run(check, tmp_path / "demo")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_pulled_folder_opens_with_the_library_of_its_description(release: Release, tmp_path: Path) -> None:
    pull_release("demo", tmp_path / "pulled", registry=release.registry)
    told = mlcroissant.Dataset(str(tmp_path / "pulled" / "croissant.json"))
    labels = [(row["labels/record_id"].decode(), row["labels/code"].decode()) for row in told.records("labels")]
    assert labels == pl.read_parquet(tmp_path / "pulled" / "labels.parquet").select("record_id", "code").rows()
    manifest = json.loads((tmp_path / "pulled" / "manifest.json").read_bytes())
    assert {"README.md", "croissant.json"} <= manifest["files"].keys()


@pytest.mark.parametrize("name", ["way.html", "way.svg"])
def test_the_browser_draws_a_lineage_and_complains_about_nothing(browse: Browse, tmp_path: Path, name: str) -> None:
    write_lineage(made_up_lineage(), tmp_path / name)
    done = browse(tmp_path / name, "--dump-dom")
    assert done.stdout.count("<rect") >= 9  # a box for each of two sources, two ingests, the dataset, four things made
    assert "demo@1.0.0" in done.stdout
    assert CONSOLE not in done.stderr
