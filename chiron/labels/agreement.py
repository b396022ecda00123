"""How far readings agree: between annotators, between rounds of one panel, and of one person with itself.

Rounds of a panel are never called inter-annotator agreement: labels that a round did not revise were copied from the
round before, so the rounds are not independent readings.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from chiron.labels.kappa import Ints, Statistic, cohen, equal_share, fleiss, with_interval
from chiron.labels.readings import canonical_readings, code_name, last_readings
from schemas.agreement import OVERALL, AgreementKind, AgreementResult, AgreementStatistic
from schemas.codes import AnnotatorKind

__all__ = ["agreement_of"]

_CODE: Final = ["code_system", "code"]
_READERS: Final = [AnnotatorKind.PERSON.value, AnnotatorKind.GROUP.value]
_MISSING: Final = -1


class _Comparison(NamedTuple):
    """Readings to compare; `reader` is who or which round gave each."""

    kind: AgreementKind
    compared: str
    note: str
    readings: pl.DataFrame


_NOTES: Final = {
    AgreementKind.BETWEEN_ANNOTATORS: "each annotator with the last round",
    AgreementKind.REVISION_STABILITY: (
        "rounds of one panel: labels that a round did not revise were copied, so this is not inter-annotator agreement"
    ),
    AgreementKind.WITHIN_ANNOTATOR: "repeated readings by the same person",
}


def agreement_of(annotations: pl.DataFrame) -> list[AgreementResult]:
    """Every agreement that `annotations` allow, overall and per code; empty where each record was read once.

    Overall, the category of a reading is the set of codes that it called present, among the codes that all the
    compared readers looked for. Algorithms, adjudicated readings and simulated truth are not compared: agreement is
    of human readers, and an adjudicated reading was made from theirs.
    """
    readings = canonical_readings(annotations).filter(pl.col("annotator_kind").is_in(_READERS))
    readings = readings.drop_nulls("present")
    comparisons = [*_between_annotators(readings), *_between_rounds(readings)]
    return [result for comparison in comparisons for result in _results(comparison)]


def _between_annotators(readings: pl.DataFrame) -> Iterator[_Comparison]:
    annotators = readings["annotator_id"].n_unique()
    if annotators > 1:
        kind = AgreementKind.BETWEEN_ANNOTATORS
        last = last_readings(readings).with_columns(reader="annotator_id")
        yield _Comparison(kind, f"{annotators} annotators", _NOTES[kind], last)


def _between_rounds(readings: pl.DataFrame) -> Iterator[_Comparison]:
    """Successive rounds, and the first with the last, of each annotator with several."""
    for (_, kind_of_annotator), own in readings.group_by("annotator_id", "annotator_kind", maintain_order=True):
        rounds = sorted(own["round"].unique())
        pairs = [*pairwise(rounds), (rounds[0], rounds[-1])] if len(rounds) > 2 else [*pairwise(rounds)]
        is_panel = kind_of_annotator == AnnotatorKind.GROUP.value
        kind = AgreementKind.REVISION_STABILITY if is_panel else AgreementKind.WITHIN_ANNOTATOR
        for first, second in pairs:
            both = own.filter(pl.col("round").is_in([first, second])).with_columns(reader="round")
            yield _Comparison(kind, f"round {first} to {second}", _NOTES[kind], both)


def _results(comparison: _Comparison) -> Iterator[AgreementResult]:
    for subject, ratings in _subjects(comparison.readings):
        for statistic, function, rows in _statistics(comparison.kind, ratings):
            yield AgreementResult(
                kind=comparison.kind,
                statistic=statistic,
                subject=subject,
                compared=comparison.compared,
                estimate=with_interval(function, rows),
                n_records=len(rows),
                note=comparison.note,
            )


def _subjects(readings: pl.DataFrame) -> Iterator[tuple[str, Ints]]:
    """OVERALL and each code's name, with ratings (N, readers) that hold at least two readings each."""
    n_readers = readings["reader"].n_unique()
    looked_for_by_all = pl.col("reader").n_unique().over(_CODE) == n_readers
    common = readings.filter(looked_for_by_all)
    found = pl.concat_str(_CODE, separator=":").filter("present").sort().str.join("+")
    overall = common.group_by("record_id", "reader").agg(category=found)
    subjects = [(OVERALL, overall)]
    for (system, code), of_code in sorted(readings.group_by(_CODE), key=lambda group: str(group[0])):
        category = of_code.select("record_id", "reader", category="present")
        subjects.append((code_name(str(system), str(code)), category))
    for name, rows in subjects:
        ratings = _ratings(rows)
        if len(ratings):
            yield name, ratings


def _ratings(rows: pl.DataFrame) -> Ints:
    """(records with two readings or more, readers): categories 0, 1, ... in a fixed order, -1 where not read."""
    if rows.is_empty():
        return np.empty((0, 2), np.int64)
    numbered = rows.with_columns(pl.col("category").rank("dense").cast(pl.Int64) - 1)
    wide = numbered.sort("reader", "record_id").pivot(on="reader", index="record_id", values="category")
    ratings = wide.drop("record_id").fill_null(_MISSING).to_numpy()
    enough: Ints = ratings[(ratings != _MISSING).sum(axis=1) >= 2]
    return enough


def _statistics(kind: AgreementKind, ratings: Ints) -> Iterator[tuple[AgreementStatistic, Statistic, Ints]]:
    """What to compute for `ratings`: Cohen's kappa for two readers, Fleiss' for more."""
    is_between = kind is AgreementKind.BETWEEN_ANNOTATORS
    counts = (ratings[:, :, None] == np.arange(ratings.max() + 1)).sum(axis=1)
    yield (
        AgreementStatistic.PERCENT_AGREEMENT if is_between else AgreementStatistic.PERCENT_UNCHANGED,
        equal_share,
        counts,
    )
    if ratings.shape[1] == 2:
        yield AgreementStatistic.COHEN_KAPPA, cohen, ratings
    else:
        yield AgreementStatistic.FLEISS_KAPPA, fleiss, counts
