"""A landing zone on a real S3 server: one node of Ceph on loopback."""

import subprocess
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from chiron.datasets.dataset import open_dataset
from chiron.datasets.verify import verify_dataset
from chiron.demo.hospital import write_demo_hospital
from chiron.errors import CallerError, DataError, EmptySource, NotFound, ServiceUnavailable
from chiron.records import s3_objects
from chiron.records.ingest import ingest_source
from chiron.records.landing_s3 import fetch_landing, local_name
from schemas.params import IngestParams

SCRIPT = Path(__file__).parents[2] / "infra" / "radosgw.sh"


@pytest.fixture(scope="module")
def hospital(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hospital") / "landing"
    write_demo_hospital(folder, n_records=30)
    return folder


@pytest.fixture(scope="module")
def bucket(s3_server, hospital):
    """A bucket with the hospital's files under `exports/today`."""
    resource = boto3.resource(
        "s3",
        endpoint_url=s3_server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=s3_server.access_key,
        aws_secret_access_key=s3_server.secret_key,
        config=Config(retries={"max_attempts": 5}),
    )
    made = resource.create_bucket(Bucket="landing")
    for path in hospital.iterdir():
        made.upload_file(str(path), f"exports/today/{path.name}")
    made.put_object(Key="exports/today/", Body=b"")  # the marker that consoles make for a folder
    made.put_object(Key="notes/readme.txt", Body=b"no records here")
    return made


def ingest(workdir: Path, source: str):
    return ingest_source(workdir, IngestParams(source=source, name="demo"))


def test_a_prefix_gives_the_same_content_as_the_same_files_in_a_folder(bucket, hospital, s3_credentials, tmp_path):
    remote = ingest(tmp_path / "remote", "s3://landing/exports/today")
    local = ingest(tmp_path / "local", str(hospital))
    assert remote.ref.content_sha256 == local.ref.content_sha256
    assert open_dataset(remote.ref).manifest.manifest_sha256 == open_dataset(local.ref).manifest.manifest_sha256
    verify_dataset(Path(remote.ref.path))


def test_what_was_fetched_is_not_fetched_again_and_what_changed_is(bucket, hospital, s3_credentials, tmp_path):
    folder = tmp_path / "w" / "private" / "landing"
    ingest(tmp_path / "w", "s3://landing/exports/today/")
    (fetched,) = folder.glob("[!.]*")
    before = fetched.stat().st_mtime_ns
    assert ingest(tmp_path / "w", "s3://landing/exports/today").reused
    assert [(p, p.stat().st_mtime_ns) for p in folder.glob("[!.]*")] == [(fetched, before)]
    bucket.put_object(Key="exports/today/note.txt", Body=b"one more")
    try:
        assert not ingest(tmp_path / "w", "s3://landing/exports/today").reused
    finally:
        bucket.Object("exports/today/note.txt").delete()


def test_a_key_that_climbs_out_of_its_prefix_stays_inside_the_folder(bucket, hospital, s3_credentials, tmp_path):
    prefix = "hostile/"
    for name in ("simulated-00000.hea", "simulated-00000.dat"):
        bucket.put_object(Key=f"{prefix}../../../../{name}", Body=(hospital / name).read_bytes())
        bucket.put_object(Key=prefix + name, Body=(hospital / name).read_bytes())
    outcome = ingest(tmp_path / "w", "s3://landing/hostile")
    assert outcome.summary.startswith("2 of 2 inputs ingested")
    assert {p.name for p in tmp_path.iterdir()} == {"w"}


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("s3://landing/nothing/here", EmptySource),
        ("s3://no-such-bucket/x", NotFound),
        ("s3://", NotFound),
    ],
)
def test_a_source_without_objects_is_one_error_and_nothing_is_written(bucket, s3_credentials, tmp_path, source, error):
    with pytest.raises(error, match="expected"):
        ingest(tmp_path / "w", source)
    assert not (tmp_path / "w").exists()


def test_a_source_without_records_is_an_error(bucket, s3_credentials, tmp_path):
    with pytest.raises(EmptySource, match="expected"):
        ingest(tmp_path / "w", "s3://landing/notes")


LARGE = bytes(range(256)) * 2**18  # 64 MiB: four parts


def test_a_large_object_goes_on_where_its_download_stopped(bucket, s3_credentials, tmp_path, monkeypatch):
    bucket.put_object(Key="large/r.dat", Body=LARGE)
    sync, synced = s3_objects.sync_path, []

    def break_off(path):
        sync(path)
        synced.append(path)
        if len(synced) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(s3_objects, "sync_path", break_off)
        patch.setattr(s3_objects, "_CONNECTIONS", 1)
        with pytest.raises(KeyboardInterrupt):
            fetch_landing(tmp_path / "w", "s3://landing/large")
    monkeypatch.setattr(s3_objects, "sync_path", lambda path: (sync(path), synced.append(path)))
    folder = fetch_landing(tmp_path / "w", "s3://landing/large")
    assert (folder / "r.dat").read_bytes() == LARGE
    assert len(synced) == 5  # the part that was broken off came twice


def test_an_object_that_changes_during_its_download_is_refused(bucket, s3_credentials, tmp_path, monkeypatch):
    bucket.put_object(Key="moving/r.dat", Body=LARGE)
    sync = s3_objects.sync_path

    def change(path):
        sync(path)
        bucket.put_object(Key="moving/r.dat", Body=LARGE[::-1])

    monkeypatch.setattr(s3_objects, "sync_path", change)
    monkeypatch.setattr(s3_objects, "_CONNECTIONS", 1)
    with pytest.raises(DataError, match="found one that changed"):
        fetch_landing(tmp_path / "w", "s3://landing/moving")


def test_without_rights_access_is_denied(bucket, s3_credentials, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CallerError, match="expected read access, found AccessDenied"):
        ingest(tmp_path / "w", "s3://landing/exports/today")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_credentials.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(CallerError, match="found SignatureDoesNotMatch"):
        ingest(tmp_path / "w", "s3://landing/exports/today")


def test_a_public_bucket_is_read_without_credentials(bucket, hospital, s3_server, monkeypatch, tmp_path):
    monkeypatch.setenv("CHIRON_S3_ENDPOINT_URL", s3_server.endpoint)
    bucket.Acl().put(ACL="public-read")
    for entry in bucket.objects.filter(Prefix="exports/today/"):
        entry.Acl().put(ACL="public-read")
    try:
        assert ingest(tmp_path / "w", "s3://landing/exports/today").stage == "ingest"
    finally:
        bucket.Acl().put(ACL="private")


def test_a_server_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("CHIRON_S3_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    with pytest.raises(ServiceUnavailable, match="CHIRON_S3_ENDPOINT_URL"):
        ingest(tmp_path / "w", "s3://landing/x")
    assert not (tmp_path / "w").exists()


def test_names_stay_as_they_are_unless_they_are_unsafe():
    assert local_name("a b/c.hea") == "a b/c.hea"
    for hostile in ("../x", "/etc/x", "a//b", "./x", "a\0b", "x" * 300):
        parts = local_name(hostile).split("/")
        assert not {"", ".", ".."} & set(parts)
        assert all(len(part) < 250 and "\0" not in part for part in parts)


def test_the_server_script_explains_itself(tmp_path):
    answer = subprocess.run([SCRIPT, "begin"], check=False, capture_output=True, text=True, timeout=30)
    assert answer.returncode == 2
    assert "radosgw.sh start FOLDER PORT" in answer.stderr
