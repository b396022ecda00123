"""A part of a release whose bytes are on a real S3 server."""

from pathlib import Path
from typing import Any

import pytest
from three_splits import CHUNK_BYTES, made_of_three_splits

from chiron.datasets.verify import verify_dataset
from chiron.errors import Damaged
from chiron.releases.partial import pull_part
from chiron.releases.publish import release_dataset
from chiron.settings import settings
from schemas.params import ReleaseParams
from schemas.part import Part


def test_a_split_is_pulled_from_s3_by_ranges_and_a_changed_sample_is_found(
    bucket: Any, remote: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = made_of_three_splits(tmp_path / "work")
    release = release_dataset(tmp_path / "work", ReleaseParams(name="three"), outcome.ref, remote=remote)
    part = Part(splits={"valid"})
    pulled = pull_part("three", tmp_path / "valid", part, registry=release.registry)
    n_table_bytes = sum(path.stat().st_size for path in Path(outcome.ref.path).iterdir() if path.is_file())
    # 30 of 300 records of 20,000 bytes
    assert 600_000 < pulled.n_bytes_moved < 600_000 + 2 * CHUNK_BYTES + n_table_bytes + 20_000
    assert verify_dataset(tmp_path / "valid", content=True).content_sha256 == pulled.part_content_sha256

    for item in bucket.objects.all():
        data = bytearray(item.get()["Body"].read())
        if len(data) > CHUNK_BYTES:  # a shard
            data[len(data) // 2 :: 1000] = bytes(byte ^ 1 for byte in data[len(data) // 2 :: 1000])
            bucket.put_object(Key=item.key, Body=bytes(data))
    monkeypatch.setenv("CHIRON_CACHE", str(tmp_path / "another-cache"))
    settings.cache_clear()
    with pytest.raises(Damaged):
        pull_part("three", tmp_path / "again", part, registry=release.registry)
    assert not (tmp_path / "again").exists()
