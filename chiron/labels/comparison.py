"""Every coefficient of one comparison of readings, each with its interval, from one set of resamples.

Shapes: U distinct records, K categories, B resamples, M columns of a tally.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from chiron.labels.coefficients import COEFFICIENTS, Tally, contributions
from chiron.labels.patterns import Floats, Patterns, interval_of, patterns_of
from chiron.labels.subjects import Subject, subjects_of
from schemas.agreement import AgreementKind, AgreementResult, AgreementStatistic

__all__ = ["Comparison", "Pair", "results_of"]

N_RESAMPLES: Final = 1000
_OF_TWO: Final = AgreementStatistic.COHEN_KAPPA
_OF_MORE: Final = AgreementStatistic.FLEISS_KAPPA
_ALWAYS: Final = (
    AgreementStatistic.KRIPPENDORFF_ALPHA,
    AgreementStatistic.GWET_AC1,
    AgreementStatistic.POSITIVE_AGREEMENT,
)


class Pair(NamedTuple):
    """Two of the readers of a comparison, to be compared by themselves."""

    kind: AgreementKind
    compared: str
    first: str
    second: str


class Comparison(NamedTuple):
    """Readings to compare; their column `reader` says who, or which round, gave each."""

    kind: AgreementKind
    compared: str
    note: str
    readings: pl.DataFrame
    pairs: Sequence[Pair] = ()


class _Group(NamedTuple):
    """Some readers of one subject, and what each record (U, M) adds to their tally."""

    kind: AgreementKind
    compared: str
    added_um: csr_array
    of_two: bool


_Figures = dict[AgreementStatistic, list[Floats]]
"""Blocks of figures, (b,) each."""


def results_of(comparison: Comparison, patients: pl.DataFrame | None) -> Iterator[AgreementResult]:
    """Overall and per code: all readers together, then each of the pairs. patients: record_id, patient."""
    names = sorted(comparison.readings["reader"].unique())
    numbers = {name: number for number, name in enumerate(names)}
    readings = comparison.readings.with_columns(reader=pl.col("reader").replace_strict(numbers, return_dtype=pl.Int64))
    for subject in subjects_of(readings):
        patterns = patterns_of(subject.readings, n_categories=subject.present_kc.shape[0], patients=patients)
        groups = [_all_together(comparison, subject, patterns, of_two=len(names) == 2)]
        groups += [_pair(pair, numbers, subject, patterns) for pair in comparison.pairs]
        for group, figures in zip(groups, _resampled(groups, patterns), strict=True):
            yield from _results(group, subject, comparison.note, patterns.times_u, figures)


def _all_together(comparison: Comparison, subject: Subject, patterns: Patterns, *, of_two: bool) -> _Group:
    first = _one_hot(patterns.chosen_by(0), patterns.n_categories) if of_two else None
    added = contributions(patterns.counts(), present_kc=subject.present_kc, first_uk=first)
    return _Group(comparison.kind, comparison.compared, added, of_two)


def _pair(pair: Pair, numbers: dict[str, int], subject: Subject, patterns: Patterns) -> _Group:
    """Of the records that both read."""
    first, second = (patterns.chosen_by(numbers[name]) for name in (pair.first, pair.second))
    one_missing = (first < 0) | (second < 0)
    chosen = [_one_hot(np.where(one_missing, -1, each), patterns.n_categories) for each in (first, second)]
    added = contributions(chosen[0] + chosen[1], present_kc=subject.present_kc, first_uk=chosen[0])
    return _Group(pair.kind, pair.compared, added, of_two=True)


def _one_hot(category_u: np.ndarray, n_categories: int) -> csr_array:
    rows = np.flatnonzero(category_u >= 0)
    return csr_array((np.ones(len(rows)), (rows, category_u[rows])), shape=(len(category_u), n_categories))


def _resampled(groups: Sequence[_Group], patterns: Patterns) -> list[_Figures]:
    """The figures of each group over the same resamples, (B,) for each of its statistics."""
    columns = [csr_array(group.added_um.T) for group in groups]
    figures: list[_Figures] = [{statistic: [] for statistic in _statistics(group)} for group in groups]
    for block_bu in patterns.resamples(N_RESAMPLES):
        for added, of_group in zip(columns, figures, strict=True):
            tally = Tally.of((added @ block_bu.T).T)
            for statistic, found in of_group.items():
                found.append(COEFFICIENTS[statistic](tally))
    return figures


def _results(
    group: _Group, subject: Subject, note: str, times_u: Floats, resampled: _Figures
) -> Iterator[AgreementResult]:
    of_data = Tally.of((group.added_um.T @ times_u)[None])
    n_records = int(of_data.n_repeated_b[0])
    if not n_records:
        return
    for statistic, figures in resampled.items():
        value = float(COEFFICIENTS[statistic](of_data)[0])
        yield AgreementResult(
            kind=group.kind,
            statistic=statistic,
            subject=subject.name,
            compared=group.compared,
            estimate=interval_of(value, np.concatenate(figures) if n_records > 1 else []),
            n_records=n_records,
            note=note,
        )


def _statistics(group: _Group) -> tuple[AgreementStatistic, ...]:
    is_between = group.kind in (AgreementKind.BETWEEN_ANNOTATORS, AgreementKind.BETWEEN_TWO)
    percent = AgreementStatistic.PERCENT_AGREEMENT if is_between else AgreementStatistic.PERCENT_UNCHANGED
    return (percent, _OF_TWO if group.of_two else _OF_MORE, *_ALWAYS)
