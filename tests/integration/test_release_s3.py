"""Releases whose bytes are on a real S3 server."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from open_gate import OPEN_GATE

from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from chiron.datasets.verify import verify_dataset
from chiron.errors import Damaged, NotFound, ServiceUnavailable
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.releases.registry import list_releases
from chiron.settings import settings
from schemas.manifest import DatasetRef, Kind
from schemas.params import ReleaseParams
from schemas.tables import SPLITS

DEMO = ReleaseParams(name="demo")


def _fill(folder: Path, rows: pl.DataFrame) -> None:
    """A dataset of one table that passed its gate."""
    write_table(folder, SPLITS, rows)
    write_report(folder, OPEN_GATE)


@pytest.fixture
def dataset(tmp_path: Path) -> DatasetRef:
    rows = pl.DataFrame({"patient_id": [f"p{i}" for i in range(1000)], "group_id": "g", "split": "train"})
    draft = Draft(name="demo", simulated=True, licence="CC0-1.0")
    stage = Stage("rows", 1, Kind.COHORT)
    return run_stage(tmp_path / "work", stage, draft, lambda folder: _fill(folder, rows)).ref


def test_a_release_comes_back_from_s3_byte_for_byte(dataset: DatasetRef, remote: str, tmp_path: Path) -> None:
    release = release_dataset(tmp_path / "work", DEMO, dataset, remote=remote)
    pull_release("demo", tmp_path / "pulled", registry=release.registry)
    assert verify_dataset(tmp_path / "pulled").manifest_sha256 == release.manifest_sha256


def test_neither_credentials_nor_endpoint_are_in_the_registry(
    dataset: DatasetRef, remote: str, s3_credentials: Any, tmp_path: Path
) -> None:
    registry = release_dataset(tmp_path / "work", DEMO, dataset, remote=remote).registry
    show = ["git", "-C", registry, "grep", "-c", "-e", "secret", "-e", "access", "-e", "127.0.0.1", "demo@1.0.0"]
    assert subprocess.run(show, check=False, capture_output=True).returncode == 1  # nothing found


def test_dvc_get_fetches_a_release_from_s3(
    dataset: DatasetRef, remote: str, s3_credentials: Any, tmp_path: Path
) -> None:
    registry = release_dataset(tmp_path / "work", DEMO, dataset, remote=remote).registry
    dvc = Path(sys.executable).with_name("dvc")
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": s3_credentials.endpoint,
        "DVC_SITE_CACHE_DIR": str(tmp_path / "site-cache"),
    }
    command = [dvc, "get", registry, "demo", "--rev", "demo@1.0.0", "-o", tmp_path / "got"]
    done = subprocess.run(command, check=False, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert verify_dataset(tmp_path / "got").content_sha256 == dataset.content_sha256


def test_a_changed_object_is_found(dataset: DatasetRef, bucket: Any, remote: str, tmp_path: Path) -> None:
    registry = release_dataset(tmp_path / "work", DEMO, dataset, remote=remote).registry
    for item in list(bucket.objects.all()):
        data = item.get()["Body"].read()
        if data.startswith(b"PAR1"):
            bucket.put_object(Key=item.key, Body=data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])
    with pytest.raises(Damaged, match=r"splits\.parquet"):
        pull_release("demo", tmp_path / "pulled", registry=registry)
    assert not (tmp_path / "pulled").exists()


def test_a_listing_that_leads_outside_is_refused(dataset: DatasetRef, bucket: Any, remote: str, tmp_path: Path) -> None:
    registry = release_dataset(tmp_path / "work", DEMO, dataset, remote=remote).registry
    listing = next(item for item in bucket.objects.all() if item.key.endswith(".dir"))
    entries = json.loads(listing.get()["Body"].read())
    bucket.put_object(Key=listing.key, Body=json.dumps([{**entries[0], "relpath": "../../evil"}]).encode())
    with pytest.raises(Damaged, match="leads outside"):
        pull_release("demo", tmp_path / "in" / "pulled", registry=registry)
    assert list((tmp_path / "in").iterdir()) == []


def test_a_bucket_that_is_not_there_is_not_found_and_nothing_is_released(
    dataset: DatasetRef, bucket: Any, tmp_path: Path
) -> None:
    with pytest.raises(NotFound, match="s3://no-such-bucket/x: expected a folder or bucket to write to"):
        release_dataset(tmp_path / "work", DEMO, dataset, remote="s3://no-such-bucket/x")
    assert list_releases(str(tmp_path / "work" / "registry.git")) == []


def test_a_wrong_key_is_an_unavailable_service(
    dataset: DatasetRef, remote: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = release_dataset(tmp_path / "work", DEMO, dataset, remote=remote).registry
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    settings.cache_clear()
    with pytest.raises(
        ServiceUnavailable, match="credentials that it accepts, found: 403 SignatureDoesNotMatch; renew"
    ):
        pull_release("demo", tmp_path / "pulled", registry=registry)
