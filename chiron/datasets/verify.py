"""Verification: the manifest itself, every byte of every file, every table's content and, when asked, every sample.

The manifest was sealed by the stage that had written the files: where each file has the SHA-256 that it names, the
samples are those that were sealed, and unpacking them again finds nothing more. With `content` they are unpacked all
the same: that finds a manifest that somebody else made, and that does not fit its own files.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl
from polars.exceptions import PolarsError

from chiron.datasets.canonical import content_sha256
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.hashing import hash_files
from chiron.datasets.manifest import files_in
from chiron.datasets.signals import signal_sha256
from chiron.datasets.tables import entry_of_file, tables_in
from chiron.errors import Damaged, DataError
from chiron.progress import report_progress
from schemas.manifest import Manifest
from schemas.tables import RECORDS

__all__ = ["Hashes", "faults_of", "hash_dataset", "require_whole", "table_faults", "verify_dataset"]


class Hashes(NamedTuple):
    """The hashes of one file that were found, from one reading."""

    sha256: str
    md5: str | None = None


def verify_dataset(folder: Path, *, content: bool = False) -> Manifest:
    """Check a dataset to the last byte; with `content`, unpack and check each record's samples too.

    Returns its manifest. Raises NotFound without a manifest, Damaged with the names of the first faulty files.
    """
    dataset = open_dataset(folder)
    require_whole(dataset, hash_dataset(dataset), content=content)
    return dataset.manifest


def require_whole(dataset: Dataset, hashes: Mapping[str, Hashes | None], *, content: bool = False) -> None:
    """Raise Damaged, with the names of the first faulty files, where a dataset is not what its manifest says."""
    faults = list(faults_of(dataset, hashes, content=content))
    if faults:
        more = f" (and {len(faults) - 5} more)" if len(faults) > 5 else ""
        raise Damaged(f"dataset {dataset.folder}: {'; '.join(faults[:5])}{more}; pull it again")


def hash_dataset(dataset: Dataset, *, with_md5: bool = False) -> dict[str, Hashes | None]:
    """The hashes of all files but the manifest, from one reading; None for what is no regular file."""
    algorithms = ("sha256", "md5") if with_md5 else ("sha256",)
    found = hash_files(dataset.folder, files_in(dataset.folder), algorithms, what="bytes verified")
    return {name: Hashes(*digests) if digests else None for name, digests in found.items()}


def faults_of(dataset: Dataset, hashes: Mapping[str, Hashes | None], *, content: bool = False) -> Iterator[str]:
    """What is wrong with a dataset, a line each. Content is read only where every file is right."""
    faults = list(_file_faults(dataset.manifest, hashes))
    yield from faults
    if not faults:
        try:
            yield from table_faults(dataset)
            if content and dataset.manifest.signals is not None:
                yield from _signal_faults(dataset)
        except (DataError, IndexError, ValueError, PolarsError) as error:  # files that agree with a hostile manifest
            yield f"content: expected tables and signals that fit together, found {type(error).__name__}"


def _file_faults(manifest: Manifest, hashes: Mapping[str, Hashes | None]) -> Iterator[str]:
    """Files that are missing, too many, or not what the manifest says."""
    listed, found = manifest.files, hashes.keys()
    yield from (f"{name}: expected this file, found none" for name in sorted(listed.keys() - found))
    yield from (f"{name}: expected no such file, found one" for name in sorted(found - listed.keys()))
    for name in sorted(listed.keys() & found):
        hashed = hashes[name]
        if hashed is None or hashed.sha256 != listed[name].sha256:
            yield f"{name}: expected SHA-256 {listed[name].sha256[:12]}, found other bytes"


def table_faults(dataset: Dataset) -> Iterator[str]:
    """Tables whose rows are not what the manifest says."""
    tables = {spec.name: entry_of_file(dataset.folder, spec) for spec in tables_in(dataset.folder)}
    yield from (
        f"{name}.parquet: expected the content of the manifest, found other rows"
        for name in sorted(tables.keys() | dataset.manifest.tables.keys())
        if tables.get(name) != dataset.manifest.tables.get(name)
    )
    if content_sha256(tables) != dataset.manifest.content_sha256:
        yield "content: expected the manifest's content hash, found another"


def _signal_faults(dataset: Dataset) -> Iterator[str]:
    """Records whose samples are not those that `records` names; the record itself is not named."""
    records = dataset.table(RECORDS).filter(pl.col("n_samples") > 0).sort("sample_offset")
    wrong = 0
    for done, record in enumerate(records.iter_rows(named=True), 1):
        wrong += signal_sha256(dataset.signal(record)) != record["signal_sha256"]
        report_progress("records verified", done, records.height)
    if wrong:
        yield f"signals.zarr: expected the samples that records.parquet names, found {wrong} records with others"
