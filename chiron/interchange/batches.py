"""A dataset, some records at a time in the order of ids: memory does not depend on how many there are."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.signals import signal_sha256
from chiron.datasets.tables import entry_of_file
from chiron.errors import Damaged
from chiron.progress import report_progress
from schemas.tables import RECORDS, TableSpec

__all__ = ["Batch", "batches", "read_signal", "require_whole_tables"]

_BATCH_RECORDS: Final = 1000


class Batch(NamedTuple):
    """Some records, and the rows of other tables that belong to them, by the tables' names."""

    records: pl.DataFrame
    tables: dict[str, pl.DataFrame]


def batches(dataset: Dataset, specs: Sequence[TableSpec]) -> Iterator[Batch]:
    """All records, with their rows of `specs`; a table that the dataset lacks is empty."""
    total, done = dataset.manifest.tables[RECORDS.name].n_rows, 0
    for records in dataset.scan(RECORDS).collect_batches(chunk_size=_BATCH_RECORDS, maintain_order=True):
        for some in records.iter_slices(_BATCH_RECORDS):
            yield Batch(some, {spec.name: _rows_of(dataset, spec, some["record_id"]) for spec in specs})
            done += some.height
            report_progress("records exported", done, total)


def _rows_of(dataset: Dataset, spec: TableSpec, ids: pl.Series) -> pl.DataFrame:
    """The rows of consecutive records: tables are in the order of ids, so most of a file is passed over."""
    if not dataset.has(spec):
        return spec.empty()
    within = pl.col("record_id").is_between(pl.lit(ids[0]), pl.lit(ids[-1]))
    return dataset.scan(spec).filter(within).collect()


def read_signal(dataset: Dataset, record: dict[str, Any]) -> np.ndarray:
    """The samples of a row of `records`, (n_leads, n_samples) digital. Raises Damaged where they are others."""
    signal = dataset.signal(record)
    if record["n_samples"] and signal_sha256(signal) != record["signal_sha256"]:
        raise Damaged(f"dataset {dataset.folder}: expected the samples of its table, found others; pull it again")
    return signal


def require_whole_tables(dataset: Dataset, specs: Sequence[TableSpec]) -> None:
    """Raise Damaged where a table does not hold what the manifest says."""
    for spec in specs:
        if dataset.has(spec) and entry_of_file(dataset.folder, spec) != dataset.manifest.tables.get(spec.name):
            raise Damaged(f"dataset {dataset.folder}: expected {spec.name} as stated, found other rows; pull it again")
