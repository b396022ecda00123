"""What is fetched and what is kept, counted with a bucket in memory; a real server is in tests/integration."""

import io
from collections import Counter

import pytest
from botocore.exceptions import ClientError, ResponseStreamingError
from botocore.response import StreamingBody

from chiron.datasets.canonical import sha256_hex
from chiron.errors import CallerError, DataError, EmptySource
from chiron.records import s3_objects
from chiron.records.landing_s3 import fetch_landing

SOURCE = "s3://bucket/day"


def fault(code, operation="GetObject"):
    return ClientError({"Error": {"Code": code}}, operation)


class Bucket:
    """Objects below `day/`, and which parts of them were fetched how often."""

    def __init__(self, **objects):
        self.objects = {f"day/{name.replace('_', '.')}": content for name, content in objects.items()}
        self.fetched = Counter()
        self.denied = None

    def etag(self, key):
        return f'"{sha256_hex(self.objects[key])}"'

    def get_paginator(self, operation):
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **asked):
        if self.denied:
            raise fault(self.denied, "ListObjectsV2")
        keys = sorted(key for key in self.objects if key.startswith(asked["Prefix"]))
        return [{"Contents": [{"Key": k, "ETag": self.etag(k), "Size": len(self.objects[k])} for k in keys]}]

    def get_object(self, **asked):
        key, range_ = asked["Key"], asked.get("Range", "")
        if key not in self.objects:
            raise fault("NoSuchKey")
        if asked["IfMatch"] != self.etag(key):
            raise fault("PreconditionFailed")
        self.fetched[key + range_.replace("bytes=", " ")] += 1
        first, _, last = range_.removeprefix("bytes=").partition("-")
        content = self.objects[key][int(first or 0) : int(last) + 1 if last else None]
        return {"ETag": self.etag(key), "Body": StreamingBody(io.BytesIO(content), len(content))}


@pytest.fixture
def bucket(monkeypatch):
    """Parts are of ten bytes."""
    made = Bucket(a_hea=b"header", a_dat=b"samples")
    monkeypatch.setattr(s3_objects, "s3_client", lambda **_: made)
    monkeypatch.setattr(s3_objects, "_PART_BYTES", 10)
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


LARGE = b"0123456789abcdefghijklmnopqrstuvwxyz"


def test_a_large_object_comes_in_parts(bucket, tmp_path):
    bucket.objects["day/large.dat"] = LARGE
    assert content(fetch_landing(tmp_path / "w", SOURCE))["large.dat"] == LARGE
    parts = {key for key in bucket.fetched if "large" in key}
    assert parts == {f"day/large.dat {part}" for part in ("0-9", "10-19", "20-29", "30-35")}


def break_off(bucket, workdir, monkeypatch):
    """Fetch a large object whose third part never comes."""
    bucket.objects["day/large.dat"] = LARGE
    whole = bucket.get_object
    with monkeypatch.context() as patch:
        patch.setattr(bucket, "get_object", lambda **asked: 1 / 0 if "20-29" in str(asked) else whole(**asked))
        with pytest.raises(ZeroDivisionError):
            fetch_landing(workdir, SOURCE)


def test_a_download_that_broke_goes_on_where_it_stopped(bucket, tmp_path, monkeypatch):
    break_off(bucket, tmp_path / "w", monkeypatch)
    folder = fetch_landing(tmp_path / "w", SOURCE)
    assert content(folder)["large.dat"] == LARGE
    assert set(bucket.fetched.values()) == {1}
    assert not (folder.parent.parent / ".fetched").exists()


def test_of_an_object_that_changed_in_between_nothing_is_kept(bucket, tmp_path, monkeypatch):
    break_off(bucket, tmp_path / "w", monkeypatch)
    bucket.objects["day/large.dat"] = LARGE.upper()
    assert content(fetch_landing(tmp_path / "w", SOURCE))["large.dat"] == LARGE.upper()


@pytest.mark.parametrize("instead", [{"day/large.dat": LARGE.upper()}, {}])
def test_an_object_that_changes_or_goes_midway_is_refused(bucket, tmp_path, monkeypatch, instead):
    bucket.objects["day/large.dat"] = LARGE
    whole = bucket.get_object

    def changing(**asked):
        answer = whole(**asked)
        if "large" in asked["Key"]:
            bucket.objects.pop("day/large.dat")
            bucket.objects.update(instead)
        return answer

    monkeypatch.setattr(bucket, "get_object", changing)
    monkeypatch.setattr(s3_objects, "_CONNECTIONS", 1)
    with pytest.raises(DataError, match="found one that changed"):
        fetch_landing(tmp_path / "w", SOURCE)


@pytest.mark.parametrize("change", [{"ETag": '"another"'}, {"Body": StreamingBody(io.BytesIO(b"short"), 5)}])
def test_an_answer_that_is_not_what_was_asked_for_is_refused(bucket, tmp_path, monkeypatch, change):
    """Some servers ignore the condition, or the range."""
    whole = bucket.get_object
    monkeypatch.setattr(bucket, "get_object", lambda **asked: whole(**asked) | change)
    with pytest.raises(DataError, match="found one that changed"):
        fetch_landing(tmp_path / "w", SOURCE)


def test_a_server_that_sends_more_than_was_asked_for_is_stopped(bucket, tmp_path, monkeypatch):
    whole = bucket.get_object
    bucket.objects["day/large.dat"] = LARGE
    monkeypatch.setattr(bucket, "get_object", lambda **asked: whole(**{**asked, "Range": ""}))
    with pytest.raises(DataError, match="found one that changed"):
        fetch_landing(tmp_path / "w", SOURCE)


def test_a_broken_connection_is_made_again(bucket, tmp_path, monkeypatch):
    class Broken:
        def iter_chunks(self, _):
            yield b"sam"
            raise ResponseStreamingError(error="reset by peer")

    whole, tries = bucket.get_object, Counter()

    def flaky(**asked):
        tries[asked["Key"]] += 1
        return whole(**asked) | ({"Body": Broken()} if tries[asked["Key"]] < 3 else {})

    monkeypatch.setattr(bucket, "get_object", flaky)
    assert content(fetch_landing(tmp_path / "w", SOURCE)) == {"a.hea": b"header", "a.dat": b"samples"}


def test_an_empty_object_comes_too(bucket, tmp_path):
    bucket.objects["day/empty.txt"] = b""
    assert content(fetch_landing(tmp_path / "w", SOURCE))["empty.txt"] == b""


def test_a_prefix_without_objects_is_an_error_and_nothing_is_written(bucket, tmp_path):
    with pytest.raises(EmptySource, match="expected objects, found none"):
        fetch_landing(tmp_path / "w", "s3://bucket/night")
    assert not (tmp_path / "w").exists()


def test_a_public_bucket_is_read_with_credentials_that_it_does_not_know(bucket, tmp_path, monkeypatch):
    refusing = Bucket()
    refusing.denied = "InvalidAccessKeyId"
    monkeypatch.setattr(s3_objects, "s3_client", lambda anonymous=False: bucket if anonymous else refusing)
    assert content(fetch_landing(tmp_path / "w", SOURCE)) == {"a.hea": b"header", "a.dat": b"samples"}
    bucket.denied = "AccessDenied"
    with pytest.raises(CallerError, match="found InvalidAccessKeyId; set AWS credentials"):
        fetch_landing(tmp_path / "w", SOURCE)
