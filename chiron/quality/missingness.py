"""What is missing in `records`, and whether it is missing for a reason.

A value is missing completely at random when its absence depends on nothing. That can be refuted: here the absence of
each column is tested against every other column and every label. No test can show that absence does not depend on the
missing value itself.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import chi2_contingency, false_discovery_control

from chiron.labels.positive import is_positive
from chiron.labels.readings import code_name
from chiron.quality.strata import age_band, find_holes
from schemas.missingness import ColumnMissingness, Dependence, Passport

__all__ = ["FALSE_DISCOVERY_RATE", "column_missingness", "passport_of"]

FALSE_DISCOVERY_RATE: Final = 0.05
_MIN_EXPECTED: Final = 5.0  # in every cell, for the chi-square distribution to hold (Cochran 1954)
_TO_TEST_AGAINST: Final = ("age_years", "sex", "site", "device", "recorded_year", "height_cm", "weight_kg")

Levels = npt.NDArray[np.int64]


def passport_of(records: pl.DataFrame, labels: pl.DataFrame, *, n_wanted: int) -> Passport:
    """The missingness passport of a dataset; `n_wanted` records per stratum are no hole."""
    return Passport(
        n_records=records.height,
        columns=tuple(column_missingness(records, labels)),
        holes=tuple(find_holes(records, labels, n_wanted=n_wanted)),
    )


def column_missingness(records: pl.DataFrame, labels: pl.DataFrame) -> list[ColumnMissingness]:
    """Every column: how much is missing, and on what its absence depends.

    Pearson's chi-square of absence against each other column (ages and sizes in bands) and each label, false
    discoveries controlled over all tests of the dataset (Benjamini and Hochberg 1995). Where patients are known, one
    record of each is tested, because records of one patient are not independent.
    """
    one_each = _one_record_per_patient(records)
    levels = {**_column_levels(one_each), **_label_levels(one_each, labels)}
    partly = [name for name in records.columns if 0 < records[name].null_count() < records.height]
    tests = [
        (name, on, p_value)
        for name in partly
        for on, level in levels.items()
        if on != name and (p_value := _p_value(one_each[name].is_null().to_numpy(), level)) is not None
    ]
    q_values = false_discovery_control([p for _, _, p in tests]) if tests else []
    found = [
        (name, Dependence(on=on, p_value=p, q_value=float(q))) for (name, on, p), q in zip(tests, q_values, strict=True)
    ]
    return [_describe(records[name], [d for of, d in found if of == name]) for name in records.columns]


def _one_record_per_patient(records: pl.DataFrame) -> pl.DataFrame:
    unit = pl.when("patient_known").then("patient_id").otherwise("record_id")
    return records.sort("record_id").filter(pl.struct("patient_known", unit).is_first_distinct())


def _column_levels(records: pl.DataFrame) -> dict[str, Levels]:
    """Each column to test against as levels 0, 1, ..., one per record; -1 where unknown."""
    banded = records.select(_TO_TEST_AGAINST).with_columns(
        _quarter("height_cm"), _quarter("weight_kg"), age_years=age_band()
    )
    return {name: _numbered(banded[name]) for name in banded.columns}


def _quarter(size: str) -> pl.Expr:
    """In which quarter of the known values each lies; equal values lie in the same."""
    return ((pl.col(size).rank() - 1) * 4 / pl.col(size).count()).floor()


def _label_levels(records: pl.DataFrame, labels: pl.DataFrame) -> dict[str, Levels]:
    """Each code as levels: 0 absent, 1 present, -1 unread or undecided."""
    found = {}
    for (system, code), of_code in sorted(labels.group_by("code_system", "code"), key=lambda group: str(group[0])):
        decided = of_code.select("record_id", present=is_positive())
        of_each = records.select("record_id").join(decided, on="record_id", how="left", maintain_order="left")
        found[f"label {code_name(str(system), str(code))}"] = _numbered(of_each["present"])
    return found


def _numbered(values: pl.Series) -> Levels:
    return values.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1


def _p_value(missing: npt.NDArray[np.bool_], level: Levels) -> float | None:
    """p of "absence does not depend on the level"; none where there are too few records to say."""
    known = level >= 0
    if not known.any():
        return None
    counts = np.bincount(2 * level[known] + missing[known], minlength=2 * (level.max() + 1)).reshape(-1, 2)
    table = _rare_levels_pooled(counts)
    if len(table) < 2 or _smallest_expected(table) < _MIN_EXPECTED:
        return None
    return float(chi2_contingency(table, correction=False).pvalue)


def _rare_levels_pooled(counts: Levels) -> Levels:
    """Levels (L, 2) with too few expected, as one; the pool is left out where it is too small itself."""
    shares = counts.sum(axis=0) / counts.sum()
    common = counts.sum(axis=1) * shares.min() >= _MIN_EXPECTED
    pool = counts[~common].sum(axis=0, keepdims=True)
    is_enough = pool.sum() * shares.min() >= _MIN_EXPECTED
    return np.concatenate([counts[common], pool]) if is_enough else counts[common]


def _smallest_expected(table: Levels) -> float:
    return float(table.sum(axis=1).min() * table.sum(axis=0).min() / table.sum())


def _describe(values: pl.Series, tested: Sequence[Dependence]) -> ColumnMissingness:
    n_missing = values.null_count()
    depends_on = sorted((d for d in tested if d.q_value < FALSE_DISCOVERY_RATE), key=lambda d: (d.q_value, d.on))
    return ColumnMissingness(
        column=values.name,
        n_missing=n_missing,
        share=n_missing / len(values) if len(values) else 0.0,
        depends_on=tuple(depends_on),
        verdict=_verdict(n_missing, len(values), depends_on, n_tests=len(tested)),
    )


def _verdict(n_missing: int, n_records: int, depends_on: Sequence[Dependence], *, n_tests: int) -> str:
    if n_missing == 0:
        return "complete"
    if n_missing == n_records:
        return "never recorded"
    if depends_on:
        reasons = ", ".join(f"{d.on} (q={d.q_value:.2g})" for d in depends_on)
        return f"missing for a reason: depends on {reasons}"
    return f"no dependence found in {n_tests} tests" if n_tests else "too few records to test"
