"""Releases, pulls and stages on disks that are full or read-only: real file systems in memory, mounted for each test.

Run by `test_small_disks`, in a mount namespace of its own where everybody may mount.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from small_dataset import DRAFT, STAGE, fill

from chiron.datasets.stage import run_stage
from chiron.datasets.verify import verify_dataset
from chiron.errors import EnvironmentFault
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.releases.registry import list_releases
from chiron.settings import settings
from schemas.manifest import DatasetRef
from schemas.params import ReleaseParams
from schemas.results import Release

DEMO = ReleaseParams(name="demo")
N_EXTRA_BYTES = 600_000
REMEDY = r"expected .*, found"


def mount(folder: Path, options: str) -> None:
    """Mount or change a file system in memory."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with 256 kB, less than the dataset needs."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount(folder, "size=256k")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill_much(folder: Path) -> None:
    """The small dataset, and a file that does not compress."""
    fill(folder)
    noise = np.random.default_rng(1).integers(0, 256, N_EXTRA_BYTES, dtype=np.uint8)
    (folder / "noise.bin").write_bytes(noise.tobytes())


@pytest.fixture
def dataset(tmp_path: Path) -> DatasetRef:
    return run_stage(tmp_path / "work", STAGE, DRAFT, fill_much).ref


@pytest.fixture
def released(tmp_path: Path, dataset: DatasetRef) -> Release:
    return release_dataset(tmp_path / "work", DEMO, dataset)


@pytest.mark.parametrize(("bad", "good"), [("size=256k", "size=64m"), ("ro", "rw,size=64m")])
def test_a_remote_that_is_full_or_read_only_gets_nothing_released(
    disk: Path, dataset: DatasetRef, tmp_path: Path, bad: str, good: str
) -> None:
    remote = disk / "remote"
    mount(disk, f"remount,{bad}")
    with pytest.raises(EnvironmentFault, match=REMEDY):
        release_dataset(tmp_path / "work", DEMO, dataset, remote=str(remote))
    assert list_releases(str(tmp_path / "work" / "registry.git")) == []
    mount(disk, f"remount,{good}")
    release = release_dataset(tmp_path / "work", DEMO, dataset, remote=str(remote))
    pull_release("demo", tmp_path / "pulled", registry=release.registry)
    assert verify_dataset(tmp_path / "pulled").content_sha256 == dataset.content_sha256


@pytest.mark.parametrize(("bad", "good"), [("size=256k", "size=64m"), ("ro", "rw,size=64m")])
def test_a_pull_to_a_disk_that_is_full_or_read_only_leaves_nothing(
    disk: Path, released: Release, bad: str, good: str
) -> None:
    def pull() -> None:
        pull_release("demo", disk / "pulled", registry=released.registry)

    mount(disk, f"remount,{bad}")
    with pytest.raises((EnvironmentFault, OSError)) as caught:
        pull()
    assert isinstance(caught.value, EnvironmentFault) or caught.value.filename
    assert list(disk.iterdir()) == []
    mount(disk, f"remount,{good}")
    pull()
    assert verify_dataset(disk / "pulled").content_sha256 == released.content_sha256


def test_a_full_cache_disk_is_named_and_the_pull_works_when_there_is_room(
    disk: Path, released: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHIRON_CACHE", str(disk / "cache"))
    settings.cache_clear()
    mount(disk, "remount,size=256k")
    with pytest.raises((EnvironmentFault, OSError)):
        pull_release("demo", tmp_path / "pulled", registry=released.registry)
    assert not (tmp_path / "pulled").exists()
    mount(disk, "remount,size=64m")
    pull_release("demo", tmp_path / "pulled", registry=released.registry)
    assert verify_dataset(tmp_path / "pulled").content_sha256 == released.content_sha256


@pytest.mark.parametrize(("bad", "good"), [("size=256k", "size=64m"), ("ro", "rw,size=64m")])
def test_a_stage_on_a_disk_that_is_full_or_read_only_is_not_there(disk: Path, bad: str, good: str) -> None:
    mount(disk, f"remount,{bad}")
    with pytest.raises((EnvironmentFault, OSError)):
        run_stage(disk / "work", STAGE, DRAFT, fill_much)
    assert list(disk.glob("work/validate/*")) == []
    mount(disk, f"remount,{good}")
    verify_dataset(Path(run_stage(disk / "work", STAGE, DRAFT, fill_much).ref.path))


def test_a_registry_on_a_full_disk_keeps_what_was_released(
    disk: Path, tmp_path: Path, dataset: DatasetRef, released: Release
) -> None:
    """Git writes a few hundred bytes for a release; here not even these have room."""
    mount(disk, "remount,size=1m")
    subprocess.run(["git", "clone", "--quiet", "--mirror", released.registry, disk / "registry.git"], check=True)
    subprocess.run(["git", "-C", disk / "registry.git", "config", "--unset", "remote.origin.mirror"], check=True)
    other = run_stage(tmp_path / "other", STAGE, DRAFT, lambda folder: fill(folder, n_records=7)).ref
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            os.fsync(file.fileno())
    with pytest.raises(EnvironmentFault, match=REMEDY):
        release_dataset(tmp_path / "work", DEMO, other, registry=str(disk / "registry.git"))
    assert [release.tag for release in list_releases(str(disk / "registry.git"))] == ["demo@1.0.0"]
    filler.unlink()
    again = release_dataset(tmp_path / "work", DEMO, other, registry=str(disk / "registry.git"))
    assert again.tag == "demo@1.1.0"
