"""What one person released, others pull and rebuild: another user with another home, no cache, at another path."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_dataset import DRAFT, STAGE, fill

from chiron.datasets.stage import run_stage
from chiron.datasets.verify import verify_dataset
from chiron.releases.publish import release_dataset
from chiron.synthesis.cohort import synthesize_cohort
from chiron.synthesis.compiled import kernels_folder
from schemas.cohort import CohortSpec
from schemas.params import ReleaseParams, SynthesizeParams
from schemas.results import Release

NOBODY = 65534


class Elsewhere:
    """A place with nothing in it, and a user who may read other people's files but write only their own."""

    def __init__(self, home: Path, setpriv: Path) -> None:
        self.home = home
        self._setpriv = setpriv
        home.mkdir()
        shutil.copytree(kernels_folder(), home / "compiled" / kernels_folder().name)  # compiling takes two minutes
        if os.getuid() == 0:
            for path in (home, *home.rglob("*")):
                os.chown(path, NOBODY, NOBODY)

    def run(self, *command: str | Path) -> str:
        """What a command prints. There is no variable of the tests' own in its environment."""
        environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(self.home),
            "NUMBA_CACHE_DIR": str(self.home / "compiled"),
            "DVC_SITE_CACHE_DIR": str(self.home / "site-cache"),
            "DO_NOT_TRACK": "1",
            "DVC_NO_ANALYTICS": "1",
        }
        done = subprocess.run(
            [*self._as_nobody(), *command], env=environment, cwd=self.home, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _as_nobody(self) -> list[str | Path]:
        if os.getuid() != 0:
            return []
        reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        return [self._setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *reading]


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder into which everybody can look."""
    with tempfile.TemporaryDirectory(prefix="shared-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def elsewhere(needs_program: Callable[[str], Path], shared: Path) -> Elsewhere:
    return Elsewhere(shared / "home", needs_program("setpriv"))


@pytest.fixture
def dataset(shared: Path) -> Release:
    made = run_stage(shared / "work", STAGE, DRAFT, fill)
    return release_dataset(shared / "work", ReleaseParams(name="small"), made.ref)


@pytest.fixture
def cohort(shared: Path) -> Release:
    params = SynthesizeParams(cohort=CohortSpec(n_records=20))
    made = synthesize_cohort(shared / "work", params, batch_records=8, shard_samples=2**20)
    return release_dataset(shared / "work", ReleaseParams(name="cohort"), made.ref)


@pytest.mark.slow
def test_others_pull_rebuild_and_get_exactly_what_was_released(
    dataset: Release, cohort: Release, elsewhere: Elsewhere
) -> None:
    elsewhere.run("git", "config", "--global", "--add", "safe.directory", dataset.registry)
    for wanted, options in ((dataset, ()), (cohort, ()), (cohort, ("--rebuild",))):
        dest = elsewhere.home / "deep" / f"{wanted.name}{len(options)}"
        said = elsewhere.run("chiron", "pull", wanted.tag, dest, "--registry", wanted.registry, "--json", *options)
        assert json.loads(said)["content_sha256"] == wanted.content_sha256
        assert verify_dataset(dest).content_sha256 == wanted.content_sha256
    elsewhere.run("dvc", "get", wanted.registry, cohort.name, "--rev", cohort.tag, "-o", elsewhere.home / "by-dvc")
    assert verify_dataset(elsewhere.home / "by-dvc").content_sha256 == cohort.content_sha256
