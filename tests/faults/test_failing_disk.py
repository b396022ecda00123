"""Whatever write, sync or rename fails while a dataset is sealed, released or pulled: nothing half-made is visible,
nothing released is lost, and doing it again ends with the right hashes.

Every operation of the code that publishes fails once.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from failing_disk import failing_disk

from chiron.datasets.verify import verify_dataset
from chiron.errors import ChironError
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.releases.registry import list_releases
from chiron.settings import settings
from schemas.params import ReleaseParams
from schemas.results import StageOutcome

DEMO = ReleaseParams(name="demo")


def operations_of(folder: Path, work: Callable[[], object]) -> int:
    """How many operations a piece of work takes."""
    with failing_disk(folder) as disk:
        work()
    assert len(disk.operations) > 5, disk.operations
    return len(disk.operations)


def fails_at(folder: Path, nth: int, work: Callable[[], object]) -> bool:
    """Whether the work fails where the n-th operation does, with an error that the command line can explain."""
    with failing_disk(folder, nth):
        try:
            work()
        except (ChironError, OSError):
            return True
    return False


def visible_stages(workdir: Path) -> list[Path]:
    return [folder for folder in workdir.glob("[a-z]*/*") if len(folder.name) == 64]


def test_a_stage_is_whole_or_absent_whatever_operation_fails(
    make_dataset: Callable[..., StageOutcome], tmp_path: Path
) -> None:
    expected = make_dataset("calm").ref.content_sha256
    n_operations = operations_of(tmp_path, lambda: make_dataset("counted"))
    failed = 0
    for nth in range(1, n_operations + 1):
        failed += fails_at(tmp_path, nth, lambda: make_dataset("work"))
        for stage in visible_stages(tmp_path / "work"):
            verify_dataset(stage)
        assert make_dataset("work").ref.content_sha256 == expected
        shutil.rmtree(tmp_path / "work")
    assert failed > n_operations // 2


@pytest.mark.slow
def test_a_release_is_whole_or_absent_whatever_operation_fails(
    make_dataset: Callable[..., StageOutcome], tmp_path: Path
) -> None:
    first = release_dataset(tmp_path / "base", DEMO, make_dataset("a").ref)
    second = make_dataset("b", n_records=7).ref
    workdir = tmp_path / "base"
    kept = tmp_path / "kept"
    shutil.copytree(workdir, kept, symlinks=True)

    def begin_again() -> None:
        shutil.rmtree(workdir)
        shutil.copytree(kept, workdir, symlinks=True)

    n_operations = operations_of(workdir, lambda: release_dataset(workdir, DEMO, second))
    failed = 0
    for nth in range(1, n_operations + 1):
        begin_again()
        failed += fails_at(workdir, nth, lambda: release_dataset(workdir, DEMO, second))
        for release in list_releases(first.registry):
            pulled = tmp_path / "pulled" / str(nth) / release.version
            pull_release(release.tag, pulled, registry=first.registry)
        assert (tmp_path / "pulled" / str(nth) / "1.0.0").is_dir()
        again = release_dataset(workdir, DEMO, second)
        assert (again.tag, again.content_sha256) == ("demo@1.1.0", second.content_sha256)
        assert [release.version for release in list_releases(first.registry)] == ["1.0.0", "1.1.0"]
        shutil.rmtree(tmp_path / "pulled")
    assert failed > n_operations // 2


def test_a_pull_is_whole_or_absent_whatever_operation_fails(
    make_dataset: Callable[..., StageOutcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = release_dataset(tmp_path / "work", DEMO, make_dataset().ref)

    def use_cache(name: str) -> None:
        monkeypatch.setenv("CHIRON_CACHE", str(tmp_path / "here" / name))
        settings.cache_clear()

    def pull(to: str) -> None:
        pull_release("demo", tmp_path / "here" / to, registry=release.registry)

    use_cache("counted-cache")
    n_operations = operations_of(tmp_path / "here", lambda: pull("counted"))
    failed = 0
    for nth in range(1, n_operations + 1):
        use_cache(f"cache-{nth}")
        dest = tmp_path / "here" / f"dest-{nth}"
        failed += fails_at(tmp_path / "here", nth, lambda: pull(dest.name))  # noqa: B023 - called at once
        if dest.exists():
            verify_dataset(dest)
            shutil.rmtree(dest)
        pull(dest.name)
        assert verify_dataset(dest).content_sha256 == release.content_sha256
    assert failed > n_operations // 2
