"""The order in which records lie in a signal array: layout, and no part of the content.

A validated dataset's samples lie split by split, so that whoever wants one split reads, and moves, one stretch.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.shards import ArrayLayout
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.errors import Damaged
from chiron.progress import report_progress
from schemas.codes import SplitName
from schemas.tables import RECORDS

__all__ = ["copy_signals", "split_by_split"]


def split_by_split(records: pl.DataFrame, splits: pl.DataFrame) -> pl.DataFrame:
    """The records that have samples: train, valid, test, each by `record_id`."""
    turns = {name.value: turn for turn, name in enumerate(SplitName)}
    placed = splits.select("patient_id", turn=pl.col("split").replace_strict(turns, return_dtype=pl.Int8))
    with_samples = records.filter(pl.col("n_samples") > 0)
    return with_samples.join(placed, on="patient_id", how="left").sort("turn", "record_id").drop("turn")


def copy_signals(source: Dataset, folder: Path, rows: Iterable[Mapping[str, Any]], n_rows: int) -> pl.DataFrame:
    """Write the samples of some rows of `records` of `source` as the array of another folder, in the order of the rows.

    Returns `record_id` and the new `sample_offset` of each. Memory is a chunk, and that. Raises Damaged where samples
    are not those that their row names.
    """
    layout = ArrayLayout.read(source.folder)
    ids, offsets, wrong = [], [], 0
    with SignalWriter(folder, dtype=layout.dtype, shard_samples=layout.shard_samples, codec=layout.codec) as writer:
        for done, row in enumerate(rows, start=1):
            signal = source.signal(row)
            wrong += signal_sha256(signal) != row["signal_sha256"]
            ids.append(row["record_id"])
            offsets.append(writer.append(signal))
            report_progress("recordings arranged", done, n_rows)
    if wrong:
        raise Damaged(f"dataset {source.folder}: expected the samples that it names, found {wrong} records with others")
    schema = {name: RECORDS.columns[name] for name in ("record_id", "sample_offset")}
    return pl.DataFrame({"record_id": ids, "sample_offset": offsets}, schema=schema)
