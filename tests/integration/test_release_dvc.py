"""People who have DVC and git, and no Chiron, get a release too."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from open_gate import OPEN_GATE

from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from chiron.datasets.verify import verify_dataset
from chiron.releases.publish import release_dataset
from schemas.manifest import Kind
from schemas.params import ReleaseParams
from schemas.results import Release
from schemas.tables import SPLITS

DVC = Path(sys.executable).with_name("dvc")


def _fill(folder: Path, rows: pl.DataFrame) -> None:
    """A dataset of one table that passed its gate."""
    write_table(folder, SPLITS, rows)
    write_report(folder, OPEN_GATE)


@pytest.fixture
def releases(tmp_path: Path) -> list[Release]:
    """demo@1.0.0 with 10 rows and demo@1.1.0 with 20."""
    made = []
    for n_rows in (10, 20):
        rows = pl.DataFrame({"patient_id": [f"p{i}" for i in range(n_rows)], "group_id": "g", "split": "train"})
        draft = Draft(name="demo", simulated=True, licence="CC0-1.0", parameters={"n_rows": n_rows})
        outcome = run_stage(
            tmp_path / "work",
            Stage("rows", 1, Kind.COHORT),
            draft,
            lambda folder, rows=rows: _fill(folder, rows),
        )
        made.append(release_dataset(tmp_path / "work", ReleaseParams(name="demo"), outcome.ref))
    return made


def run(cwd: Path, *command: str | Path) -> None:
    """Run a command as a user would, with DVC's own caches inside the test's folder."""
    cwd.mkdir(exist_ok=True)
    environment = {**os.environ, "DVC_SITE_CACHE_DIR": str(cwd.parent / "site-cache")}
    done = subprocess.run(command, check=False, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_dvc_get_fetches_a_release_by_its_tag(releases: list[Release], tmp_path: Path) -> None:
    run(tmp_path / "user", DVC, "get", releases[0].registry, "demo", "--rev", "demo@1.0.0")
    assert verify_dataset(tmp_path / "user" / "demo").manifest_sha256 == releases[0].manifest_sha256


def test_dvc_get_without_a_tag_fetches_the_newest_release(releases: list[Release], tmp_path: Path) -> None:
    run(tmp_path / "user", DVC, "get", releases[0].registry, "demo")
    assert verify_dataset(tmp_path / "user" / "demo").manifest_sha256 == releases[1].manifest_sha256


def test_a_clone_of_the_registry_works_as_any_dvc_repository(releases: list[Release], tmp_path: Path) -> None:
    run(tmp_path, "git", "clone", "--quiet", releases[0].registry, "clone")
    run(tmp_path / "clone", DVC, "pull")
    assert verify_dataset(tmp_path / "clone" / "demo").manifest_sha256 == releases[1].manifest_sha256
    run(tmp_path / "clone", "git", "checkout", "--quiet", "demo@1.0.0")
    run(tmp_path / "clone", DVC, "checkout", "--force", "--allow-missing")
    run(tmp_path / "clone", DVC, "pull", "--force")
    assert verify_dataset(tmp_path / "clone" / "demo").manifest_sha256 == releases[0].manifest_sha256
    status = subprocess.run(["git", "status", "--porcelain"], cwd=tmp_path / "clone", capture_output=True, check=True)
    assert status.stdout == b""
