"""The release folder: a dataset's own files and those that describe it under one name and version, with a manifest.

It is never written anywhere: its files go to the remote from where they are, those that are generated from memory. So a
crash leaves nothing, and a dataset on another disk is not copied. The content is that of the dataset: `content_sha256`
stays, `manifest_sha256` is that of the released folder.
"""

from collections.abc import Mapping
from typing import NamedTuple

from chiron.datasets.canonical import sha256_hex
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.gate import require_open_gate
from chiron.datasets.manifest import MANIFEST, manifest_bytes, with_files
from chiron.datasets.verify import hash_dataset, require_whole
from chiron.errors import BadParameters
from chiron.releases.description import describe_release
from chiron.releases.listing import StoredFile
from schemas.manifest import DatasetRef, FileEntry, Manifest
from schemas.release import ReleaseRecord

__all__ = ["Staged", "VerifiedDataset", "described_manifest", "stage_release", "verify_for_release"]


class VerifiedDataset(NamedTuple):
    """A dataset whose every byte was read, once, and its files as the remote will name them."""

    dataset: Dataset
    files: tuple[StoredFile, ...]


class Staged(NamedTuple):
    """Everything that one version of a release consists of."""

    record: ReleaseRecord
    files: tuple[StoredFile, ...]
    generated: tuple[StoredFile, ...]  # those of `files` that are no file of the dataset


def verify_for_release(ref: DatasetRef) -> VerifiedDataset:
    """Read every byte of a dataset. Raises GateClosed where it did not pass, Damaged where a byte is another."""
    dataset = open_dataset(ref)
    require_open_gate(dataset)
    hashes = hash_dataset(dataset, with_md5=True)
    require_whole(dataset, hashes)
    listed = dataset.manifest.files
    files = (
        StoredFile(name, dataset.folder / name, hashed.md5 or "", listed[name].n_bytes)
        for name, hashed in hashes.items()
        if hashed
    )
    return VerifiedDataset(dataset, tuple(sorted(files)))


def stage_release(verified: VerifiedDataset, record: ReleaseRecord, *, registry: str) -> Staged:
    """The release folder under the name and version of `record`. The same arguments make the same bytes."""
    described = describe_release(verified.dataset, record, registry=registry)
    manifest = described_manifest(verified.dataset.manifest, described)
    generated = [
        StoredFile.of_bytes(name, data) for name, data in {**described, MANIFEST: manifest_bytes(manifest)}.items()
    ]
    own = [file for file in verified.files if file.name not in described]
    released = record.model_copy(update={"manifest_sha256": manifest.manifest_sha256})
    return Staged(released, tuple(sorted([*own, *generated])), tuple(generated))


def described_manifest(manifest: Manifest, described: Mapping[str, bytes]) -> Manifest:
    """The manifest of a dataset's folder with the files that describe it."""
    if any(name in described for name in (MANIFEST, *(f"{table}.parquet" for table in manifest.tables))):
        raise BadParameters("release: expected descriptions beside the data, found one in the place of a table")
    entries = {name: FileEntry(n_bytes=len(data), sha256=sha256_hex(data)) for name, data in described.items()}
    return with_files(manifest, entries)
