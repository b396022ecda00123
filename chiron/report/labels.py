"""The rows of the page's section on labels: what became of them, how readers agree, and how well each reads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.labels.positive import is_positive
from chiron.labels.readings import code_name
from schemas.agreement import OVERALL, AgreementKind, AgreementResult, AgreementStatistic
from schemas.codes import Code, CodeSystem, SplitName, canonical
from schemas.consensus import AnnotatorQuality
from schemas.drift import DriftFinding, DriftVerdict
from schemas.tables import LABELS, RECORDS, SPLITS
from schemas.vanishing import Hop, LabelStep

__all__ = [
    "AnnotatorRow",
    "Comparison",
    "LabelRow",
    "annotator_rows",
    "compared_readings",
    "drifts_by_verdict",
    "label_rows",
    "pairs_by_agreement",
]


@dataclass(frozen=True)
class LabelRow:
    """One finding. `hops`: how many at each hop that was counted; `splits`: records whose label says that it is there.

    left_out: how many are no label of their own, or not loaded, by why. n_vanished: those without a reason.
    """

    name: str
    code: str
    hops: dict[Hop, int]
    left_out: dict[str, int]
    n_vanished: int
    splits: dict[str, int]
    n_undecided: int

    @property
    def n_kept(self) -> int:
        """Records that carry the finding in any split."""
        return sum(self.splits.values())


@dataclass(frozen=True)
class Comparison:
    """Readings that were compared: `rows` holds, for each finding, the results in the order of `statistics`."""

    title: str
    note: str
    statistics: tuple[AgreementStatistic, ...]
    rows: dict[str, tuple[AgreementResult, ...]]


@dataclass(frozen=True)
class AnnotatorRow:
    """One annotator over all codes; none where it could not be estimated of any."""

    annotator: str
    n_readings: int
    sensitivity: float | None  # the median over codes
    specificity: float | None
    least_sensitive: AnnotatorQuality | None
    least_specific: AnnotatorQuality | None
    codes: tuple[AnnotatorQuality, ...]


def label_rows(steps: Sequence[LabelStep], validated: Dataset) -> list[LabelRow]:
    """The findings of the validated dataset and those that were lost on the way, the most frequent first."""
    labels = _counted_labels(validated)
    by_code: dict[tuple[str, str], list[LabelStep]] = {code: [] for code in labels}
    for step in steps:
        by_code.setdefault(_shared_code(step.code_system, step.code), []).append(step)
    rows = [_row(code, own, labels.get(code, {})) for code, own in by_code.items()]
    return sorted(rows, key=lambda row: (-row.n_kept, -max(row.hops.values(), default=0), row.name))


def _shared_code(system: str, code: str) -> tuple[str, str]:
    """Steps of ingest are counted in the source's own code."""
    known = {each.value for each in CodeSystem}
    shared = canonical(Code(CodeSystem(system), code)) if system in known else None
    return (shared.system.value, shared.code) if shared else (system, code)


def _counted_labels(validated: Dataset) -> dict[tuple[str, str], dict[str, int]]:
    """For each code the records that carry the finding, by split, and those that are undecided."""
    patients = validated.scan(RECORDS).select("record_id", "patient_id")
    placed = validated.scan(LABELS).join(patients, on="record_id").join(validated.scan(SPLITS), on="patient_id")
    in_splits = {s.value: (is_positive() & (pl.col("split") == s.value)).sum() for s in SplitName}
    counted = placed.group_by("code_system", "code").agg(**in_splits, undecided=pl.col("probability").null_count())
    return {(row.pop("code_system"), row.pop("code")): row for row in counted.collect().iter_rows(named=True)}


def _row(code: tuple[str, str], steps: Sequence[LabelStep], counts: dict[str, int]) -> LabelRow:
    hops: dict[Hop, int] = {}
    left_out: dict[str, int] = {}
    for hop, own in groupby(sorted(steps, key=lambda s: list(Hop).index(s.hop)), key=lambda s: s.hop):
        of_hop = list(own)
        hops.setdefault(of_hop[0].before, sum(s.n_before for s in of_hop))
        hops[hop] = sum(s.n_after for s in of_hop)
        for reason, n in (item for s in of_hop for item in s.reasons.items()):
            left_out[reason] = left_out.get(reason, 0) + n
    return LabelRow(
        name=code_name(*code),
        code=":".join(code),
        hops=hops,
        left_out=dict(sorted(left_out.items())),
        n_vanished=sum(s.n_vanished for s in steps),
        splits={split.value: counts.get(split.value, 0) for split in SplitName},
        n_undecided=counts.get("undecided", 0),
    )


def compared_readings(results: Iterable[AgreementResult]) -> list[Comparison]:
    """The agreements of all readers together and of rounds, one table per comparison; refused ones are left out."""
    shown = [r for r in results if r.kind is not AgreementKind.BETWEEN_TWO and r.refused is None]
    order = list(dict.fromkeys((r.kind, r.compared) for r in shown))
    keyed = sorted(shown, key=lambda r: order.index((r.kind, r.compared)))
    return [_comparison(list(members)) for _, members in groupby(keyed, key=lambda r: (r.kind, r.compared))]


def _comparison(results: list[AgreementResult]) -> Comparison:
    first = results[0]
    subjects = dict.fromkeys(r.subject for r in results)
    return Comparison(
        title=", ".join(part for part in (first.kind, first.compared) if part),
        note=first.note,
        statistics=tuple(dict.fromkeys(r.statistic for r in results)),
        rows={subject: tuple(r for r in results if r.subject == subject) for subject in subjects},
    )


def pairs_by_agreement(results: Iterable[AgreementResult]) -> list[AgreementResult]:
    """The kappas of two annotators each, over all codes, the lowest first; those that are not known come last."""
    pairs = [
        r for r in results if r.kind is AgreementKind.BETWEEN_TWO and r.subject == OVERALL and r.statistic.is_kappa
    ]
    return sorted(pairs, key=lambda r: (r.estimate.value is None, r.estimate.value or 0.0, r.compared))


def drifts_by_verdict(findings: Iterable[DriftFinding]) -> list[DriftFinding]:
    """As they come, but those that nothing can be told of last."""
    return sorted(findings, key=lambda f: f.verdict is DriftVerdict.CANNOT_TELL)


def annotator_rows(qualities: Iterable[AnnotatorQuality]) -> list[AnnotatorRow]:
    """One row per annotator, in the order of their names."""
    ordered = sorted(qualities, key=lambda q: q.annotator)
    return [_annotator(name, tuple(own)) for name, own in groupby(ordered, key=lambda q: q.annotator)]


def _annotator(name: str, codes: tuple[AnnotatorQuality, ...]) -> AnnotatorRow:
    sensitive = [q for q in codes if q.sensitivity.value is not None]
    specific = [q for q in codes if q.specificity.value is not None]
    return AnnotatorRow(
        annotator=name,
        n_readings=sum(q.n_readings for q in codes),
        sensitivity=_median(q.sensitivity.value for q in sensitive),
        specificity=_median(q.specificity.value for q in specific),
        least_sensitive=min(sensitive, key=lambda q: q.sensitivity.value or 0.0, default=None),
        least_specific=min(specific, key=lambda q: q.specificity.value or 0.0, default=None),
        codes=codes,
    )


def _median(values: Iterator[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return median(known) if known else None
