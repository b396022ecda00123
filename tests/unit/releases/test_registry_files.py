import pytest

from chiron.errors import BadParameters, Damaged
from chiron.releases.registry_files import (
    CONFIG,
    StoredFolder,
    pointer_file,
    read_pointer,
    read_record,
    read_remote,
    record_file,
    release_files,
)
from schemas.manifest import Kind
from schemas.release import FlowRun, ReleaseRecord

RECORD = ReleaseRecord(
    name="demo",
    version="1.2.0",
    kind=Kind.VALIDATED,
    simulated=False,
    content_sha256="a" * 64,
    manifest_sha256="b" * 64,
    n_rows={"records": 3},
    schema_sha256="c" * 64,
    codes=(),
)
VERSION_1 = b"""{
 "codes": ["CHIRON:other-rhythm", "SNOMED-CT:164889003"],
 "content_sha256": "53901b9554516ac1f60b94dd9d58229e299690508ef641ee24b28d3af3db9170",
 "kind": "validated",
 "manifest_sha256": "1f251586769403cde3d0a624e42abb52ff74535cbe3dfc8ddce4fb71caee1ed0",
 "n_rows": {"records": 399, "splits": 279},
 "name": "demo",
 "record_version": 1,
 "schema_sha256": "12eb33c0485505fa94466792f67b39cecbe7ca71743a4a1f025ed174f8c22e89",
 "simulated": true,
 "version": "1.0.0"
}
"""
STORED = StoredFolder(md5="0123456789abcdef" * 2 + ".dir", n_bytes=12, n_files=2, remote="s3://bucket/prefix")


def test_what_was_written_is_read_back() -> None:
    files = release_files(RECORD, STORED)
    assert read_record(files[record_file("demo")], "demo@1.2.0") == RECORD
    assert read_pointer(files[pointer_file("demo")], "demo@1.2.0") == STORED.md5
    assert read_remote(files[CONFIG]) == STORED.remote


def test_a_record_of_the_first_version_is_still_read() -> None:
    record = read_record(VERSION_1, "demo@1.0.0")
    assert (record.record_version, record.flow_run, record.n_rows["records"]) == (1, None, 399)


def test_a_record_of_a_later_version_asks_for_a_newer_chiron_and_not_for_its_deletion() -> None:
    with pytest.raises(BadParameters, match="update Chiron"):
        read_record(VERSION_1.replace(b'"record_version": 1', b'"record_version": 3, "unheard_of": 1'), "demo@1.0.0")


def test_the_flow_run_is_in_the_record() -> None:
    run = FlowRun(id="0d5f6c1e", name="brave-otter")
    files = release_files(RECORD.model_copy(update={"flow_run": run}), STORED)
    assert read_record(files[record_file("demo")], "demo@1.2.0").flow_run == run


@pytest.mark.parametrize("remote", ["/data/a#b", "/data/a, b", "/with space/'quotes'", "/ünïcode", "/50%"])
def test_a_folder_with_an_odd_name_is_read_back(remote: str) -> None:
    assert read_remote(release_files(RECORD, STORED._replace(remote=remote))[CONFIG]) == remote


def test_the_configuration_holds_an_address_and_nothing_else() -> None:
    text = release_files(RECORD, STORED)[CONFIG].decode()
    assert text == (
        "[core]\n    analytics = false\n    remote = storage\n['remote \"storage\"']\n    url = s3://bucket/prefix\n"
    )


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[core]\n", b"[['remote", b"remote = 3\n"])
def test_a_configuration_without_a_remote_names_none(data: bytes) -> None:
    assert read_remote(data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"outs: []",
        b"outs: 3",
        b"outs: [{md5: ../../../../etc/passwd.dir}]",
        b"outs: [{md5: 0123456789abcdef0123456789abcdef}]",
        b"!!python/object/apply:os.system [true]",
    ],
)
def test_a_pointer_that_is_none_is_damage(data: bytes) -> None:
    with pytest.raises(Damaged, match=r"demo@1\.2\.0"):
        read_pointer(data, "demo@1.2.0")


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"record_version": 2}'])
def test_a_record_that_is_none_is_damage(data: bytes) -> None:
    with pytest.raises(Damaged, match=r"demo@1\.2\.0"):
        read_record(data, "demo@1.2.0")
