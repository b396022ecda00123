"""What came of a split: sizes, findings and copies, beside what drawing lots would give.

A patient's split follows from its own hash alone, so shares are met as by lot, and each finding's too.
"""

from collections.abc import Iterator
from math import sqrt
from typing import Final

import polars as pl

from chiron.datasets.duplicates import Contents
from chiron.labels.positive import is_positive
from schemas.codes import Code, CodeSystem, SplitName, concept_name
from schemas.params import SplitShares
from schemas.splits import FEWEST_POSITIVE, DuplicateCounts, FindingShare, SplitReport, SplitSize

__all__ = ["split_report"]

_DECIMALS: Final = 6


def split_report(
    records: pl.DataFrame,
    labels: pl.DataFrame,
    splits: pl.DataFrame,
    shares: SplitShares,
    contents: Contents | None = None,
) -> SplitReport:
    """contents: as of `contents_of`; none where there are no recordings."""
    placed = records.join(splits, on="patient_id", how="left")
    return SplitReport(
        unit="patient" if records["patient_known"].all() else "record",
        n_patients_unknown=int((~records["patient_known"]).sum()),
        sizes=tuple(_sizes(placed, shares)),
        findings=tuple(_findings(placed, labels, shares)),
        duplicates=_duplicates(placed, contents),
    )


def _sizes(placed: pl.DataFrame, shares: SplitShares) -> Iterator[SplitSize]:
    n = placed["group_id"].n_unique()
    for split in SplitName:
        own, wanted = placed.filter(pl.col("split") == split.value), _wanted(shares, split)
        n_groups = own["group_id"].n_unique()
        yield SplitSize(
            split=split,
            n_groups=n_groups,
            n_patients=own["patient_id"].n_unique(),
            n_records=own.height,
            wanted_share=wanted,
            share=round(n_groups / n, _DECIMALS) if n else 0.0,
            sd=round(sqrt(wanted * (1 - wanted) / n), _DECIMALS) if n else 0.0,
        )


def _findings(placed: pl.DataFrame, labels: pl.DataFrame, shares: SplitShares) -> Iterator[FindingShare]:
    """Every finding that somebody has, in every split."""
    found = labels.filter(is_positive()).join(placed.select("record_id", "group_id", "split"), on="record_id")
    for (system, code), own in found.sort("code_system", "code").group_by("code_system", "code", maintain_order=True):
        n = own["group_id"].n_unique()
        for split in SplitName:
            there, wanted = own.filter(pl.col("split") == split.value), _wanted(shares, split)
            n_groups = there["group_id"].n_unique()
            yield FindingShare(
                code_system=str(system),
                code=str(code),
                name=concept_name(Code(CodeSystem(system), str(code))),
                split=split,
                n_records=there.height,
                n_groups=n_groups,
                expected=round(n * wanted, _DECIMALS),
                sd=round(sqrt(n * wanted * (1 - wanted)), _DECIMALS),
                too_few=wanted > 0 and n_groups < FEWEST_POSITIVE,
            )


def _duplicates(placed: pl.DataFrame, contents: Contents | None) -> DuplicateCounts:
    recorded = placed.filter(pl.col("signal_sha256").is_not_null() & (pl.col("n_samples") > 0))
    several = placed.group_by("group_id").agg(pl.col("patient_id").n_unique()).filter(pl.col("patient_id") > 1)
    return DuplicateCounts(
        n_recordings=recorded.height,
        n_same=recorded.height - recorded["signal_sha256"].n_unique(),
        n_candidates=contents.n_candidates if contents else 0,
        n_copies=contents.n_copies if contents else 0,
        n_groups_across_patients=several.height,
        n_empty=contents.table["content_id"].null_count() if contents else 0,
    )


def _wanted(shares: SplitShares, split: SplitName) -> float:
    return {SplitName.TRAIN: shares.train, SplitName.VALID: shares.valid, SplitName.TEST: shares.test}[split]
