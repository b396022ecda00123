"""Vanishing labels: every code is counted at every hop, and a fall must have a reason on record.

The reasons of ingest are in its report. Those of the consensus are found here, from the readings and the labels alone,
by other means than those that made the labels.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import polars as pl

from chiron.labels.positive import UNDECIDED, is_positive
from chiron.labels.readings import with_canonical_code
from schemas.codes import AnnotatorKind, LabelMethod
from schemas.ingested import IngestReport, LabelHop
from schemas.vanishing import Hop, KeptOut, LabelStep

__all__ = ["label_steps", "steps_of_consensus", "steps_of_ingest"]

_CODE: Final = ["code_system", "code"]
_LABEL: Final = ["record_id", *_CODE]
_HOPS_OF_INGEST: Final = (Hop.STATED, Hop.PARSED, Hop.STORED)

_KEPT: Final = "kept"
_FATE: Final = (
    pl.when(pl.col("round") < pl.col("last_round"))
    .then(pl.lit(KeptOut.SUPERSEDED.value))
    .when(pl.col("annotator_kind") == AnnotatorKind.CLINICIAN_FEEDBACK.value)
    .then(pl.lit(KeptOut.NO_VOTE.value))
    .when(pl.col("method").is_null())
    .then(None)  # there is no label at all, and no reason why
    .when(is_positive())
    .then(pl.lit(_KEPT))
    .when(pl.col("probability").is_null() | (pl.col("probability") == UNDECIDED))
    .then(pl.lit(KeptOut.UNDECIDED.value))
    .when(pl.col("method") == LabelMethod.ADJUDICATED.value)
    .then(pl.lit(KeptOut.OVERRULED.value))
    .otherwise(pl.lit(KeptOut.OUTVOTED.value))
)

_Code = tuple[str, str]


def label_steps(ingest: IngestReport | None, annotations: pl.DataFrame, labels: pl.DataFrame) -> tuple[LabelStep, ...]:
    """Every code from hop to hop, from the source's text to `labels`; from `annotations` on where no ingest was."""
    first = steps_of_ingest(ingest, annotations) if ingest is not None else ()
    return (*first, *steps_of_consensus(annotations, labels))


def steps_of_ingest(ingest: IngestReport, annotations: pl.DataFrame) -> Iterator[LabelStep]:
    """From the source's text to `annotations`, which are counted anew: the report's word for them is not taken."""
    counted: dict[Hop, dict[_Code, int]] = {hop: {} for hop in _HOPS_OF_INGEST}
    for count in ingest.label_counts:
        if count.hop is not LabelHop.STORED:
            counted[Hop(count.hop.value)][count.code_system, count.code] = count.n
    stored = annotations.filter("present").group_by(_CODE).len()
    counted[Hop.STORED] = {(system, code): n for system, code, n in stored.iter_rows()}
    codes = sorted({code for counts in counted.values() for code in counts})
    for before, hop in pairwise(_HOPS_OF_INGEST):
        lost = _lost(ingest) if hop is Hop.STORED else {}
        for code in codes:
            n_before, n_after = (counted[h].get(code, 0) for h in (before, hop))
            yield _step(code, (before, hop), n_before, n_after, lost.get(code, {}))


def steps_of_consensus(annotations: pl.DataFrame, labels: pl.DataFrame) -> Iterator[LabelStep]:
    """From readings to labels. `n_after` counts the positive labels that rest on a reading which found the code."""
    counts = (
        _fates(annotations, labels)
        .group_by(*_CODE)
        .agg(
            pl.col("fate").drop_nulls().value_counts(sort=True),
            n_before=pl.len(),
            n_after=pl.col("record_id").filter(pl.col("fate") == _KEPT).n_unique(),
        )
        .sort(_CODE)
    )
    for row in counts.collect().iter_rows(named=True):
        reasons = {fate["fate"]: fate["count"] for fate in row["fate"]}
        reasons[KeptOut.SAME_LABEL.value] = reasons.pop(_KEPT, 0) - row["n_after"]
        code = (row["code_system"], row["code"])
        yield _step(code, (Hop.STORED, Hop.DATASET), row["n_before"], row["n_after"], reasons)


def _fates(annotations: pl.DataFrame, labels: pl.DataFrame) -> pl.LazyFrame:
    """What became of each reading that found a code; null where it vanished."""
    readings = with_canonical_code(annotations)
    of_one_reader = ["record_id", "annotator_id", *_CODE]
    last_round = pl.col("round").max().over(of_one_reader) if annotations["round"].n_unique() > 1 else pl.col("round")
    found = readings.lazy().with_columns(last_round=last_round).filter("present")
    believed = labels.lazy().select(*_LABEL, "probability", "method")
    return found.join(believed, on=_LABEL, how="left").select("record_id", *_CODE, fate=_FATE)


def _lost(ingest: IngestReport) -> dict[_Code, dict[str, int]]:
    """Readings that ingest parsed and did not store, by why."""
    found: dict[_Code, dict[str, int]] = {}
    for lost in ingest.lost_labels:
        found.setdefault((lost.code_system, lost.code), {})[lost.reason] = lost.n
    return found


def _step(code: _Code, hops: tuple[Hop, Hop], n_before: int, n_after: int, reasons: dict[str, int]) -> LabelStep:
    before, hop = hops
    kept_out = {reason: n for reason, n in sorted(reasons.items()) if n}
    system, name = code
    return LabelStep(
        code_system=system, code=name, before=before, hop=hop, n_before=n_before, n_after=n_after, reasons=kept_out
    )
