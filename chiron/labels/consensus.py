"""From readings to labels: what we believe about each record and code, and how much weight it has.

The order of authority: a simulator's ground truth, an adjudicated reading, the annotators' votes. An annotator has one
vote, the last round's. A clinician's feedback was given with a suggestion in view, and so is no vote.
"""

from typing import Final

import polars as pl

from chiron.labels.positive import UNDECIDED, is_positive
from chiron.labels.readings import canonical_readings, last_readings
from schemas.codes import AnnotatorKind, LabelMethod
from schemas.tables import LABELS

__all__ = ["consensus_labels"]

_TRUTH: Final = pl.col("annotator_kind") == AnnotatorKind.SIMULATOR.value
_ADJUDICATED: Final = pl.col("annotator_kind") == AnnotatorKind.ADJUDICATED.value
_VOTE: Final = pl.col("annotator_kind").is_in(
    [AnnotatorKind.PERSON.value, AnnotatorKind.GROUP.value, AnnotatorKind.ALGORITHM.value]
)
_FEEDBACK: Final = pl.col("annotator_kind") == AnnotatorKind.CLINICIAN_FEEDBACK.value

_METHOD: Final = (
    pl.when(pl.col("truth").is_not_null())
    .then(pl.lit(LabelMethod.GROUND_TRUTH.value))
    .when(pl.col("adjudicated").is_not_null())
    .then(pl.lit(LabelMethod.ADJUDICATED.value))
    .when(pl.col("n_votes") > 1)
    .then(pl.lit(LabelMethod.MAJORITY.value))
    .otherwise(pl.lit(LabelMethod.SINGLE_READER.value))
)
_EQUAL_VOTES: Final = pl.when(is_positive("share")).then("voted").otherwise(1 - pl.col("voted"))


def consensus_labels(annotations: pl.DataFrame) -> pl.DataFrame:
    """The `labels` table of `annotations`.

    probability: share of yes among the readings that decide; null for a tie, and where nobody could decide.
    agreement: share of the votes that equal the label; null for a tie and with one reading.
    weight: |2 probability - 1|, so 1 where the deciding readings are unanimous and 0 for a tie.
    """
    readings = last_readings(canonical_readings(annotations)).filter(~_FEEDBACK)
    counted = readings.group_by(LABELS.key).agg(
        truth=pl.col("present").filter(_TRUTH).mean(),
        adjudicated=pl.col("present").filter(_ADJUDICATED).mean(),
        voted=pl.col("present").filter(_VOTE).mean(),
        n_votes=pl.col("present").filter(_VOTE).count(),
        n_readings=pl.col("present").count(),
    )
    believed = counted.with_columns(share=pl.coalesce("truth", "adjudicated", "voted"), method=_METHOD)
    labels = believed.with_columns(
        probability=pl.when(pl.col("share") != UNDECIDED).then("share"),
        agreement=pl.when((pl.col("share") != UNDECIDED) & (pl.col("n_readings") > 1)).then(_EQUAL_VOTES),
        weight=(2 * pl.col("share") - 1).abs().fill_null(0),
    )
    return labels.select(*LABELS.columns).cast(LABELS.polars).sort(LABELS.key)
