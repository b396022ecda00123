"""One flipped bit, in every kind of object there is: a dataset's files, a remote's objects, what a pull keeps on this
machine, the registry itself. It is found, and what it spoils is never handed out."""

import random
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chiron.datasets.verify import verify_dataset
from chiron.errors import ChironError, Damaged
from chiron.releases.cache import open_cache
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.settings import settings
from chiron.upkeep.fsck import check_registry
from schemas.params import ReleaseParams
from schemas.results import Release, StageOutcome

DRAWS = random.Random(5)  # noqa: S311 - places, not secrets


@pytest.fixture
def release(make_dataset: Callable[..., StageOutcome], tmp_path: Path) -> Release:
    return release_dataset(tmp_path / "work", ReleaseParams(name="demo"), make_dataset(n_records=12).ref)


def files_in(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    assert found
    return found


@contextmanager
def flipped(path: Path) -> Iterator[bytes]:
    """Within the block, a bit of the file at a random place is another. Gives what the file held."""
    before = path.read_bytes()
    bit = DRAWS.randrange(8 * len(before))
    after = bytearray(before)
    after[bit // 8] ^= 1 << bit % 8
    replace(path, bytes(after))
    yield before
    replace(path, before)


def replace(path: Path, data: bytes) -> None:
    """Write other bytes under the same name; what shares the file under another name keeps its own."""
    mode = path.stat().st_mode
    path.unlink()
    path.write_bytes(data)
    path.chmod(mode)


def fresh_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIRON_CACHE", str(folder))
    settings.cache_clear()


def test_in_a_pulled_dataset_verify_finds_it_and_names_the_file(release: Release, tmp_path: Path) -> None:
    pull_release("demo", tmp_path / "pulled", registry=release.registry)
    for path in files_in(tmp_path / "pulled"):
        with flipped(path), pytest.raises(Damaged, match=path.name):
            verify_dataset(tmp_path / "pulled")
    verify_dataset(tmp_path / "pulled")


def test_in_a_remote_the_check_finds_it_and_no_pull_hands_it_out(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, path in enumerate(files_in(tmp_path / "work" / "remote")):
        fresh_cache(tmp_path / f"cache-{number}", monkeypatch)
        with flipped(path):
            report = check_registry(release.registry)
            assert [fault.oid for fault in report.faults] == [path.parent.name + path.name]
            with pytest.raises(Damaged, match=r"demo@1\.0\.0"):
                pull_release("demo", tmp_path / "pulled", registry=release.registry)
            assert not (tmp_path / "pulled").exists()
    assert not check_registry(release.registry).faults


def test_in_what_was_pulled_before_it_is_fetched_again(release: Release, tmp_path: Path) -> None:
    pull_release("demo", tmp_path / "first", registry=release.registry)
    for number, path in enumerate(files_in(open_cache().folder)):
        with flipped(path):
            pull_release("demo", tmp_path / str(number), registry=release.registry)
            verify_dataset(tmp_path / str(number))


def test_in_the_registry_the_check_finds_it_and_a_pull_is_right_or_refused(release: Release, tmp_path: Path) -> None:
    registry = Path(release.registry)
    of_git = [path for path in files_in(registry) if path.relative_to(registry).parts[0] in ("objects", "refs")]
    for number, path in enumerate([*of_git, registry / "HEAD"]):
        with flipped(path) as before:
            assert is_found(release.registry) or means_the_same(path, before), path
            try:
                pull_release("demo", tmp_path / str(number), registry=release.registry)
            except ChironError:
                assert not (tmp_path / str(number)).exists()
            else:
                assert verify_dataset(tmp_path / str(number)).content_sha256 == release.content_sha256
    assert not is_found(release.registry)


def means_the_same(path: Path, before: bytes) -> bool:
    """Whether an object of git holds what it held: the last byte of a deflated stream may have bits of no meaning."""
    return path.parts[-3] == "objects" and zlib.decompress(path.read_bytes()) == zlib.decompress(before)


def is_found(registry: str) -> bool:
    """Whether the check of a registry finds a fault, or can't read the registry at all."""
    try:
        report = check_registry(registry)
    except ChironError:
        return True
    return bool(report.faults or report.registry_faults)
