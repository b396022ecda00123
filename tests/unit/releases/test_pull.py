import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chiron.datasets.verify import verify_dataset
from chiron.errors import CallerError, Damaged, NotFound
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
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
