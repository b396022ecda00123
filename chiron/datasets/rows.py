"""Which rows of `records`, and in which order: a few at a time, however many there are."""

from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from chiron.errors import BadParameters
from schemas.codes import SplitName

__all__ = ["in_storage_order", "numbered_as_stored", "of_split"]

_ROWS: Final = 2**14  # in memory


def of_split(records: pl.LazyFrame, splits: pl.LazyFrame, split: SplitName | str) -> pl.LazyFrame:
    """The records of one split's patients. Raises BadParameters where there is no such split."""
    if split not in list(SplitName):
        raise BadParameters(f"split: expected one of {', '.join(SplitName)}, found another")
    people = splits.filter(pl.col("split") == str(split))
    return records.join(people, on="patient_id", how="semi", maintain_order="left")


def in_storage_order(records: pl.LazyFrame) -> Iterator[dict[str, Any]]:
    """Rows by `sample_offset`. Of all rows only the offsets are held: each stretch of the array is looked up anew."""
    offsets = records.select(pl.col("sample_offset").sort()).collect()["sample_offset"]
    for first in range(0, offsets.len(), _ROWS):
        low, high = offsets[first], offsets[min(first + _ROWS, offsets.len()) - 1]
        stretch = records.filter(pl.col("sample_offset").is_between(low, high)).collect()
        yield from stretch.sort("sample_offset").iter_rows(named=True)


def numbered_as_stored(records: pl.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows by `sample_offset`, each with its place in the frame, for results in the frame's order."""
    for i in records["sample_offset"].arg_sort():
        yield i, records.row(i, named=True)
