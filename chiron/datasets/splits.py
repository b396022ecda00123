"""Splits that never change: a keyed hash of the patient decides, not a random number and not the order of arrival.

A unit is a patient where patients are known, else a recording's content. Units that share a recording, byte for
byte, form one group, and a group has one split. Where patients' names are hidden, the hash was made from the name when
it was still known (`records.split_bucket`), so that new pseudonyms don't move a patient.
"""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

import polars as pl

from schemas.codes import SplitName
from schemas.params import SplitShares
from schemas.tables import SPLITS

__all__ = ["N_BUCKETS", "assign_splits", "bucket_of", "split_of"]

N_BUCKETS: Final = 1000  # shares are met to a thousandth, and a bucket alone tells little about who is in it
_KEY: Final = b"chiron split 1"  # names the method; changing it moves patients between splits


def bucket_of(unit: str, key: bytes = _KEY) -> int:
    """The place of a unit in [0, N_BUCKETS), by HMAC-SHA256."""
    digest = hmac.new(key, unit.encode(), hashlib.sha256).digest()
    return (int.from_bytes(digest[:8], "big") * N_BUCKETS) >> 64


def split_of(bucket: int, shares: SplitShares) -> SplitName:
    """The split of all units in one bucket."""
    position = bucket / N_BUCKETS
    if position < shares.train:
        return SplitName.TRAIN
    return SplitName.VALID if position < shares.train + shares.valid else SplitName.TEST


def assign_splits(records: pl.DataFrame, shares: SplitShares) -> pl.DataFrame:
    """The `splits` table of `records`: one row per patient. A group has the least of its units' buckets.

    A record without samples of an unknown patient is a unit of its own.
    """
    content = pl.coalesce("signal_sha256", "patient_id")
    unit = pl.when("patient_known").then("patient_id").otherwise(content)
    pairs = records.select("patient_id", "split_bucket", content=content, unit=unit).unique().sort("unit", "content")
    groups = _connected(zip(pairs["unit"], pairs["content"], strict=True))
    by_hash = pl.col("unit").map_elements(bucket_of, return_dtype=pl.Int32)
    placed = pairs.select(
        "patient_id",
        group_id=pairs["unit"].replace_strict(groups, return_dtype=pl.String),
        bucket=pl.coalesce("split_bucket", by_hash),
    )
    of_group = pl.col("bucket").min().over("group_id")
    return (
        placed.with_columns(split=of_group.map_elements(lambda b: split_of(b, shares).value, return_dtype=pl.String))
        .unique("patient_id", keep="first", maintain_order=True)
        .select(*SPLITS.columns)
        .sort("patient_id")
    )


def _connected(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The smallest unit that each unit is connected to through shared contents (union-find)."""
    parent: dict[str, str] = {}

    def find(unit: str) -> str:
        while parent[unit] != unit:
            parent[unit] = parent[parent[unit]]
            unit = parent[unit]
        return unit

    first_with: dict[str, str] = {}
    for unit, content in pairs:
        parent.setdefault(unit, unit)
        a, b = find(unit), find(first_with.setdefault(content, unit))
        parent[max(a, b)] = min(a, b)
    return {unit: find(unit) for unit in parent}
