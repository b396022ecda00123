"""Manifests of every version so far, and of none."""

import json
import shutil
from pathlib import Path

import pytest

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.manifest import read_manifest
from chiron.errors import BadParameters, Damaged
from schemas.manifest import Kind
from schemas.release import ReleaseRecord

VERSION_1 = Path(__file__).parent / "manifest_version_1"
"""As the first release of the simulated demo left them: `manifest.json`, and `demo.json` of its registry."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(VERSION_1 / "manifest.json", tmp_path)
    return tmp_path


def rewritten(folder: Path, **changes: object) -> None:
    """The manifest with other values, signed again as its writer would."""
    path = folder / "manifest.json"
    found = json.loads(path.read_bytes()) | changes
    unsigned = {name: value for name, value in found.items() if name != "manifest_sha256"}
    path.write_bytes(canonical_json(unsigned | {"manifest_sha256": sha256_hex(canonical_json(unsigned))}))


def test_a_manifest_of_version_1_is_read_as_it_was_written():
    manifest = read_manifest(VERSION_1)
    assert (manifest.manifest_version, manifest.name, manifest.kind) == (1, "demo", Kind.VALIDATED)
    assert manifest.content_sha256 == "53901b9554516ac1f60b94dd9d58229e299690508ef641ee24b28d3af3db9170"
    assert manifest.tables["records"].n_rows == 399
    assert canonical_json(manifest.model_dump(mode="json")) == (VERSION_1 / "manifest.json").read_bytes()


def test_the_release_record_of_that_day_is_read_and_names_that_manifest():
    record = ReleaseRecord.model_validate_json((VERSION_1 / "demo.json").read_bytes())
    manifest = read_manifest(VERSION_1)
    assert (record.record_version, record.version) == (1, "1.0.0")
    assert (record.content_sha256, record.manifest_sha256) == (manifest.content_sha256, manifest.manifest_sha256)


def test_a_manifest_of_a_later_version_is_refused_with_the_code_that_reads_it(folder):
    rewritten(folder, manifest_version=2, code_version="7.1.0", something_new={"a": 1})
    with pytest.raises(BadParameters, match=r"expected a manifest of version 1 or before, found 2; .*Chiron 7\.1\.0"):
        read_manifest(folder)


@pytest.mark.parametrize("code_version", ["\x1b[2J", "7" * 41, None, ["7.1.0"]])
def test_what_a_later_manifest_says_of_its_writer_is_shown_only_if_it_is_a_version(folder, code_version):
    rewritten(folder, manifest_version=99, code_version=code_version)
    with pytest.raises(BadParameters, match="written by Chiron a later version"):
        read_manifest(folder)


@pytest.mark.parametrize("version", [0, -1, "1", 1.0, True, None])
def test_a_manifest_without_a_version_is_no_manifest(folder, version):
    rewritten(folder, manifest_version=version)
    with pytest.raises(Damaged, match="expected a manifest"):
        read_manifest(folder)


@pytest.mark.parametrize("data", [b"[]", b"1", b"", b"{}", b"[" * 100_000, b"\xff"])
def test_other_content_is_no_manifest(folder, data):
    (folder / "manifest.json").write_bytes(data)
    with pytest.raises(Damaged, match="expected a manifest"):
        read_manifest(folder)


def test_a_field_that_version_1_did_not_have_is_refused(folder):
    rewritten(folder, something_new=1)
    with pytest.raises(Damaged, match="expected a manifest"):
        read_manifest(folder)


def test_an_altered_manifest_is_refused_whoever_wrote_it(folder):
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"name": "demo"', b'"name": "dema"'))
    with pytest.raises(Damaged, match="canonical bytes"):
        read_manifest(folder)
