"""How far readings agree: between annotators, between rounds of one panel, and of one person with itself.

Rounds of a panel are never called inter-annotator agreement: labels that a round did not revise were copied from the
round before, so the rounds are not independent readings. The same holds for a person's round that looks like a copy.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

import polars as pl

from chiron.labels.comparison import Comparison, Pair, results_of
from chiron.labels.patterns import patients_of
from chiron.labels.readings import canonical_readings, last_readings
from chiron.labels.rounds import Rounds, rounds_of
from schemas.agreement import OVERALL, AgreementKind, AgreementResult, AgreementStatistic
from schemas.base import Interval
from schemas.codes import AnnotatorKind

__all__ = ["agreement_of"]

_READERS: Final = [AnnotatorKind.PERSON.value, AnnotatorKind.GROUP.value]
_MAX_PAIRS: Final = 100  # 10 annotators have 45

_NOTES: Final = {
    AgreementKind.BETWEEN_ANNOTATORS: "each annotator with the last round",
    AgreementKind.REVISION_STABILITY: (
        "rounds that revise: labels that a round did not change were copied, so this is not inter-annotator agreement"
    ),
    AgreementKind.WITHIN_ANNOTATOR: "repeated readings by the same person",
}


def agreement_of(annotations: pl.DataFrame, records: pl.DataFrame | None = None) -> list[AgreementResult]:
    """Every agreement that `annotations` allow, overall and per code; empty where each record was read once.

    Overall, the category of a reading is the set of codes that it called present, among the codes that all the
    compared readers looked for. Algorithms, adjudicated readings and simulated truth are not compared: agreement is
    of human readers, and an adjudicated reading was made from theirs. Intervals are over patients, where `records`
    know them, and else over records. With more than 100 pairs of annotators, those with most records in common.
    """
    readings = canonical_readings(annotations).filter(pl.col("annotator_kind").is_in(_READERS))
    readings = readings.drop_nulls("present")
    patients = patients_of(records) if records is not None else None
    rounds = list(rounds_of(readings))
    comparisons = [*_between_annotators(readings), *(_between_rounds(each, rounds) for each in rounds)]
    results = [result for comparison in comparisons for result in results_of(comparison, patients)]
    return results + [_refused(each, rounds) for each in rounds if each.not_repeated]


def _between_annotators(readings: pl.DataFrame) -> Iterator[Comparison]:
    annotators = readings["annotator_id"].n_unique()
    if annotators > 1:
        kind = AgreementKind.BETWEEN_ANNOTATORS
        last = last_readings(readings).with_columns(reader="annotator_id")
        pairs = tuple(islice(_pairs(last), _MAX_PAIRS)) if annotators > 2 else ()
        yield Comparison(kind, f"{annotators} annotators", _NOTES[kind], last, pairs)


def _pairs(readings: pl.DataFrame) -> Iterator[Pair]:
    """Annotators who read the same records, those with most records in common first."""
    of_record = readings.select("record_id", "reader").unique()
    of_records = of_record.group_by("record_id").agg(pl.col("reader").sort()).group_by("reader").len("n")
    of_sets = of_records.with_row_index("set").explode("reader")
    both = of_sets.join(of_sets, on="set").filter(pl.col("reader") < pl.col("reader_right"))
    common = both.group_by("reader", "reader_right").agg(pl.col("n").sum())
    for first, second, _ in common.sort("n", "reader", "reader_right", descending=[True, False, False]).iter_rows():
        yield Pair(AgreementKind.BETWEEN_TWO, f"{first} and {second}", first, second)


def _between_rounds(rounds: Rounds, others: list[Rounds]) -> Comparison:
    kind = AgreementKind.REVISION_STABILITY if rounds.not_repeated else AgreementKind.WITHIN_ANNOTATOR
    readings = rounds.readings.with_columns(reader="round")
    return Comparison(kind, _compared(rounds, others), _NOTES[kind], readings)


def _compared(rounds: Rounds, others: list[Rounds]) -> str:
    """Which rounds; and whose, where there are several annotators with rounds."""
    whose = f" of {rounds.annotator}" if len({each.annotator for each in others}) > 1 else ""
    return f"round {rounds.first} to {rounds.second}{whose}"


def _refused(rounds: Rounds, others: list[Rounds]) -> AgreementResult:
    """Agreement within an annotator, where it may not be computed."""
    return AgreementResult(
        kind=AgreementKind.WITHIN_ANNOTATOR,
        statistic=AgreementStatistic.COHEN_KAPPA,
        subject=OVERALL,
        compared=_compared(rounds, others),
        estimate=Interval(value=None),
        n_records=0,
        refused=rounds.not_repeated,
    )
