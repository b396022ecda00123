"""What is fetched and what is kept, counted with a bucket in memory; a real server is in tests/integration."""

import io
from collections import Counter

import pytest
from botocore.response import StreamingBody

from chiron.datasets.canonical import sha256_hex
from chiron.records.landing_s3 import fetch_landing

SOURCE = "s3://bucket/day"


class Bucket:
    """Objects below `day/`, and how often each was fetched."""

    def __init__(self, **objects):
        self.objects = {f"day/{name.replace('_', '.')}": content for name, content in objects.items()}
        self.fetched = Counter()

    def etag(self, key):
        return f'"{sha256_hex(self.objects[key])}"'

    def get_paginator(self, operation):
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **asked):
        keys = sorted(key for key in self.objects if key.startswith(asked["Prefix"]))
        return [{"Contents": [{"Key": k, "ETag": self.etag(k), "Size": len(self.objects[k])} for k in keys]}]

    def get_object(self, **asked):
        key = asked["Key"]
        self.fetched[key] += 1
        content = self.objects[key]
        return {"ETag": self.etag(key), "Body": StreamingBody(io.BytesIO(content), len(content))}


@pytest.fixture
def bucket(monkeypatch):
    made = Bucket(a_hea=b"header", a_dat=b"samples")
    monkeypatch.setattr("chiron.records.landing_s3._client", lambda: made)
    return made


def copies(workdir):
    return list((workdir / "private" / "landing").glob("*/[!.]*"))


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_after_a_change_only_what_changed_is_fetched_and_one_copy_stays(bucket, tmp_path):
    first = fetch_landing(tmp_path / "w", SOURCE)
    inode = (first / "a.dat").stat().st_ino
    bucket.objects |= {"day/a.hea": b"mended", "day/b.hea": b"another"}
    second = fetch_landing(tmp_path / "w", SOURCE + "/")
    assert bucket.fetched == {"day/a.hea": 2, "day/a.dat": 1, "day/b.hea": 1}
    assert content(second) == {"a.hea": b"mended", "a.dat": b"samples", "b.hea": b"another"}
    assert (second / "a.dat").stat().st_ino == inode
    assert copies(tmp_path / "w") == [second.parent]


def test_the_copy_of_another_source_stays(bucket, tmp_path):
    bucket.objects["night/a.hea"] = b"header"
    for source in (SOURCE, "s3://bucket/night", "s3://bucket"):
        fetch_landing(tmp_path / "w", source)
    assert len(copies(tmp_path / "w")) == 3


def test_what_a_killed_download_of_an_older_state_left_goes(bucket, tmp_path):
    first = fetch_landing(tmp_path / "w", SOURCE)
    left_over = first.parent.with_name(".older.partial")
    left_over.mkdir()
    bucket.objects["day/b.hea"] = b"another"
    fetch_landing(tmp_path / "w", SOURCE)
    assert not left_over.exists()


def test_a_download_that_fails_keeps_the_copy_that_is_there(bucket, tmp_path, monkeypatch):
    first = fetch_landing(tmp_path / "w", SOURCE)
    bucket.objects["day/b.hea"] = b"another"
    with monkeypatch.context() as patch:
        patch.setattr(bucket, "get_object", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fetch_landing(tmp_path / "w", SOURCE)
    assert content(first) == {"a.hea": b"header", "a.dat": b"samples"}
    fetch_landing(tmp_path / "w", SOURCE)
    assert bucket.fetched == {"day/a.hea": 1, "day/a.dat": 1, "day/b.hea": 1}


def test_an_object_and_a_folder_of_the_same_name_both_come(bucket, tmp_path):
    bucket.objects = {"day/a": b"object", "day/a/b.hea": b"header"}
    assert sorted(content(fetch_landing(tmp_path / "w", SOURCE)).values()) == [b"header", b"object"]
