"""`chiron.open_dataset`: a folder, or a release that is pulled once."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from small_dataset import signal
from three_splits import made_of_three_splits

import chiron
from chiron.errors import NotFound
from chiron.releases.cache import open_cache
from chiron.releases.publish import release_dataset
from chiron.settings import settings
from schemas.params import ReleaseParams
from schemas.results import Release, StageOutcome


@pytest.fixture
def release(tmp_path: Path, make_dataset) -> Release:
    return release_dataset(tmp_path / "work", ReleaseParams(name="small"), make_dataset().ref)


def test_a_folder_is_opened_where_it_lies(make_dataset) -> None:
    outcome: StageOutcome = make_dataset()
    for where in (outcome.ref.path, Path(outcome.ref.path)):
        assert chiron.open_dataset(where).ref == outcome.ref


def test_a_release_is_opened_by_name_by_version_and_by_content(release: Release) -> None:
    for where in ("small", "small@1.0.0", release.content_sha256):
        dataset = chiron.open_dataset(where, registry=release.registry)
        np.testing.assert_array_equal(dataset.signal("r3"), signal(3))


def test_a_release_is_fetched_once_and_its_folder_belongs_to_the_cache(release: Release, tmp_path: Path) -> None:
    first = chiron.open_dataset("small", registry=release.registry)
    shutil.rmtree(tmp_path / "work" / "remote")
    again = chiron.open_dataset("small", registry=release.registry)
    assert again.folder == first.folder
    assert open_cache().folder in first.folder.parents


def test_the_registry_of_the_environment_is_used(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIRON_REGISTRY", release.registry)
    settings.cache_clear()
    assert chiron.open_dataset("small").manifest.content_sha256 == release.content_sha256


def test_what_is_neither_folder_nor_release_is_not_found(release: Release, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"small@1\.0\.0"):
        chiron.open_dataset("other", registry=release.registry)
    with pytest.raises(NotFound, match=r"expected a manifest\.json"):
        chiron.open_dataset("some/folder", registry=release.registry)
    with pytest.raises(NotFound, match=r"expected a manifest\.json"):
        chiron.open_dataset(tmp_path)


def test_opening_a_folder_loads_neither_torch_nor_git_nor_stores(tmp_path: Path) -> None:
    outcome = made_of_three_splits(tmp_path)
    code = (
        "import sys, chiron; d = chiron.open_dataset(sys.argv[1]); d.signal_mv('r000'); "
        "print(*{'torch', 'dvc', 'boto3', 'pandas', 'pyarrow', 'prefect', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, outcome.ref.path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
