import hashlib
import json
import stat
from pathlib import Path

import pytest

from chiron.datasets.hashing import hash_file
from chiron.datasets.parallel import Meter
from chiron.errors import BadParameters, Damaged, EnvironmentFault, NotFound, ServiceUnavailable
from chiron.progress import show_progress_with
from chiron.releases.listing import Listing, StoredFile
from chiron.releases.registry_files import StoredFolder
from chiron.releases.remote import upload_files, upload_listing
from chiron.releases.store import open_store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    (made / "deep" / "er").mkdir(parents=True)
    (made / "a.bin").write_bytes(b"hello")
    (made / "same.bin").write_bytes(b"hello")
    (made / "deep" / "er" / "empty").touch()
    return made


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def upload_folder(folder: Path, remote: str) -> StoredFolder:
    """All files of a folder."""
    store, files = open_store(remote), []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        (md5,) = hash_file(path, ["md5"], Meter()) or ("",)
        files.append(StoredFile(str(path.relative_to(folder)), path, md5, path.stat().st_size))
    upload_files(files, store)
    return upload_listing(files, store)


def download_folder(md5: str, remote: str, folder: Path) -> None:
    """All files of a listing."""
    store = open_store(remote)
    listing = Listing(b"".join(store.read(md5)), md5)
    for name, oid in listing.md5s.items():
        data = b"".join(store.read(oid))
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def object_of(remote: Path, md5: str) -> Path:
    return remote / "files" / "md5" / md5[:2] / md5[2:]


def put_listing(remote: Path, entries: object) -> str:
    data = json.dumps(entries).encode()
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest() + ".dir"
    object_of(remote, md5).parent.mkdir(parents=True, exist_ok=True)
    object_of(remote, md5).write_bytes(data)
    return md5


def test_what_goes_up_comes_down(folder: Path, tmp_path: Path) -> None:
    stored = upload_folder(folder, str(tmp_path / "remote"))
    assert (stored.n_bytes, stored.n_files) == (10, 3)
    download_folder(stored.md5, str(tmp_path / "remote"), tmp_path / "back")
    assert files_of(tmp_path / "back") == files_of(folder)


def test_the_uploaded_folder_is_not_touched(folder: Path, tmp_path: Path) -> None:
    def state() -> dict[str, tuple[int, ...]]:
        paths = [p for p in folder.rglob("*") if p.is_file()]
        return {str(p): (p.stat().st_mode, p.stat().st_ino, p.stat().st_nlink, p.stat().st_mtime_ns) for p in paths}

    before = state()
    upload_folder(folder, str(tmp_path / "remote"))
    assert state() == before


def test_bytes_lie_under_the_md5_of_their_content_once_and_read_only(folder: Path, tmp_path: Path) -> None:
    upload_folder(folder, str(tmp_path / "remote"))
    stored = object_of(tmp_path / "remote", "5d41402abc4b2a76b9719d911017c592")  # md5("hello"), as in RFC 1321 tools
    assert stored.read_bytes() == b"hello"
    assert stat.S_IMODE(stored.stat().st_mode) == 0o444
    assert len(files_of(tmp_path / "remote")) == 3  # hello, the empty file, the listing


def test_changing_what_was_pulled_does_not_change_the_remote(folder: Path, tmp_path: Path) -> None:
    stored = upload_folder(folder, str(tmp_path / "remote"))
    before = files_of(tmp_path / "remote")
    download_folder(stored.md5, str(tmp_path / "remote"), tmp_path / "back")
    (tmp_path / "back" / "a.bin").write_bytes(b"changed")
    (folder / "a.bin").write_bytes(b"changed")
    assert files_of(tmp_path / "remote") == before


def test_a_second_upload_brings_only_what_is_new(folder: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    upload_folder(folder, str(tmp_path / "remote"))
    (folder / "new.bin").write_bytes(b"new")
    with show_progress_with(lambda *what: seen.append(what)):
        upload_folder(folder, str(tmp_path / "remote"))
    assert seen[-1] == ("bytes uploaded", 3, 3)


def test_a_truncated_object_of_a_remote_is_replaced(folder: Path, tmp_path: Path) -> None:
    upload_folder(folder, str(tmp_path / "remote"))
    broken = object_of(tmp_path / "remote", "5d41402abc4b2a76b9719d911017c592")
    broken.unlink()
    broken.write_bytes(b"hel")  # as another program would leave it: writable
    upload_folder(folder, str(tmp_path / "remote"))
    assert broken.read_bytes() == b"hello"


@pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil", "a//b", "./a", "", "a/\0"])
def test_a_listing_that_leads_outside_is_refused_before_a_byte_is_written(path: str, tmp_path: Path) -> None:
    md5 = put_listing(tmp_path / "remote", [{"md5": "5d41402abc4b2a76b9719d911017c592", "relpath": path}])
    with pytest.raises(Damaged, match="leads outside"):
        download_folder(md5, str(tmp_path / "remote"), tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("entries", [{}, [{"relpath": "a"}], [{"md5": "../../../../../etc/passwd", "relpath": "a"}]])
def test_a_listing_that_is_none_is_damage(entries: object, tmp_path: Path) -> None:
    md5 = put_listing(tmp_path / "remote", entries)
    with pytest.raises(Damaged, match="expected the listing of a folder"):
        download_folder(md5, str(tmp_path / "remote"), tmp_path / "back")


def test_bytes_that_are_not_there_are_not_found(folder: Path, tmp_path: Path) -> None:
    stored = upload_folder(folder, str(tmp_path / "remote"))
    object_of(tmp_path / "remote", "5d41402abc4b2a76b9719d911017c592").unlink()
    with pytest.raises(NotFound, match="expected the bytes of the release, found none"):
        download_folder(stored.md5, str(tmp_path / "remote"), tmp_path / "back")
    with pytest.raises(NotFound, match="--remote"):
        download_folder(stored.md5, str(tmp_path / "absent"), tmp_path / "back2")


def test_a_remote_that_is_a_file_is_an_unavailable_service(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServiceUnavailable, match="expected to use it"):
        upload_folder(folder, str(tmp_path / "file"))


def test_an_address_of_an_unknown_kind_is_a_bad_parameter(folder: Path) -> None:
    with pytest.raises(BadParameters, match="nowhere://x"):
        upload_folder(folder, "nowhere://x")


def test_a_listing_is_byte_for_byte_what_dvc_writes(folder: Path, tmp_path: Path) -> None:
    from dvc.fs import localfs  # noqa: PLC0415 - slow to load
    from dvc_data.hashfile.build import build  # noqa: PLC0415
    from dvc_data.hashfile.db.local import LocalHashFileDB  # noqa: PLC0415

    stored = upload_folder(folder, str(tmp_path / "remote"))
    database = LocalHashFileDB(localfs, str(tmp_path / "dvc"))
    _, meta, tree = build(database, str(folder), localfs, "md5", dry_run=True)
    assert stored.md5 == str(tree.oid)
    assert object_of(tmp_path / "remote", stored.md5).read_bytes() == tree.as_bytes()
    assert (stored.n_bytes, stored.n_files) == (meta.size, meta.nfiles)


def test_a_damaged_object_of_a_remote_is_replaced_by_the_right_bytes(folder: Path, tmp_path: Path) -> None:
    upload_folder(folder, str(tmp_path / "remote"))
    broken = object_of(tmp_path / "remote", "5d41402abc4b2a76b9719d911017c592")
    broken.chmod(0o644)
    broken.write_bytes(b"hellp")
    upload_folder(folder, str(tmp_path / "remote"))
    assert broken.read_bytes() == b"hello"


def test_a_disk_without_room_is_known_before_a_byte_is_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chiron.releases.remote.can_reflink", lambda *_: False)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 4})())
    with pytest.raises(EnvironmentFault, match="disk: expected"):
        upload_folder(folder, str(tmp_path / "remote"))
    assert not (tmp_path / "remote").exists()
