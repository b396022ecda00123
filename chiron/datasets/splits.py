"""Splits that never change: a keyed hash of the patient decides, not a random number and not the order of arrival.

A unit is a patient where patients are known, else a recording's content. Units that share a recording, or copies of
one (`duplicates`), form one group, and a group has one split: test if any of its units is in test, else valid if any is
in valid. So whatever comes later, what was in test goes to no other split, and what was in valid never to train.
Where patients' names are hidden, the hash was made from the name when it was still known (`records.split_bucket`), so
that new pseudonyms don't move a patient.
"""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

import polars as pl

from chiron.datasets.unions import connected
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


def assign_splits(records: pl.DataFrame, shares: SplitShares, contents: pl.DataFrame | None = None) -> pl.DataFrame:
    """The `splits` table of `records`: one row per patient. A group has the greatest of its units' buckets.

    contents: `record_id` and `content_id` as of `duplicates.contents_of`, null where a recording holds nothing; where
    it is not given, recordings are the same byte for byte or not at all. A record without samples of an unknown patient
    is a unit of its own.
    """
    unit = pl.when("patient_known").then("patient_id").otherwise(pl.coalesce("signal_sha256", "patient_id"))
    held = records.select("record_id", content_id="signal_sha256") if contents is None else contents
    pairs = (
        records.select("record_id", "patient_id", "split_bucket", unit=unit)
        .join(held, on="record_id", how="left")
        .select("patient_id", "split_bucket", "unit", "content_id")
        .unique()
        .sort("unit", "content_id", "patient_id")
    )
    by_hash = pl.col("unit").map_elements(bucket_of, return_dtype=pl.Int32)
    placed = pairs.select(
        "patient_id",
        group_id=pairs["unit"].replace_strict(connected(pairs["unit"], _ties(pairs)), return_dtype=pl.String),
        bucket=pl.coalesce("split_bucket", by_hash),
    )
    of_group = pl.col("bucket").max().over("group_id")
    return (
        placed.with_columns(split=of_group.map_elements(lambda b: split_of(b, shares).value, return_dtype=pl.String))
        .unique("patient_id", keep="first", maintain_order=True)
        .select(*SPLITS.columns)
        .sort("patient_id")
    )


def _ties(pairs: pl.DataFrame) -> Iterable[tuple[str, str]]:
    """Each unit that holds a content with the first that holds it; and the units of a patient with several."""
    for by in ("content_id", "patient_id"):
        tied = pairs.filter(pl.col(by).is_not_null()).select("unit", first=pl.col("unit").first().over(by))
        yield from tied.filter(pl.col("unit") != pl.col("first")).unique().iter_rows()
