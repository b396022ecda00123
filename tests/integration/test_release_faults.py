"""Releases that race, and releases that are killed with SIGKILL at the worst moments."""

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
from chiron.releases.pull import pull_release
from chiron.releases.registry import list_releases
from schemas.manifest import DatasetRef, Kind
from schemas.params import ReleaseParams
from schemas.tables import SPLITS

DEMO = ReleaseParams(name="demo")

RELEASE = """
import os, signal, sys
from pathlib import Path
from chiron.releases import publish, registry, remote
from schemas.manifest import DatasetRef
from schemas.params import ReleaseParams

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def half_a_copy(source, target):
    data = Path(source).read_bytes()
    Path(target).write_bytes(data[: len(data) // 2])
    die()

def push_and_die(opened, tag, files, push=registry.Registry.publish):
    push(opened, tag, files)
    die()

def init_and_die(command, *rest, git=registry.git, **options):
    git(command, *rest, **options)
    die()

workdir, dataset, moment = sys.argv[1:]
if moment == "while it uploads":
    from chiron.releases import folder_store
    folder_store.copy_file = half_a_copy
elif moment == "before it pushes":
    registry.Registry.publish = die
elif moment == "after it pushed":
    registry.Registry.publish = push_and_die
elif moment == "while it makes the registry":
    registry.git = init_and_die
publish.release_dataset(Path(workdir), ReleaseParams(name="demo"), DatasetRef.model_validate_json(dataset))
"""


def _fill(folder: Path, rows: pl.DataFrame) -> None:
    """A dataset of one table that passed its gate."""
    write_table(folder, SPLITS, rows)
    write_report(folder, OPEN_GATE)


def make(workdir: Path, n_rows: int) -> DatasetRef:
    rows = pl.DataFrame({"patient_id": [f"p{i}" for i in range(n_rows)], "group_id": "g", "split": "train"})
    draft = Draft(name="demo", simulated=True, licence="CC0-1.0", parameters={"n_rows": n_rows})
    stage = Stage("rows", 1, Kind.COHORT)
    return run_stage(workdir, stage, draft, lambda folder: _fill(folder, rows)).ref


def start(workdir: Path, dataset: DatasetRef, moment: str = "never") -> subprocess.Popen[bytes]:
    """A release in a process of its own, which kills itself at a moment."""
    command = [sys.executable, "-c", RELEASE, str(workdir), dataset.model_dump_json(), moment]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


@pytest.mark.parametrize(
    "moment", ["while it makes the registry", "while it uploads", "before it pushes", "after it pushed"]
)
def test_a_release_that_is_killed_is_finished_by_the_next_attempt(moment: str, tmp_path: Path) -> None:
    workdir, dataset = tmp_path / "work", make(tmp_path / "work", 1000)
    _, stderr = (killed := start(workdir, dataset, moment)).communicate(timeout=120)
    assert killed.returncode == -9, stderr.decode()
    release = release_dataset(workdir, DEMO, dataset)
    assert release.tag == "demo@1.0.0"
    assert release.new == (moment != "after it pushed")
    assert [r.tag for r in list_releases(release.registry)] == ["demo@1.0.0"]
    pull_release("demo", tmp_path / "pulled", registry=release.registry)
    assert verify_dataset(tmp_path / "pulled").content_sha256 == dataset.content_sha256


def test_releases_of_different_content_at_once_all_get_a_version(tmp_path: Path) -> None:
    workdir = tmp_path / "work"
    datasets = [make(workdir, n_rows) for n_rows in (10, 20, 30, 40)]
    processes = [start(workdir, dataset) for dataset in datasets]
    for process in processes:
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, stderr.decode()
    releases = list_releases(str(workdir / "registry.git"))
    assert [release.version for release in releases] == ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]
    assert {release.content_sha256 for release in releases} == {dataset.content_sha256 for dataset in datasets}
    for release in releases:
        pull_release(release.tag, tmp_path / release.tag, registry=release.registry)


def test_releases_of_the_same_content_at_once_become_one(tmp_path: Path) -> None:
    workdir, dataset = tmp_path / "work", make(tmp_path / "work", 10)
    processes = [start(workdir, dataset) for _ in range(3)]
    for process in processes:
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, stderr.decode()
    assert [release.tag for release in list_releases(str(workdir / "registry.git"))] == ["demo@1.0.0"]


PULL = """
import os, signal, sys
from pathlib import Path
from chiron.releases.folder_store import FolderStore
from chiron.releases.pull import pull_release

def half_of_a_table(store, oid, offset=0, read=FolderStore.read):
    data = b"".join(read(store, oid, offset))
    if data[:4] != b"PAR1":
        yield data
        return
    yield data[: len(data) // 2]
    os.kill(os.getpid(), signal.SIGKILL)

FolderStore.read = half_of_a_table
pull_release("demo", Path(sys.argv[2]), registry=sys.argv[1])
"""


def test_a_pull_that_is_killed_goes_on_in_the_middle_of_a_file(tmp_path: Path) -> None:
    release = release_dataset(tmp_path / "work", DEMO, make(tmp_path / "work", 50_000))
    command = [sys.executable, "-c", PULL, release.registry, str(tmp_path / "pulled")]
    killed = subprocess.run(command, check=False, capture_output=True, timeout=120)
    assert killed.returncode == -9, killed.stderr.decode()
    assert not (tmp_path / "pulled").exists()
    pulled = pull_release("demo", tmp_path / "pulled", registry=release.registry)
    table_bytes = (tmp_path / "pulled" / "splits.parquet").stat().st_size
    total = pulled.n_bytes_moved + pulled.n_bytes_cached
    assert pulled.n_bytes_moved <= total - table_bytes // 2
    assert verify_dataset(tmp_path / "pulled").content_sha256 == release.content_sha256
