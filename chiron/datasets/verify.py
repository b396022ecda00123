"""Verification: every file, every table's content, every record's samples, and the manifest itself."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from chiron.datasets.canonical import content_sha256, file_sha256
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import files_in
from chiron.datasets.signals import signal_sha256
from chiron.datasets.tables import entry_of_file, tables_in
from chiron.errors import Damaged, DataError
from chiron.progress import report_progress
from schemas.manifest import Manifest
from schemas.tables import RECORDS

__all__ = ["faults_of", "verify_dataset"]


def verify_dataset(folder: Path) -> Manifest:
    """Check a dataset to the last byte. Returns its manifest.

    Raises NotFound without a manifest, Damaged with the names of the first faulty files.
    """
    dataset = open_dataset(folder)
    faults = list(faults_of(dataset))
    if faults:
        more = f" (and {len(faults) - 5} more)" if len(faults) > 5 else ""
        raise Damaged(f"dataset {folder}: {'; '.join(faults[:5])}{more}; pull it again")
    return dataset.manifest


def faults_of(dataset: Dataset) -> Iterator[str]:
    """What is wrong with a dataset, a line each. Content is read only where every file is right."""
    faults = list(_file_faults(dataset))
    yield from faults
    if not faults:
        try:
            yield from _content_faults(dataset)
        except (DataError, IndexError, ValueError, PolarsError) as error:  # files that agree with a hostile manifest
            yield f"content: expected tables and signals that fit together, found {type(error).__name__}"


def _file_faults(dataset: Dataset) -> Iterator[str]:
    """Files that are missing, too many, or not what the manifest says."""
    listed, found = dataset.manifest.files, set(files_in(dataset.folder))
    yield from (f"{name}: expected this file, found none" for name in sorted(listed.keys() - found))
    yield from (f"{name}: expected no such file, found one" for name in sorted(found - listed.keys()))
    present = sorted(listed.keys() & found)
    for done, name in enumerate(present, 1):
        path = dataset.folder / name
        if path.is_symlink() or file_sha256(path) != listed[name].sha256:
            yield f"{name}: expected SHA-256 {listed[name].sha256[:12]}, found other bytes"
        report_progress("files verified", done, len(present))


def _content_faults(dataset: Dataset) -> Iterator[str]:
    """Tables and samples whose content is not what the manifest says."""
    tables = {spec.name: entry_of_file(dataset.folder, spec) for spec in tables_in(dataset.folder)}
    yield from (
        f"{name}.parquet: expected the content of the manifest, found other rows"
        for name in sorted(tables.keys() | dataset.manifest.tables.keys())
        if tables.get(name) != dataset.manifest.tables.get(name)
    )
    if content_sha256(tables) != dataset.manifest.content_sha256:
        yield "content: expected the manifest's content hash, found another"
    if dataset.manifest.signals is not None:
        yield from _signal_faults(dataset)


def _signal_faults(dataset: Dataset) -> Iterator[str]:
    """Records whose samples are not those that `records` names; the record itself is not named."""
    records = dataset.table(RECORDS).filter(pl.col("n_samples") > 0).sort("sample_offset")
    wrong = 0
    for done, record in enumerate(records.iter_rows(named=True), 1):
        wrong += signal_sha256(dataset.signal(record)) != record["signal_sha256"]
        report_progress("records verified", done, records.height)
    if wrong:
        yield f"signals.zarr: expected the samples that records.parquet names, found {wrong} records with others"
