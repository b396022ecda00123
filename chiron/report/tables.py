"""The rows of the page's tables, where they are not simply what the run's report lists."""

from dataclasses import dataclass
from itertools import groupby

import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.labels.positive import is_positive
from schemas.agreement import AgreementResult, AgreementStatistic
from schemas.codes import Code, CodeSystem, SplitName, canonical, concept_name
from schemas.gate import CheckResult, CheckStatus, Severity
from schemas.ingested import IngestReport, LabelHop
from schemas.results import RunReport
from schemas.tables import LABELS, RECORDS, SPLITS
from schemas.trained import ArmName, ArmResult, TrainReport

__all__ = [
    "Comparison",
    "LabelRow",
    "arm_order",
    "arms_in_order",
    "auroc_by_size",
    "best_result",
    "checks_by_urgency",
    "compared_readings",
    "label_rows",
    "real_sizes",
]


@dataclass(frozen=True)
class LabelRow:
    """One finding. `hops`: readings that found it, at each hop of ingest; `splits`: records whose label says so."""

    name: str
    code: str
    hops: dict[LabelHop, int]
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


def arm_order(training: TrainReport) -> list[ArmName]:
    """The arms in the order of the report: an arm's place is its colour and marker in every plot."""
    return list(dict.fromkeys(arm.arm for arm in training.arms))


def arms_in_order(training: TrainReport) -> list[ArmResult]:
    """The results by number of real records, then in the order of the arms."""
    order = arm_order(training)
    return sorted(training.arms, key=lambda a: (a.n_real, order.index(a.arm)))


def best_result(training: TrainReport) -> ArmResult | None:
    """The result with the highest AUROC; none where none could be computed."""
    known = [a for a in training.arms if a.auroc.value is not None]
    return max(known, key=lambda a: a.auroc.value or 0.0, default=None)


def auroc_by_size(training: TrainReport) -> dict[ArmName, list[ArmResult | None]]:
    """For each arm its result at every number of real records, smallest first; none where it was not trained."""
    found = {(a.arm, a.n_real): a for a in training.arms}
    return {arm: [found.get((arm, n)) for n in real_sizes(training)] for arm in arm_order(training)}


def real_sizes(training: TrainReport) -> dict[int, int]:
    """The numbers of real training records that were tried, smallest first, each with how many are positive."""
    return dict(sorted((a.n_real, a.n_real_positive) for a in training.arms))


def checks_by_urgency(report: RunReport) -> tuple[list[CheckResult], list[CheckResult]]:
    """What needs attention, blocking checks first; and what passed."""
    passed = [c for c in report.gate.checks if c.status is CheckStatus.PASSED]
    others = [c for c in report.gate.checks if c.status is not CheckStatus.PASSED]
    return sorted(others, key=lambda c: (c.severity is not Severity.BLOCKING, c.name)), passed


def compared_readings(results: tuple[AgreementResult, ...]) -> list[Comparison]:
    """The agreements, one table per kind of comparison."""
    keyed = sorted(results, key=lambda r: [(x.kind, x.compared) for x in results].index((r.kind, r.compared)))
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


def label_rows(ingest: IngestReport, validated: Dataset) -> list[LabelRow]:
    """The findings of the validated dataset, the most frequent first."""
    labels = _with_splits(validated)
    codes = [Code(CodeSystem(system), code) for system, code in labels.select("code_system", "code").unique().rows()]
    rows = [_row(ingest, labels, code) for code in codes]
    return sorted(rows, key=lambda row: (-row.n_kept, row.name))


def _with_splits(validated: Dataset) -> pl.DataFrame:
    """The labels, each with its patient's split."""
    patients = validated.scan(RECORDS).select("record_id", "patient_id")
    splits = validated.scan(SPLITS).select("patient_id", "split")
    return validated.scan(LABELS).join(patients, on="record_id").join(splits, on="patient_id").collect()


def _row(ingest: IngestReport, labels: pl.DataFrame, code: Code) -> LabelRow:
    own = labels.filter((pl.col("code_system") == code.system.value) & (pl.col("code") == code.code))
    present = own.filter(is_positive())
    return LabelRow(
        name=concept_name(code),
        code=str(code),
        hops=_hops(ingest, code),
        splits={split.value: present.filter(pl.col("split") == split.value).height for split in SplitName},
        n_undecided=own["probability"].null_count(),
    )


def _hops(ingest: IngestReport, code: Code) -> dict[LabelHop, int]:
    """Counts of ingest under this code, in whatever code system the source wrote them."""
    counts = {count.hop: 0 for count in ingest.label_counts}
    for count in ingest.label_counts:
        if canonical(Code(CodeSystem(count.code_system), count.code)) == code:
            counts[count.hop] += count.n
    return counts
