"""Label drift: where a code is more or less common than in the rest, and whether patients or readers explain it.

A site with older patients has more atrial fibrillation; a reader who over-calls makes more of it. The first vanishes
where patients of like age and sex are compared, the second stays, and shows on the records that others read too.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from scipy.stats import false_discovery_control

from chiron.labels.case_mix import one_record_per_patient
from chiron.labels.drift_rows import Rows, rows_of
from chiron.labels.drift_verdicts import Evidence, SameRecords, sentence_of, verdict_of
from chiron.labels.readings import code_name
from chiron.labels.stratified import LEVEL, CommonOdds, mantel_haenszel, matched_pairs, tables_of
from schemas.base import Interval
from schemas.drift import DriftBy, DriftFinding, DriftReport, OddsRatio

__all__ = ["drift_of"]

FALSE_DISCOVERY_RATE: Final = 0.05
_MIN_EXPECTED: Final = 5.0  # in every cell, for the chi-square distribution to hold (Cochran 1954)
_MIN_APART: Final = 6  # records where an annotator differs from others: with fewer none can be significant
_DIGITS: Final = 6  # what follows depends on the machine's order of summation
_CODE: Final = ["code_system", "code"]


class _Test(NamedTuple):
    """One code at one level against the rest."""

    rows: Rows
    system: str
    code: str
    level: str
    counts: tuple[int, int, int, int]  # here and found, here; rest and found, rest
    p_values: tuple[float, ...]  # against the rest, and, for an annotator, on the same records


def drift_of(records: pl.DataFrame, annotations: pl.DataFrame, labels: pl.DataFrame) -> DriftReport:
    """Every difference of prevalence by year, site, device and annotator that false-discovery control lets stand.

    Adjusted differences are odds ratios over strata of age and sex (and site, for annotators), and of who read.
    """
    tests = [test for rows in rows_of(records, annotations, labels) for test in _tests(rows)]
    p_values = [p_value for test in tests for p_value in test.p_values]
    q_values = iter(false_discovery_control(p_values) if p_values else [])
    smallest = [min(float(next(q_values)) for _ in test.p_values) for test in tests]
    found = [_finding(test, q) for test, q in zip(tests, smallest, strict=True) if q < FALSE_DISCOVERY_RATE]
    return DriftReport(
        false_discovery_rate=FALSE_DISCOVERY_RATE,
        n_records=one_record_per_patient(records).height,
        n_tests=len(p_values),
        findings=tuple(sorted(found, key=lambda each: (list(DriftBy).index(each.by), each.name, each.level))),
    )


def _tests(rows: Rows) -> Iterator[_Test]:
    """Codes and levels with enough records for a test."""
    counted = rows.frame.group_by(*_CODE, "level").agg(found=pl.col("present").sum().cast(pl.Int64), n=pl.len())
    counted = counted.with_columns(
        rest_found=pl.col("found").sum().over(_CODE) - pl.col("found"),
        rest=(pl.col("n").sum().over(_CODE) - pl.col("n")).cast(pl.Int64),
    ).sort(*_CODE, "level")
    if rows.levels:
        counted = counted.filter(pl.col("level").is_in(rows.levels))
    numbers = counted.select("found", "n", "rest_found", "rest").to_numpy().astype(np.int64)
    found, n, rest_found, rest = numbers.T
    tables = np.stack([found, n - found, rest_found, rest - rest_found], axis=1).reshape(-1, 1, 2, 2)
    p_values = mantel_haenszel(tables.astype(np.float64)).p_value
    both = np.minimum(found + rest_found, n + rest - found - rest_found)
    is_enough = np.minimum(n, rest) * both >= _MIN_EXPECTED * (n + rest)
    for i, (system, code, level) in enumerate(counted.select(*_CODE, "level").iter_rows()):
        a, b, c, d = (int(number) for number in numbers[i])
        test = _Test(rows, system, code, level, (a, b, c, d), (float(p_values[i]),) if is_enough[i] else ())
        same = _on_same_records(test)
        if same and same.only_here + same.only_there >= _MIN_APART:
            test = test._replace(p_values=(*test.p_values, same.odds.p_value))
        if test.p_values:
            yield test


def _finding(test: _Test, q_value: float) -> DriftFinding:
    found, n, rest_found, rest = test.counts
    here, there = found / n, rest_found / rest
    evidence = _evidence(test, here - there)
    verdict = verdict_of(test.rows.by, evidence)
    return DriftFinding(
        code_system=test.system,
        code=test.code,
        name=code_name(test.system, test.code),
        by=test.rows.by,
        level=test.level,
        n_records=n,
        n_rest=rest,
        prevalence=round(here, _DIGITS),
        prevalence_rest=round(there, _DIGITS),
        q_value=_significant(q_value),
        crude=evidence.crude,
        adjusted=evidence.adjusted,
        with_readers=evidence.with_readers,
        same_records=evidence.same.odds if evidence.same else None,
        verdict=verdict,
        sentence=sentence_of(verdict, evidence),
    )


def _evidence(test: _Test, difference: float) -> Evidence:
    frame = test.rows.frame.filter(code_system=test.system, code=test.code)
    alike = test.rows.case_mix
    of_annotator = test.rows.by is DriftBy.ANNOTATOR
    return Evidence(
        difference=difference,
        crude=_over(frame, test.level, ()),
        adjusted=_over(frame, test.level, alike, "case_mix") if alike else None,
        with_readers=None if of_annotator else _over(frame, test.level, (*alike, "readers"), "case_mix", "readers"),
        same=_on_same_records(test),
    )


def _over(frame: pl.DataFrame, level: str, alike: tuple[str, ...], *strata: str) -> OddsRatio:
    """`level` against the rest, among records that are alike in `strata`."""
    number = pl.struct(strata).rank("dense").cast(pl.Int64) - 1 if strata else pl.lit(0, pl.Int64)
    rows = frame.select("present", is_rest=(pl.col("level") != level).cast(pl.Int64), stratum=number)
    tables = tables_of(rows["is_rest"].to_numpy(), rows["stratum"].to_numpy(), rows["present"].to_numpy())
    return _odds_ratio(mantel_haenszel(tables[:1]), alike, rows.height)


def _on_same_records(test: _Test) -> SameRecords | None:
    if test.rows.same is None:
        return None
    of_code = test.rows.same.filter(code_system=test.system, code=test.code)
    if of_code.is_empty():
        return None
    only_here, only_there, n_both = (int(of_code[name].item()) for name in ("only_here", "only_there", "n_both"))
    odds = _odds_ratio(matched_pairs(only_here, only_there), ("record",), n_both)
    return SameRecords(odds, only_here, only_there)


def _odds_ratio(odds: CommonOdds, alike: tuple[str, ...], n_records: int) -> OddsRatio:
    value, lower, upper = (
        round(float(figure[0]), _DIGITS) if np.isfinite(figure[0]) else None
        for figure in (odds.ratio, odds.lower, odds.upper)
    )
    estimate = Interval(value=value, lower=lower, upper=upper, level=LEVEL)
    return OddsRatio(estimate=estimate, p_value=_significant(odds.p_value[0]), adjusted_for=alike, n_records=n_records)


def _significant(chance: float) -> float:
    """Six digits: what follows depends on the machine."""
    return float(f"{chance:.6g}")
