"""One line per finished stage, with the counts that matter."""

from collections.abc import Callable
from typing import Final

from chiron.datasets.dataset import Dataset, open_dataset
from schemas.codes import Code, CodeSystem, concept_name
from schemas.results import GateReport, IngestReport, Passport, Release, StageOutcome, TrainReport
from schemas.tables import LABELS, RECORDS

__all__ = ["release_line", "stage_line", "with_summary"]


def with_summary(outcome: StageOutcome) -> StageOutcome:
    """The outcome with its counts in words."""
    summary = _SUMMARIES[outcome.stage](open_dataset(outcome.ref))
    return outcome.model_copy(update={"summary": summary})


def stage_line(outcome: StageOutcome) -> str:
    """A stage on one line: name, counts, content hash."""
    before = " (done before)" if outcome.reused else ""
    return f"{outcome.stage}: {outcome.summary} [{outcome.ref.content_sha256[:12]}]{before}"


def release_line(release: Release) -> str:
    """A release on one line."""
    before = "" if release.new else " (released before)"
    return f"release: {release.tag} [{release.content_sha256[:12]}]{before}"


def _ingest(dataset: Dataset) -> str:
    report = dataset.report("ingest_report", IngestReport)
    reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(report.quarantined.items()))
    refused = f"{sum(report.quarantined.values()):,} quarantined" + (f" ({reasons})" if reasons else "")
    return (
        f"{report.n_inputs:,} inputs, {report.n_ingested:,} records ingested, {refused}, "
        f"{len(report.duplicates)} groups of duplicate signals"
    )


def _validate(dataset: Dataset) -> str:
    gate, passport = dataset.report("gate", GateReport), dataset.report("passport", Passport)
    n_labels = dataset.table(LABELS)["probability"].count()
    state = "closed" if gate.blocked else "open"
    return f"gate {state} ({len(gate.checks)} checks), {n_labels:,} labels, {len(passport.holes)} holes"


def _synthesize(dataset: Dataset) -> str:
    return f"{dataset.manifest.tables[RECORDS.name].n_rows:,} synthetic records"


def _train(dataset: Dataset) -> str:
    report = dataset.report("train_report", TrainReport)
    best = next(a for a in report.arms if a.arm == report.best_arm)
    name = concept_name(Code(CodeSystem(report.target_system), report.target_code))
    return (
        f"{len(report.arms)} arms for {name} on {report.n_test} test {report.unit}s, "
        f"best {best.arm} at {best.n_real} real: AUROC {best.auroc.value:.3f}"
    )


_SUMMARIES: Final[dict[str, Callable[[Dataset], str]]] = {
    "ingest": _ingest,
    "validate": _validate,
    "synthesize": _synthesize,
    "train": _train,
}
