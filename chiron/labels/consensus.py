"""From readings to labels: what we believe about each record and code, and how much weight it has.

The order of authority: a simulator's ground truth, an adjudicated reading, the annotators' votes. An annotator has one
vote, the last round's; an algorithm is an annotator like others, with errors of its own. A clinician's feedback was
given with a suggestion in view, and so is no vote. Votes are weighed by how well each annotator reads the code, where
that can be told, and else counted.
"""

from typing import Final, NamedTuple

import polars as pl

from chiron.labels.against_truth import readers_against
from chiron.labels.annotators import Refused, Weighed, weigh
from chiron.labels.patterns import patients_of
from chiron.labels.positive import UNDECIDED, is_positive
from chiron.labels.readings import canonical_readings, code_name, last_readings
from schemas.codes import AnnotatorKind, LabelMethod
from schemas.consensus import AnnotatorQuality, CodeConsensus, ConsensusReport
from schemas.tables import LABELS

__all__ = ["Consensus", "consensus_labels", "consensus_of"]

_CODE: Final = ["code_system", "code"]
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
    .when(pl.col("weighed").is_not_null())
    .then(pl.lit(LabelMethod.DAWID_SKENE.value))
    .when(pl.col("n_votes") > 1)
    .then(pl.lit(LabelMethod.MAJORITY.value))
    .otherwise(pl.lit(LabelMethod.SINGLE_READER.value))
)
_EQUAL_VOTES: Final = pl.when(is_positive("share")).then("voted").otherwise(1 - pl.col("voted"))
_AGAINST_MAJORITY: Final = (pl.col("voted") != UNDECIDED) & (is_positive("weighed") != is_positive("voted"))


_TRUE_SHARE: Final = pl.coalesce("truth", "adjudicated").replace(UNDECIDED, None)
_NONE_WEIGHED: Final = pl.DataFrame(schema={**dict.fromkeys(LABELS.key, pl.String), "weighed": pl.Float64})


class _Code(NamedTuple):
    """As the annotations have it, even where the system is not known."""

    system: str
    code: str


class Consensus(NamedTuple):
    """The `labels` table, and how it was made."""

    labels: pl.DataFrame
    report: ConsensusReport


def consensus_labels(annotations: pl.DataFrame) -> pl.DataFrame:
    """The `labels` table of `annotations`."""
    return consensus_of(annotations).labels


def consensus_of(annotations: pl.DataFrame, records: pl.DataFrame | None = None) -> Consensus:
    """The labels of `annotations`; `records` say which patients are known, for the intervals of the report.

    probability: of the finding, given the votes and each annotator's errors; where votes are counted, the share of yes
    among the readings that decide. Null for a tie, and where nobody could decide.
    agreement: share of the votes that equal the label; null for a tie and with one reading.
    weight: |2 probability - 1|, so 1 where the deciding readings are unanimous and counted, and 0 for a tie.
    """
    readings = last_readings(canonical_readings(annotations)).filter(~_FEEDBACK)
    counted = readings.group_by(LABELS.key).agg(
        truth=pl.col("present").filter(_TRUTH).mean(),
        adjudicated=pl.col("present").filter(_ADJUDICATED).mean(),
        voted=pl.col("present").filter(_VOTE).mean(),
        n_votes=pl.col("present").filter(_VOTE).count(),
        n_readings=pl.col("present").count(),
    )
    weighed, report = _weighed(readings.drop_nulls("present"), counted, records)
    return Consensus(_labels(counted.join(weighed, on=LABELS.key, how="left")), report)


def _labels(counted: pl.DataFrame) -> pl.DataFrame:
    share = pl.coalesce("truth", "adjudicated", "weighed", "voted")
    believed = counted.with_columns(share=share, method=_METHOD)
    labels = believed.with_columns(
        probability=pl.when(pl.col("share") != UNDECIDED).then("share"),
        agreement=pl.when((pl.col("share") != UNDECIDED) & (pl.col("n_readings") > 1)).then(_EQUAL_VOTES),
        weight=(2 * pl.col("share") - 1).abs().fill_null(0),
    )
    return labels.select(*LABELS.columns).cast(LABELS.polars).sort(LABELS.key)


def _weighed(
    readings: pl.DataFrame, counted: pl.DataFrame, records: pl.DataFrame | None
) -> tuple[pl.DataFrame, ConsensusReport]:
    """The weighed votes (key of LABELS, weighed) of the codes that have them, and what was done with each code."""
    patients = patients_of(records) if records is not None else None
    truths = counted.select(*LABELS.key, present=_TRUE_SHARE > UNDECIDED).drop_nulls()
    known = dict(truths.group_by(_CODE))
    frames, codes, annotators = [_NONE_WEIGHED], [], []
    for key, votes in sorted(readings.filter(_VOTE).group_by(_CODE), key=lambda group: str(group[0])):
        code = _Code(*map(str, key))
        of_truth = known.get(key, truths.clear())
        found, n_against = weigh(votes, of_truth, patients), 0
        readers = found.readers if isinstance(found, Weighed) else readers_against(votes, of_truth)
        annotators += [AnnotatorQuality(**_named(code), **reader._asdict(), by=_judge(found)) for reader in readers]
        if isinstance(found, Weighed):
            of_code = found.records.with_columns(code_system=pl.lit(code.system), code=pl.lit(code.code))
            frames.append(of_code.select(*_NONE_WEIGHED.columns))
            n_against = counted.join(of_code, on=LABELS.key).filter(_AGAINST_MAJORITY).height
        codes.append(_code_consensus(code, votes, found, n_against))
    return pl.concat(frames), ConsensusReport(codes=tuple(codes), annotators=tuple(annotators))


def _code_consensus(code: _Code, votes: pl.DataFrame, found: Weighed | Refused, n_against: int) -> CodeConsensus:
    return CodeConsensus(
        **_named(code),
        method=LabelMethod.DAWID_SKENE if isinstance(found, Weighed) else LabelMethod.MAJORITY,
        reason=found.reason if isinstance(found, Refused) else None,
        n_records=votes["record_id"].n_unique(),
        n_annotators=votes["annotator_id"].n_unique(),
        prevalence=found.prevalence if isinstance(found, Weighed) else None,
        n_against_majority=n_against,
    )


def _judge(found: Weighed | Refused) -> LabelMethod:
    return LabelMethod.DAWID_SKENE if isinstance(found, Weighed) else LabelMethod.ADJUDICATED


def _named(code: _Code) -> dict[str, str]:
    return {"code_system": code.system, "code": code.code, "name": code_name(code.system, code.code)}
