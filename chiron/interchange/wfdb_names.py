"""Ids of records as names of WFDB files: any id is possible, and every record must find a place of its own.

An id that is a plain relative path is kept, so that the exported folder ingests again under the same ids.
"""

import re
from typing import Final

import polars as pl

from chiron.datasets.canonical import sha256_hex
from chiron.datasets.dataset import Dataset
from schemas.tables import RECORDS

__all__ = ["RecordFiles"]

_MAX_CHARACTERS: Final = 200
_MADE: Final = "unsafe-"
_PLAIN: Final = re.compile(r"[-\w]{1,100}(?:/[-\w]{1,100})*", re.ASCII)  # all that WFDB allows in a record's name


class RecordFiles:
    """The names of one dataset's records."""

    def __init__(self, dataset: Dataset) -> None:
        """Finds ids that differ in case only: there are file systems where they would be one file."""
        folded = pl.col("record_id").str.to_lowercase()
        clashing = dataset.scan(RECORDS).filter(pl.len().over(folded) > 1).select("record_id")
        self._clashing = frozenset(clashing.collect()["record_id"])

    def name(self, record_id: str) -> str:
        """The path of a record's files below the folder, without suffix."""
        if self._is_safe(record_id):
            return record_id
        return f"{_MADE}{sha256_hex(record_id.encode())[:20]}"

    def _is_safe(self, record_id: str) -> bool:
        return (
            _PLAIN.fullmatch(record_id) is not None
            and len(record_id) <= _MAX_CHARACTERS
            and not record_id.startswith(_MADE)
            and record_id not in self._clashing
        )

    def named(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with the column `record` in the place of `record_id`."""
        ids = rows["record_id"].unique()
        by_id = {record_id: self.name(record_id) for record_id in ids}
        names = rows["record_id"].replace_strict(by_id, return_dtype=pl.String) if by_id else rows["record_id"]
        return rows.with_columns(names).rename({"record_id": "record"})
