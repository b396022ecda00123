import hashlib
from pathlib import Path

import pytest

from chiron.errors import Damaged, NotFound
from chiron.releases.listing import StoredFile, md5_hex
from chiron.releases.objects import Objects
from chiron.releases.remote import upload_files, upload_listing
from chiron.releases.store import open_store

HELLO = "5d41402abc4b2a76b9719d911017c592"  # md5("hello")


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Objects, str]:
    contents = {"a.bin": b"hello", "deep/b.bin": b"world"}
    files = [StoredFile(name, data, md5_hex(data), len(data)) for name, data in contents.items()]
    store = open_store(str(tmp_path / "remote"))
    upload_files(files, store)
    return Objects(str(tmp_path / "remote")), upload_listing(files, store).md5


def path_of(objects: Objects, oid: str) -> Path:
    return Path(objects.remote) / "files" / "md5" / oid[:2] / oid[2:]


def test_what_dvc_stored_is_listed_with_its_size(stored: tuple[Objects, str]) -> None:
    objects, listing = stored
    assert objects.all()[HELLO].n_bytes == 5
    assert set(objects.listing(listing)) == {"a.bin", "deep/b.bin"}
    assert objects.all().keys() == {listing, *objects.listing(listing).values()}


def test_a_remote_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert Objects(str(tmp_path / "none")).all() == {}


def test_digests_are_those_of_hashlib(stored: tuple[Objects, str]) -> None:
    objects, _ = stored
    assert objects.digests(HELLO) == (5, HELLO, hashlib.sha256(b"hello").hexdigest())


def test_what_is_fetched_has_the_md5_that_it_is_named_by(stored: tuple[Objects, str], tmp_path: Path) -> None:
    objects, _ = stored
    path_of(objects, HELLO).chmod(0o644)
    path_of(objects, HELLO).write_bytes(b"hellp")
    with pytest.raises(Damaged, match=HELLO):
        objects.fetch(HELLO, tmp_path / "got")


def test_removed_objects_are_gone_and_what_is_needed_all_the_same_stays(stored: tuple[Objects, str]) -> None:
    objects, listing = stored
    other = objects.listing(listing)["deep/b.bin"]
    assert objects.remove([listing, HELLO, other], lambda: {HELLO}) == [other, listing]  # the listing last
    assert objects.all().keys() == {HELLO}
    assert objects.lacking([HELLO, other]) == [other]
    with pytest.raises(NotFound):
        objects.listing(listing)


def test_a_listing_can_be_read_while_it_is_put_aside(stored: tuple[Objects, str]) -> None:
    objects, listing = stored
    seen: list[set[str]] = []

    def needed() -> set[str]:
        seen.append(set(objects.listing(listing)))
        return {listing}

    assert objects.remove([listing], needed) == []
    assert seen == [{"a.bin", "deep/b.bin"}]
    assert listing in objects.all()


def test_everything_goes_back_where_the_registry_can_not_be_read(stored: tuple[Objects, str]) -> None:
    objects, listing = stored
    before = objects.all().keys()

    def fails() -> set[str]:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        objects.remove([listing, HELLO], fails)
    assert objects.all().keys() == before


def test_what_a_killed_removal_left_aside_is_put_back_or_removed_by_the_next(stored: tuple[Objects, str]) -> None:
    objects, listing = stored
    other = objects.listing(listing)["deep/b.bin"]

    objects._move(HELLO, "files/md5", "files/collected")  # as a process left it that was killed here
    objects._move(other, "files/md5", "files/collected")
    assert objects.remove([], lambda: {HELLO, listing}) == [other]
    assert objects.all().keys() == {HELLO, listing}
