"""A part of a release: what is moved for it, and what is not even looked at."""

import json
from pathlib import Path

import pytest
from three_splits import CHUNK_BYTES, SHARES, made_of_three_splits

import chiron
from chiron.datasets.dataset import open_dataset
from chiron.datasets.manifest import read_manifest
from chiron.datasets.part import write_part
from chiron.datasets.verify import verify_dataset
from chiron.errors import BadParameters, CallerError, Damaged, NotFound, ServiceUnavailable
from chiron.releases import folder_store
from chiron.releases.cache import open_cache
from chiron.releases.partial import pull_part
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from schemas.params import ReleaseParams
from schemas.part import Part
from schemas.results import Release

SIGNAL_BYTES = 300 * 2 * 5_000 * 2  # what can't be compressed takes its own size


@pytest.fixture
def release(tmp_path: Path) -> Release:
    outcome = made_of_three_splits(tmp_path / "work")
    return release_dataset(tmp_path / "work", ReleaseParams(name="three"), outcome.ref)


@pytest.fixture
def whole(release: Release, tmp_path: Path) -> Path:
    """The folder that was released."""
    return next((tmp_path / "work" / "validate").iterdir())


def stored(whole: Path, name: str, tmp_path: Path) -> Path:
    """Where the remote keeps a file of the release."""
    listing = next((tmp_path / "work" / "remote").rglob("*.dir"))
    md5 = next(entry["md5"] for entry in json.loads(listing.read_text()) if entry["relpath"] == name)
    path = tmp_path / "work" / "remote" / "files" / "md5" / md5[:2] / md5[2:]
    path.chmod(0o644)
    return path


def table_bytes(whole: Path) -> int:
    return sum(path.stat().st_size for path in whole.iterdir() if path.is_file())


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_a_split_moves_its_share_of_the_samples_the_tables_and_two_chunks_more(
    split: str, release: Release, whole: Path, tmp_path: Path
) -> None:
    pulled = pull_part("three", tmp_path / "part", Part(splits={split}), registry=release.registry)
    share = SIGNAL_BYTES * SHARES[split] // 300
    assert pulled.n_records == SHARES[split]
    assert share < pulled.n_bytes_moved < share + table_bytes(whole) + 2 * CHUNK_BYTES + 4096
    assert verify_dataset(tmp_path / "part", content=True).content_sha256 == pulled.part_content_sha256


def test_a_pulled_part_is_what_would_be_cut_out_of_the_dataset_itself(
    release: Release, whole: Path, tmp_path: Path
) -> None:
    part = Part(splits={"valid"}, records={"r009", "r199"})
    pull_part("three@1.0.0", tmp_path / "pulled", part, registry=release.registry)
    (tmp_path / "cut").mkdir()
    assert write_part(open_dataset(whole), part, tmp_path / "cut") == read_manifest(tmp_path / "pulled")


def test_tables_alone_need_no_shard(release: Release, whole: Path, tmp_path: Path) -> None:
    for number in range(3):
        stored(whole, f"signals.zarr/c/{number}", tmp_path).unlink()
    pulled = pull_part("three", tmp_path / "part", Part(tables={"labels"}, splits={"test"}), registry=release.registry)
    assert 0 < pulled.n_bytes_moved <= table_bytes(whole)
    assert set(verify_dataset(tmp_path / "part").tables) == {"labels", "records"}


def test_of_one_record_no_more_than_two_chunks_are_looked_at(release: Release, whole: Path, tmp_path: Path) -> None:
    shard = stored(whole, "signals.zarr/c/0", tmp_path)
    data = bytearray(shard.read_bytes())
    data[2 * CHUNK_BYTES + 100 : -200] = bytes(
        len(data) - 2 * CHUNK_BYTES - 300
    )  # all beyond the second chunk but the index
    shard.write_bytes(data)
    pull_part("three", tmp_path / "one", Part(records={"r000"}), registry=release.registry)
    with pytest.raises(Damaged):
        pull_part("three", tmp_path / "all", Part(splits={"train"}), registry=release.registry)
    assert not (tmp_path / "all").exists()


@pytest.mark.parametrize("place", [1000, -50])  # in the samples of record 0, in the shard's index
def test_a_flipped_bit_in_what_is_wanted_is_found_and_nothing_appears(
    place: int, release: Release, whole: Path, tmp_path: Path
) -> None:
    shard = stored(whole, "signals.zarr/c/0", tmp_path)
    data = bytearray(shard.read_bytes())
    data[place] ^= 1
    shard.write_bytes(data)
    with pytest.raises(Damaged, match=r"samples that it names|damaged shard"):
        pull_part("three", tmp_path / "in" / "part", Part(records={"r000"}), registry=release.registry)
    assert not [path for path in (tmp_path / "in").rglob("*") if path.is_file()]


def test_a_shard_that_is_too_short_is_found(release: Release, whole: Path, tmp_path: Path) -> None:
    shard = stored(whole, "signals.zarr/c/0", tmp_path)
    shard.write_bytes(shard.read_bytes()[:-1000])
    with pytest.raises(Damaged, match=r"three@1\.0\.0: expected the released bytes in remote"):
        pull_part("three", tmp_path / "part", Part(records={"r000"}), registry=release.registry)


def test_what_the_cache_has_is_not_moved_again(release: Release, tmp_path: Path) -> None:
    pull_release("three", tmp_path / "whole", registry=release.registry)
    pulled = pull_part("three", tmp_path / "part", Part(splits={"train"}), registry=release.registry)
    assert pulled.n_bytes_moved == 0


def test_a_pull_that_was_interrupted_moves_no_shard_twice(
    release: Release, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_store, "cores", lambda: 1)
    everything, shard = Part(tables={"signals"}), stored(whole, "signals.zarr/c/2", tmp_path)
    shard.rename(tmp_path / "aside")
    shard.mkdir()  # which can't be read
    with pytest.raises(ServiceUnavailable):
        pull_part("three", tmp_path / "part", everything, registry=release.registry)
    shard.rmdir()
    (tmp_path / "aside").rename(shard)
    pulled = pull_part("three", tmp_path / "part", everything, registry=release.registry)
    assert shard.stat().st_size <= pulled.n_bytes_moved < 1.1 * shard.stat().st_size
    assert verify_dataset(tmp_path / "part", content=True).content_sha256 == pulled.part_content_sha256
    assert list((open_cache().folder / "gathering").iterdir()) == []


def test_a_folder_that_holds_something_is_refused(release: Release, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(CallerError, match="expected an empty folder or none"):
        pull_part("three", tmp_path / "mine", Part(splits={"train"}), registry=release.registry)


def test_what_the_release_has_not_got_leaves_nothing_behind(release: Release, tmp_path: Path) -> None:
    for part in (Part(tables={"facts"}), Part(records={"r9"})):
        with pytest.raises(NotFound):
            pull_part("three", tmp_path / "in" / "part", part, registry=release.registry)
    assert not (tmp_path / "in").exists()
    assert list((open_cache().folder / "gathering").iterdir()) == []


def test_a_part_is_pulled_from_python_too(release: Release, tmp_path: Path) -> None:
    pulled = chiron.pull("three", tmp_path / "part", splits="valid", tables=["labels"], registry=release.registry)
    assert pulled.tag == "three@1.0.0"
    assert chiron.open_dataset(tmp_path / "part").table("labels").height == 60
    with pytest.raises(BadParameters, match="expected a whole release"):
        chiron.pull("three", tmp_path / "again", splits="valid", rebuild=True, registry=release.registry)
