"""Simulated readers as good as those of a real dataset."""

from typing import Final

import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.labels.consensus import consensus_of
from chiron.labels.positive import is_positive
from chiron.populations.learned import LearnedFrom
from schemas.cohort import SimulatedReader
from schemas.consensus import AnnotatorQuality
from schemas.tables import ANNOTATIONS, RECORDS

__all__ = ["imitate"]

_DECIMALS: Final = 4
_CODE: Final = ["code_system", "code"]


def imitate(dataset: Dataset) -> tuple[SimulatedReader, ...]:
    """One reader for each annotator of train and valid who could be judged, in the order of their ids.

    dataset: a *validated* one. Sensitivity and specificity are means over the codes, of which each weighs as many
    present, or absent, findings as the annotator read. Nobody could be judged where all read apart and no truth is
    known: then there are no readers. Names are not taken over.
    """
    learned = LearnedFrom(dataset)
    annotations, records = learned.table(ANNOTATIONS), learned.table(RECORDS)
    consensus = consensus_of(annotations, records)
    prevalence = _prevalence(consensus.labels)
    read = dict(annotations.group_by("annotator_id").agg(pl.col("record_id").n_unique()).iter_rows())
    judged: dict[str, list[AnnotatorQuality]] = {}
    for quality in consensus.report.annotators:
        judged.setdefault(quality.annotator, []).append(quality)
    return tuple(
        _reader(f"reader-{place}", judged[annotator], prevalence, reads_share=read[annotator] / records.height)
        for place, annotator in enumerate(sorted(judged), start=1)
    )


def _prevalence(labels: pl.DataFrame) -> dict[tuple[str, str], float]:
    shares = labels.drop_nulls("probability").group_by(_CODE).agg(is_positive().mean().alias("share"))
    return {(system, code): share for system, code, share in shares.iter_rows()}


def _reader(
    name: str, of_codes: list[AnnotatorQuality], prevalence: dict[tuple[str, str], float], *, reads_share: float
) -> SimulatedReader:
    present = [(each, each.n_readings * prevalence.get((each.code_system, each.code), 0.0)) for each in of_codes]
    sensitivity = _mean([(each.sensitivity.value, n) for each, n in present])
    specificity = _mean([(each.specificity.value, each.n_readings - n) for each, n in present])
    return SimulatedReader(
        name=name, sensitivity=sensitivity, specificity=specificity, reads_share=round(min(reads_share, 1.0), _DECIMALS)
    )


def _mean(weighed: list[tuple[float | None, float]]) -> float:
    """1 where nothing is known: nothing is known against it either."""
    known = [(value, weight) for value, weight in weighed if value is not None and weight > 0]
    total = sum(weight for _, weight in known)
    return round(sum(value * weight for value, weight in known) / total, _DECIMALS) if total else 1.0
