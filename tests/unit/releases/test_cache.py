"""What was pulled before is not moved again, and never believed unseen."""

import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chiron.datasets.parallel import Meter
from chiron.errors import Damaged, EnvironmentFault, NotFound, ServiceUnavailable
from chiron.releases.cache import Cache, open_cache
from chiron.releases.retries import Interrupted
from schemas.manifest import FileEntry

DATA = bytes(range(256)) * 20_000  # 5 MB
ENTRY = FileEntry(n_bytes=len(DATA), sha256=hashlib.sha256(DATA).hexdigest())
BLOCK = 2**20


class Remote:
    """Serves DATA; breaks off after so many bytes in each of the next reads."""

    def __init__(self, *breaks: int, data: bytes = DATA) -> None:
        self.breaks = list(breaks)
        self.data = data
        self.offsets: list[int] = []

    def __call__(self, offset: int) -> Iterator[bytes]:
        self.offsets.append(offset)
        last = offset + self.breaks.pop(0) if self.breaks else len(self.data)
        for first in range(offset, min(last, len(self.data)), BLOCK):
            yield self.data[first : min(first + BLOCK, last)]
        if last < len(self.data):
            raise Interrupted("remote: expected an answer, found none")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setattr("chiron.releases.retries._PAUSE_S", 0.0)
    return Cache(tmp_path / "cache")


def test_what_was_fetched_lies_under_its_hash_and_can_not_be_written(cache: Cache) -> None:
    path, moved = cache.fetch(ENTRY, Remote(), Meter())
    assert (path.read_bytes(), moved) == (DATA, len(DATA))
    assert path == cache.folder / "sha256" / ENTRY.sha256[:2] / ENTRY.sha256[2:]
    assert path.stat().st_mode & 0o777 == 0o444
    assert list((cache.folder / "parts").iterdir()) == []


def test_what_is_there_is_hashed_and_not_fetched_again(cache: Cache) -> None:
    cache.fetch(ENTRY, Remote(), Meter())
    meter, remote = Meter(), Remote()
    assert cache.fetch(ENTRY, remote, meter) == (cache.path(ENTRY.sha256), 0)
    assert (remote.offsets, meter.n_bytes) == ([], len(DATA))


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data + b"x", lambda data: b"x" + data[1:]])
def test_a_damaged_object_is_thrown_away_and_fetched_again(cache: Cache, damage: Callable[[bytes], bytes]) -> None:
    path, _ = cache.fetch(ENTRY, Remote(), Meter())
    path.chmod(0o644)
    path.write_bytes(damage(DATA))
    assert cache.take(ENTRY, Meter()) is None
    assert not path.exists()
    assert cache.fetch(ENTRY, Remote(), Meter()) == (path, len(DATA))
    assert path.read_bytes() == DATA


def test_an_interrupted_body_goes_on_where_it_stopped(cache: Cache) -> None:
    remote, meter = Remote(3_000_000, 0, 1_000), Meter()
    path, moved = cache.fetch(ENTRY, remote, meter)
    assert remote.offsets == [0, 3_000_000, 3_000_000, 3_001_000]
    assert (path.read_bytes(), moved, meter.n_bytes) == (DATA, len(DATA), len(DATA))


def test_a_remote_that_never_answers_is_given_up_and_what_came_is_kept(cache: Cache) -> None:
    with pytest.raises(ServiceUnavailable, match=r"found none \(6 attempts\)"):
        cache.fetch(ENTRY, Remote(2_000_000, *[0] * 20), Meter())
    assert cache.n_missing(ENTRY) == len(DATA) - 2_000_000
    remote = Remote()
    assert cache.fetch(ENTRY, remote, Meter())[1] == len(DATA) - 2_000_000
    assert remote.offsets == [2_000_000]


def test_what_came_before_is_not_believed(cache: Cache) -> None:
    (cache.folder / "parts" / ENTRY.sha256).write_bytes(b"x" * 1000)
    remote = Remote()
    path, moved = cache.fetch(ENTRY, remote, Meter())
    assert (path.read_bytes(), remote.offsets) == (DATA, [1000, 0])
    assert moved == 2 * len(DATA) - 1000


@pytest.mark.parametrize("data", [DATA[:-1] + b"x", DATA + b"x" * 3 * BLOCK])
def test_other_bytes_are_damage_and_are_not_kept(cache: Cache, data: bytes) -> None:
    with pytest.raises(Damaged, match=f"expected SHA-256 {ENTRY.sha256[:12]}"):
        cache.fetch(ENTRY, Remote(data=data), Meter())
    assert not cache.path(ENTRY.sha256).exists()
    assert cache.n_missing(ENTRY) == len(DATA)


def test_what_is_not_there_is_not_asked_for_again(cache: Cache) -> None:
    asked = []

    def nothing(offset: int) -> Iterator[bytes]:
        asked.append(offset)
        raise NotFound("remote: expected the bytes of the release, found none")

    with pytest.raises(NotFound):
        cache.fetch(ENTRY, nothing, Meter())
    assert asked == [0]


def _fetch_slowly(folder: Path, moved: "multiprocessing.Queue[int]") -> None:
    barrier = folder / "started"

    def read(offset: int) -> Iterator[bytes]:
        barrier.touch()
        yield from Remote()(offset)

    moved.put(Cache(folder).fetch(ENTRY, read, Meter())[1])


def test_two_processes_that_want_the_same_fetch_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    moved: multiprocessing.Queue[int] = context.Queue()
    processes = [context.Process(target=_fetch_slowly, args=(tmp_path, moved)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert sorted(moved.get(timeout=5) for _ in processes) == [0, 0, len(DATA)]


def test_the_cache_is_where_the_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_cache().folder == Path(os.environ["XDG_CACHE_HOME"]) / "chiron"
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFault, match=r"cache .*/file/x: expected a folder to write to.*CHIRON_CACHE"):
        Cache(tmp_path / "file" / "x")
