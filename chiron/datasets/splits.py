"""Splits that never change: a keyed hash of the patient decides, not a random number and not the order of arrival.

A unit is a patient where patients are known, else a recording's content. Units that share a recording, byte for
byte, form one group, and a group has one split.
"""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

import polars as pl

from schemas.codes import SplitName
from schemas.params import SplitShares
from schemas.tables import SPLITS

__all__ = ["assign_splits", "split_of"]

_KEY: Final = b"chiron split 1"  # names the method; changing it moves patients between splits


def split_of(group_id: str, shares: SplitShares) -> SplitName:
    """The split of one group, by HMAC-SHA256 of its id."""
    digest = hmac.new(_KEY, group_id.encode(), hashlib.sha256).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    if position < shares.train:
        return SplitName.TRAIN
    return SplitName.VALID if position < shares.train + shares.valid else SplitName.TEST


def assign_splits(records: pl.DataFrame, shares: SplitShares) -> pl.DataFrame:
    """The `splits` table of `records`: one row per patient."""
    unit = pl.when("patient_known").then("patient_id").otherwise("signal_sha256")
    pairs = records.select("patient_id", "signal_sha256", unit=unit).unique().sort("unit", "signal_sha256")
    groups = _connected(zip(pairs["unit"], pairs["signal_sha256"], strict=True))
    rows = pairs.select("patient_id", group_id=pairs["unit"].replace_strict(groups, return_dtype=pl.String))
    split = rows["group_id"].map_elements(lambda g: split_of(g, shares).value, return_dtype=pl.String)
    return (
        rows.with_columns(split=split)
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
