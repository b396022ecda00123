import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import chiron
from chiron.datasets.links import can_reflink
from chiron.datasets.manifest import read_manifest
from chiron.datasets.verify import verify_dataset
from chiron.errors import CallerError, Damaged, EnvironmentFault, NotFound
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from schemas.manifest import DatasetRef
from schemas.params import ReleaseParams
from schemas.results import Release, StageOutcome


@pytest.fixture
def releases(tmp_path: Path, make_dataset: Callable[..., StageOutcome]) -> list[Release]:
    """demo@1.0.0 with 5 records and demo@1.1.0 with 7."""
    made = [make_dataset(), make_dataset("other", n_records=7)]
    return [release_dataset(tmp_path / "work", ReleaseParams(name="demo"), outcome.ref) for outcome in made]


@pytest.fixture
def registry(releases: list[Release]) -> str:
    return releases[0].registry


def stored_tables(tmp_path: Path) -> list[Path]:
    return [p for p in (tmp_path / "work" / "remote").rglob("*") if p.is_file() and p.read_bytes()[:4] == b"PAR1"]


def test_a_version_is_pulled_and_every_byte_is_right(releases: list[Release], registry: str, tmp_path: Path) -> None:
    pulled = pull_release("demo@1.0.0", tmp_path / "pulled", registry=registry)
    assert (pulled.tag, pulled.content_sha256, pulled.new) == ("demo@1.0.0", releases[0].content_sha256, False)
    assert verify_dataset(tmp_path / "pulled").manifest_sha256 == releases[0].manifest_sha256


def test_without_a_version_the_highest_is_pulled(registry: str, tmp_path: Path) -> None:
    assert pull_release("demo", tmp_path / "pulled", registry=registry).version == "1.1.0"


def test_an_empty_folder_is_filled_and_nothing_else_is_left(registry: str, tmp_path: Path) -> None:
    (tmp_path / "in" / "pulled").mkdir(parents=True)
    pull_release("demo", tmp_path / "in" / "pulled", registry=registry)
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["pulled"]


def test_missing_parents_of_the_destination_are_made(registry: str, tmp_path: Path) -> None:
    pull_release("demo", tmp_path / "a" / "b" / "c", registry=registry)
    verify_dataset(tmp_path / "a" / "b" / "c")


def test_a_folder_that_holds_something_is_refused(registry: str, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    with pytest.raises(CallerError, match="expected an empty folder or none"):
        pull_release("demo", tmp_path / "full", registry=registry)
    with pytest.raises(CallerError, match="expected an empty folder or none"):
        pull_release("demo", tmp_path / "full" / "mine", registry=registry)


@pytest.mark.parametrize("spec", ["demo@1.2.0", "demo@1", "demo@newest"])
def test_an_unknown_version_is_answered_with_those_that_exist(spec: str, registry: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"expected one of demo@1\.0\.0, demo@1\.1\.0, found"):
        pull_release(spec, tmp_path / "new" / "pulled", registry=registry)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("spec", ["dem", "", "@", "../demo", "--upload-pack=x"])
def test_an_unknown_name_is_answered_with_what_exists(spec: str, registry: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"demo@1\.1\.0"):
        pull_release(spec, tmp_path / "pulled", registry=registry)


def test_a_changed_byte_in_the_remote_is_found_and_nothing_appears(registry: str, tmp_path: Path) -> None:
    for table in stored_tables(tmp_path):
        table.chmod(0o644)
        data = bytearray(table.read_bytes())
        data[len(data) // 2] ^= 1
        table.write_bytes(data)
    with pytest.raises(Damaged, match=r"demo@1\.1\.0.*\.parquet: expected SHA-256"):
        pull_release("demo", tmp_path / "in" / "pulled", registry=registry)
    assert list((tmp_path / "in").iterdir()) == []


def test_a_whole_other_dataset_in_the_place_of_the_bytes_is_found(
    releases: list[Release], registry: str, tmp_path: Path
) -> None:
    by_version: dict[str, Path] = {}
    for path in (tmp_path / "work" / "remote").rglob("*.dir"):
        listing = {entry["relpath"]: entry["md5"] for entry in json.loads(path.read_text())}
        md5 = listing["manifest.json"]
        manifest = (tmp_path / "work" / "remote" / "files" / "md5" / md5[:2] / md5[2:]).read_text()
        by_version["1.0.0" if releases[0].content_sha256 in manifest else "1.1.0"] = path
    by_version["1.1.0"].chmod(0o644)
    by_version["1.1.0"].write_bytes(by_version["1.0.0"].read_bytes())
    with pytest.raises(Damaged, match=r"demo@1\.1\.0: expected manifest"):
        pull_release("demo@1.1.0", tmp_path / "pulled", registry=registry)


def test_a_remote_that_moved_is_named_by_hand(registry: str, tmp_path: Path) -> None:
    (tmp_path / "work" / "remote").rename(tmp_path / "moved")
    with pytest.raises(NotFound, match="name its new place with --remote"):
        pull_release("demo", tmp_path / "pulled", registry=registry)
    pull_release("demo", tmp_path / "pulled", registry=registry, remote=str(tmp_path / "moved"))
    verify_dataset(tmp_path / "pulled")


def test_without_a_registry_nothing_is_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="expected a bare git repository"):
        pull_release("demo", tmp_path / "pulled", registry=str(tmp_path / "absent"))


def test_a_second_pull_moves_nothing_and_needs_no_remote(registry: str, tmp_path: Path) -> None:
    first = pull_release("demo", tmp_path / "first", registry=registry)
    size = sum(path.stat().st_size for path in (tmp_path / "first").rglob("*") if path.is_file())
    assert (first.n_bytes_moved, first.n_bytes_cached) == (size, 0)
    shutil.rmtree(tmp_path / "work" / "remote")
    second = pull_release("demo", tmp_path / "second", registry=registry)
    manifest_bytes = (tmp_path / "first" / "manifest.json").stat().st_size
    assert (second.n_bytes_moved, second.n_bytes_cached) == (0, size - manifest_bytes)
    assert verify_dataset(tmp_path / "second").content_sha256 == first.content_sha256


def test_pulled_files_are_read_only_and_share_the_bytes_of_the_cache(registry: str, tmp_path: Path) -> None:
    pull_release("demo", tmp_path / "first", registry=registry)
    for path in (tmp_path / "first").rglob("*.parquet"):
        assert path.stat().st_mode & 0o777 == 0o444
        assert path.stat().st_nlink == 2 or can_reflink(path, tmp_path)


def test_whoever_edits_a_pulled_file_changes_no_later_pull(registry: str, tmp_path: Path) -> None:
    pull_release("demo", tmp_path / "first", registry=registry)
    edited = tmp_path / "first" / "labels.parquet"
    edited.chmod(0o644)
    with edited.open("r+b") as file:
        file.write(b"mine")
    again = pull_release("demo", tmp_path / "second", registry=registry)
    assert verify_dataset(tmp_path / "second").content_sha256 == again.content_sha256
    assert again.n_bytes_moved == (tmp_path / "second" / "labels.parquet").stat().st_size
    assert edited.read_bytes()[:4] == b"mine"


def test_one_flipped_bit_in_any_object_of_the_remote_is_found(registry: str, tmp_path: Path) -> None:
    objects = [path for path in (tmp_path / "work" / "remote").rglob("*") if path.is_file()]
    needed = 0
    for number, path in enumerate(objects):
        good = path.read_bytes()
        bad = bytearray(good)
        bad[len(bad) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(bytes(bad))
        shutil.rmtree(os.environ["XDG_CACHE_HOME"])
        try:
            pull_release("demo", tmp_path / "in" / str(number), registry=registry)
            verify_dataset(tmp_path / "in" / str(number))  # an object of the other version
        except Damaged:
            needed += 1
            assert not (tmp_path / "in" / str(number)).exists()
        path.write_bytes(good)
    assert needed > len(objects) // 2


def test_a_release_holds_a_description_that_names_it_and_the_same_content(
    releases: list[Release], registry: str, tmp_path: Path
) -> None:
    pulled = pull_release("demo@1.0.0", tmp_path / "pulled", registry=registry)
    assert "demo@1.0.0" in (tmp_path / "pulled" / "README.md").read_text()
    assert "README.md" in read_manifest(tmp_path / "pulled").files
    assert pulled.content_sha256 == read_manifest(tmp_path / "pulled").content_sha256


def test_a_pulled_release_can_be_released_again_as_what_it_is(registry: str, tmp_path: Path) -> None:
    pulled = pull_release("demo", tmp_path / "pulled", registry=registry)
    ref = DatasetRef(path=str(tmp_path / "pulled"), content_sha256=pulled.content_sha256)
    other = release_dataset(tmp_path / "elsewhere", ReleaseParams(name="copy"), ref)
    pull_release("copy", tmp_path / "again", registry=other.registry)
    assert "copy@1.0.0" in (tmp_path / "again" / "README.md").read_text()


def test_a_manifest_that_names_a_file_outside_writes_nothing(
    make_dataset: Callable[..., StageOutcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chiron.releases.staging.describe_release", lambda *_, **__: {"../evil": b"evil"})
    release = release_dataset(tmp_path / "work", ReleaseParams(name="demo"), make_dataset().ref)
    with pytest.raises(Damaged, match="leads outside"):
        pull_release("demo", tmp_path / "in" / "pulled", registry=release.registry)
    assert list((tmp_path / "in").iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_a_disk_without_room_is_known_before_a_byte_is_fetched(
    registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 4})())
    with pytest.raises(EnvironmentFault, match="disk: expected"):
        pull_release("demo", tmp_path / "pulled", registry=registry)


def test_python_pulls_with_one_call(releases: list[Release], registry: str, tmp_path: Path) -> None:
    pulled = chiron.pull("demo@1.0.0", tmp_path / "pulled", registry=registry)
    assert (pulled.tag, verify_dataset(tmp_path / "pulled").content_sha256) == ("demo@1.0.0", pulled.content_sha256)


def test_what_is_no_cohort_is_not_rebuilt(registry: str, tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=r"rebuild of demo@1\.1\.0: expected a cohort, found a validated dataset"):
        chiron.pull("demo", tmp_path / "pulled", registry=registry, rebuild=True)
    assert not (tmp_path / "pulled").exists()
