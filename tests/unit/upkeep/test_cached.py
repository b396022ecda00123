"""The cache of pulls is kept small: what is in it may go, and all of what is gone is gone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chiron.datasets.disk import folder_bytes
from chiron.releases.cache import open_cache
from chiron.releases.opening import open_dataset
from chiron.releases.publish import release_dataset
from chiron.upkeep.cached import collect_cache
from schemas.params import ReleaseParams
from schemas.results import StageOutcome

AGES_S = 3600.0


@pytest.fixture
def cache(make_dataset: Callable[..., StageOutcome], tmp_path: Path) -> Path:
    """The cache after a release was opened."""
    release = release_dataset(tmp_path / "work", ReleaseParams(name="demo"), make_dataset().ref)
    open_dataset("demo", registry=release.registry)
    return open_cache().folder


def test_what_was_used_just_now_stays(cache: Path) -> None:
    assert collect_cache(cache, older_than_s=AGES_S, max_bytes=None, apply=True) == []


def test_of_what_is_old_nothing_is_left_also_of_a_release_that_was_opened(cache: Path) -> None:
    assert any(cache.joinpath("datasets").iterdir())
    n_bytes = sum({path.stat().st_ino: path.stat().st_size for path in cache.rglob("*") if path.is_file()}.values())
    gone = collect_cache(cache, older_than_s=-AGES_S, max_bytes=None, apply=True)
    assert sum(item.n_bytes for item in gone) == n_bytes
    assert folder_bytes(cache) == 0
    assert not any(cache.joinpath("datasets").iterdir())


def test_beyond_a_size_what_was_used_longest_ago_goes(cache: Path) -> None:
    assert collect_cache(cache, older_than_s=AGES_S, max_bytes=folder_bytes(cache), apply=False) == []
    assert collect_cache(cache, older_than_s=AGES_S, max_bytes=0, apply=False)
