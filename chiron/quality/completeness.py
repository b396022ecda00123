"""Completeness by group: how many values are missing at each site, with each device, reader, finding, year and age."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.quality.factors import ABSENT, LABEL, READER, Factor
from schemas.missingness import Completeness, GroupCompleteness

__all__ = ["completeness_of"]

_BY: Final = ("source", "site", "device", READER, "recorded_year", "age_years", "sex")

Flags = npt.NDArray[np.bool_]


def completeness_of(missing: Mapping[str, Flags], factors: Sequence[Factor]) -> Completeness:
    """Counts of missing values, for each column of `missing` (N,) and each group of the factors that name a group.

    Of a label, the records that have the finding are the group. Groups have no fewer records than a factor's levels.
    """
    return Completeness(
        columns=tuple(missing),
        groups=tuple(
            row
            for factor in factors
            if factor.name in _BY or factor.name.startswith(LABEL)
            for row in _rows(missing, factor)
        ),
    )


def _rows(missing: Mapping[str, Flags], factor: Factor) -> list[GroupCompleteness]:
    known, n_levels = factor.levels >= 0, len(factor.names)
    n_missing = [np.bincount(factor.levels[gone & known], minlength=n_levels) for gone in missing.values()]
    rows = [
        GroupCompleteness(by=factor.name, group=name, n_records=int(n), n_missing=tuple(int(m[i]) for m in n_missing))
        for i, (name, n) in enumerate(zip(factor.names, factor.counts, strict=True))
    ]
    return _of_finding(rows, factor.name.removeprefix(LABEL)) if factor.name.startswith(LABEL) else rows


def _of_finding(rows: Sequence[GroupCompleteness], finding: str) -> list[GroupCompleteness]:
    return [row.model_copy(update={"by": LABEL.strip(), "group": finding}) for row in rows if row.group != ABSENT]
