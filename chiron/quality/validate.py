"""The stage `validate`: from an ingested dataset to one with labels, splits, and a verdict on both.

A closed gate is no error here: `gate.json` says so, and whoever runs the stage decides.
"""

from pathlib import Path
from typing import Final

import polars as pl

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import link_signals
from chiron.datasets.splits import assign_splits
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import link_table, write_table
from chiron.errors import Damaged
from chiron.labels.agreement import agreement_of
from chiron.labels.consensus import consensus_labels
from chiron.progress import report_progress
from chiron.quality.expectations import run_checkpoint
from chiron.quality.missingness import passport_of
from chiron.quality.signals import signal_quality
from chiron.quality.suites import SUITES, bound, load_suite, named_values
from chiron.quality.views import Evidence, views_of
from schemas.agreement import AgreementReport
from schemas.gate import GateReport
from schemas.ingested import IngestReport
from schemas.manifest import DatasetRef, Kind, ParentEntry
from schemas.params import GateParams, ValidateParams
from schemas.results import StageOutcome
from schemas.tables import ANNOTATIONS, LABELS, QUARANTINE, RECORDS, SPLITS, TABLES, TableSpec

__all__ = ["VALIDATE", "check_evidence", "validate_dataset"]

VALIDATE: Final = Stage("validate", 2, Kind.VALIDATED)


def validate_dataset(workdir: Path, params: ValidateParams, dataset: DatasetRef) -> StageOutcome:
    """Make the validated dataset of `dataset`: its tables and signals, `labels`, `splits`, and three reports.

    The reports: agreement.json (AgreementReport), gate.json (GateReport), passport.json (Passport).
    Raises NotFound where `dataset` is not there, Damaged where it has other content than its reference says, or no
    report of its ingest.
    """
    parent = open_dataset(dataset)
    outcome = run_stage(workdir, VALIDATE, _draft(parent, params), lambda folder: _build(folder, parent, params))
    return outcome.model_copy(update={"summary": _summary(open_dataset(outcome.ref))})


def check_evidence(evidence: Evidence, gate: GateParams) -> GateReport:
    """Run every declared suite that applies."""
    values, views = named_values(gate), views_of(evidence)
    tables = [table for table in SUITES if table in views]
    checks = []
    for done, table in enumerate(tables, start=1):
        checks += run_checkpoint(table, views[table], list(bound(load_suite(table), values)))
        report_progress("tables checked", done, len(tables))
    return GateReport(checks=tuple(checks))


def _draft(parent: Dataset, params: ValidateParams) -> Draft:
    """The parent's report decides too, but is no part of its content hash: its own hash is among the parameters."""
    made_from = parent.manifest
    return Draft(
        name=made_from.name,
        simulated=made_from.simulated,
        licence=made_from.licence,
        parents=(ParentEntry(kind=made_from.kind, name=made_from.name, content_sha256=made_from.content_sha256),),
        parameters={**params.model_dump(mode="json"), "ingest_report_sha256": _ingest_report_sha256(parent)},
        pseudonym_key_fingerprint=made_from.pseudonym_key_fingerprint,
    )


def _build(folder: Path, parent: Dataset, params: ValidateParams) -> None:
    """Fill the new dataset's folder."""
    records, annotations = _table(parent, RECORDS), _table(parent, ANNOTATIONS)
    labels, splits = consensus_labels(annotations), assign_splits(records, params.splits)
    evidence = Evidence(
        records=records,
        annotations=annotations,
        labels=labels,
        splits=splits,
        quarantine=_table(parent, QUARANTINE),
        agreement=agreement_of(annotations),
        signals=signal_quality(parent) if parent.manifest.signals else None,
        ingest=parent.report(IngestReport) if parent.manifest.kind is Kind.INGESTED else None,
    )
    _write_tables(folder, parent, {LABELS.name: labels, SPLITS.name: splits})
    write_report(folder, AgreementReport(results=tuple(evidence.agreement)))
    write_report(folder, passport_of(records, labels, n_wanted=params.gate.min_records_per_stratum))
    write_report(folder, check_evidence(evidence, params.gate))


def _table(parent: Dataset, spec: TableSpec) -> pl.DataFrame:
    """A table of the parent; without rows where the parent has none."""
    return parent.table(spec) if parent.has(spec) else spec.empty()


def _ingest_report_sha256(parent: Dataset) -> str | None:
    """Of the report of an ingested dataset; none for one of another kind. Raises Damaged where it should be there."""
    if parent.manifest.kind is not Kind.INGESTED:
        return None
    name = IngestReport.file_name
    if name not in parent.manifest.files or not (parent.folder / name).is_file():
        raise Damaged(f"dataset {parent.folder}: expected {name}, found none; ingest it again")
    return parent.manifest.files[name].sha256


def _write_tables(folder: Path, parent: Dataset, made: dict[str, pl.DataFrame]) -> None:
    """Links to the parent's tables and signals, and the tables made here."""
    for spec in TABLES.values():
        if spec.name in made:
            write_table(folder, spec, made[spec.name])
        elif parent.has(spec):
            link_table(parent.folder, folder, spec)
    if parent.manifest.signals:
        link_signals(parent.folder, folder)


def _summary(validated: Dataset) -> str:
    gate = validated.report(GateReport)
    labels = validated.table(LABELS)
    n_decided = labels["probability"].count()
    state = f"gate closed by {len(gate.blocking)} checks" if gate.blocked else "gate open"
    return f"{n_decided} of {labels.height} labels decided, {len(gate.checks)} checks, {state}"
