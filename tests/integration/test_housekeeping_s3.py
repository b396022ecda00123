"""Checks, collection, withdrawal and backup where the bytes are on a real S3 server."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from registry_state import publish_to
from small_hospital import ingested, readings_of, records_of

from chiron.datasets.dataset import open_dataset
from chiron.errors import ServiceUnavailable, Withdrawn
from chiron.quality.validate import validate_dataset
from chiron.releases.objects import Objects
from chiron.releases.pull import pull_release
from chiron.upkeep import collect as module
from chiron.upkeep.backup import Sources, back_up
from chiron.upkeep.collect import collect_garbage
from chiron.upkeep.fsck import check_registry
from chiron.upkeep.holding import Sought
from chiron.upkeep.mending import check_and_mend
from chiron.upkeep.restoring import restore
from chiron.upkeep.withdraw import withdraw
from schemas.params import ValidateParams
from schemas.results import Release, StageOutcome
from schemas.tables import RECORDS

MakeDataset = Callable[..., StageOutcome]


@pytest.fixture
def released(make_dataset: MakeDataset, remote: str, tmp_path: Path) -> Release:
    return publish_to(tmp_path / "work", make_dataset(n_records=2), remote)


def keys_of(bucket: Any) -> set[str]:
    return {item.key for item in bucket.objects.all()}


def test_every_missing_and_every_damaged_object_is_found_and_mended_from_a_copy(
    released: Release, bucket: Any, tmp_path: Path
) -> None:
    assert check_registry(released.registry).is_sound
    pull_release("small", tmp_path / "copy", registry=released.registry)
    stored = {item.key: item.get()["Body"].read() for item in bucket.objects.all()}
    assert check_registry(released.registry).n_bytes == sum(map(len, stored.values()))
    listing, *files = sorted(stored, key=lambda key: not key.endswith(".dir"))
    for missing, flipped in ((listing, None), (files[0], files[1]), (files[2], listing)):
        bucket.Object(missing).delete()
        if flipped:
            bucket.put_object(Key=flipped, Body=stored[flipped][:-1] + bytes([stored[flipped][-1] ^ 1]))
        found = {fault.oid for fault in check_registry(released.registry).faults}
        assert set(before_oids({flipped or missing})) <= found
        assert check_and_mend(released.registry, tmp_path / "copy").is_sound
    assert {item.key: item.get()["Body"].read() for item in bucket.objects.all()} == stored


def test_old_objects_that_nothing_needs_go_and_young_ones_stay(
    released: Release, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = keys_of(bucket)
    stray = "a/prefix/files/md5/5d/41402abc4b2a76b9719d911017c592"
    bucket.put_object(Key=stray, Body=b"hello")
    dead = bucket.Object(stray).initiate_multipart_upload()
    dead.Part(1).upload(Body=b"hell")
    assert not collect_garbage(tmp_path / "work", registry=released.registry, apply=True).collected
    in_a_month = datetime.now(UTC).timestamp() + 30 * 86_400
    monkeypatch.setattr(module.time, "time", lambda: in_a_month)
    dry = collect_garbage(tmp_path / "work", registry=released.registry)
    assert [item.what for item in dry.collected if item.kind == "object"] == ["5d41402abc4b2a76b9719d911017c592"]
    assert [item.what for item in dry.collected if item.kind == "partial"] == ["5d41402abc4b2a76b9719d911017c592"]
    assert keys_of(bucket) == needed | {stray}
    assert len(list(bucket.multipart_uploads.all())) == 1
    collect_garbage(tmp_path / "work", registry=released.registry, apply=True)
    assert keys_of(bucket) == needed
    assert list(bucket.multipart_uploads.all()) == []
    pull_release("small", tmp_path / "pulled", registry=released.registry)


def test_objects_that_are_needed_all_the_same_come_back(released: Release, bucket: Any, remote: str) -> None:
    before, objects = keys_of(bucket), Objects(remote)
    assert objects.remove(list(objects.all()), lambda: set(before_oids(before))) == []
    assert keys_of(bucket) == before


def before_oids(keys: set[str]) -> list[str]:
    return ["".join(key.split("/")[-2:]) for key in keys]


def test_a_withdrawn_patient_is_in_no_object(bucket: Any, remote: str, tmp_path: Path) -> None:
    work = tmp_path / "work"
    parent = ingested(work, records_of(60), readings_of(60))
    ref = validate_dataset(work, ValidateParams(suspects=False), parent).ref
    registry = publish_to(work, StageOutcome(stage="validate", ref=ref, reused=False), remote).registry
    first = keys_of(bucket)
    sought = Sought(patients=frozenset({"p00007"}))
    report = withdraw(work, "small", sought, reason="consent was taken back", registry=registry)
    assert report.released == ("small@1.1.0",)
    assert report.n_objects_removed == len(first - keys_of(bucket)) > 0
    assert not any("/collected/" in key for key in keys_of(bucket))
    with pytest.raises(Withdrawn, match=r"use small@1\.1\.0"):
        pull_release("small@1.0.0", tmp_path / "old", registry=registry)
    pull_release("small", tmp_path / "new", registry=registry)
    assert "p00007" not in set(open_dataset(tmp_path / "new").table(RECORDS)["patient_id"])
    assert check_registry(registry).is_sound


def test_bytes_in_a_bucket_are_backed_up_when_asked_and_go_back_to_it(
    released: Release, bucket: Any, tmp_path: Path
) -> None:
    sources = Sources(workdir=tmp_path / "work", registry=released.registry, objects=True)
    assert any(part.kind == "objects" for part in back_up(tmp_path / "backup", sources).parts)
    before = keys_of(bucket)
    bucket.objects.all().delete()
    restore(tmp_path / "backup", tmp_path / "new")
    assert keys_of(bucket) == before
    pull_release("small", tmp_path / "pulled", registry=str(tmp_path / "new" / "registry.git"))


def test_wrong_credentials_are_said_and_nothing_is_removed(
    released: Release, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys_of(bucket)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(ServiceUnavailable, match="check address and credentials"):
        collect_garbage(tmp_path / "work", registry=released.registry, apply=True)
    assert keys_of(bucket) == before
