"""The stage `validate`: from an ingested dataset to one with labels, splits, and a verdict on both.

A closed gate is no error here: `gate.json` says so, and whoever runs the stage decides.
"""

from pathlib import Path
from typing import Final

import polars as pl

from chiron.datasets.arranging import copy_signals, split_by_split
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.disk import folder_bytes, require_room
from chiron.datasets.duplicates import Contents, contents_of
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.notice import write_notice
from chiron.datasets.signals import SIGNALS, link_signals
from chiron.datasets.splits import assign_splits
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import link_table, write_table
from chiron.errors import Damaged
from chiron.labels.consensus import consensus_of
from chiron.progress import report_progress
from chiron.quality.evidence import Tables, findings_of, put_together
from chiron.quality.expectations import run_checkpoint
from chiron.quality.heart_rates import heart_rates
from chiron.quality.quality_report import quality_report
from chiron.quality.signals import signal_quality
from chiron.quality.split_report import split_report
from chiron.quality.suites import SUITES, bound, load_suite, named_values
from chiron.quality.suspects import suspect_labels
from chiron.quality.views import Evidence, views_of
from schemas.gate import FAILING, GateReport
from schemas.ingested import IngestReport
from schemas.manifest import DatasetRef, Kind, ParentEntry
from schemas.params import GateParams, ValidateParams
from schemas.quality import RECORDINGS
from schemas.results import StageOutcome
from schemas.splits import SplitReport
from schemas.tables import ANNOTATIONS, FACTS, LABELS, QUARANTINE, RECORDS, SPLITS, TABLES, TableSpec

__all__ = ["VALIDATE", "check_evidence", "validate_dataset"]

VALIDATE: Final = Stage("validate", 5, Kind.VALIDATED)


def validate_dataset(workdir: Path, params: ValidateParams, dataset: DatasetRef) -> StageOutcome:
    """Make the validated dataset of `dataset`: its tables and signals, `labels`, `splits`, reports.

    The reports: gate (GateReport) with failing.parquet (FAILING), consensus, splits, agreement, drift, vanishing,
    passport, myth; where there are recordings also quality with recordings.parquet (RECORDINGS), and suspects.
    Raises NotFound where `dataset` is not there, Damaged where it has other content than its reference says, or no
    report of its ingest.
    """
    parent = open_dataset(dataset)
    outcome = run_stage(workdir, VALIDATE, _draft(parent, params), lambda folder: _build(folder, parent, params))
    return outcome.model_copy(update={"summary": _summary(open_dataset(outcome.ref))})


def check_evidence(evidence: Evidence, gate: GateParams) -> tuple[GateReport, pl.DataFrame]:
    """Run every declared suite that applies. Returns also the table `FAILING`, the records that fail a check."""
    values, views = named_values(gate), views_of(evidence)
    tables = [table for table in SUITES if table in views]
    checks, failing = [], [FAILING.empty()]
    for done, table in enumerate(tables, start=1):
        checked = run_checkpoint(table, views[table], list(bound(load_suite(table), values)))
        checks += checked.results
        failing.append(checked.failing)
        report_progress("tables checked", done, len(tables))
    return GateReport(checks=tuple(checks)), pl.concat(failing)


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
    consensus = consensus_of(annotations, records)
    contents = contents_of(parent) if parent.manifest.signals else None
    evidence = _evidence(parent, records, annotations, consensus.labels, params, contents)
    made = {LABELS.name: evidence.labels, SPLITS.name: evidence.splits}
    if parent.manifest.signals:
        made |= _arranged_signals(folder, parent, evidence)
    _write_tables(folder, parent, made)
    write_notice(folder, simulated=parent.manifest.simulated, licence=parent.manifest.licence)
    gate, failing = check_evidence(evidence, params.gate)
    of_splits = split_report(records, evidence.labels, evidence.splits, params.splits, contents)
    for report in (gate, consensus.report, of_splits, *findings_of(evidence)):
        write_report(folder, report)
    write_table(folder, FAILING, failing)
    if evidence.signals is not None and evidence.recordings is not None:
        write_report(folder, quality_report(evidence.signals, evidence.recordings))
        write_table(folder, RECORDINGS, evidence.recordings)
        if params.suspects:
            write_report(folder, suspect_labels(parent, evidence.labels, evidence.recordings))


def _evidence(  # noqa: PLR0913, PLR0917 - one step of _build, taken out to be read on its own
    parent: Dataset,
    records: pl.DataFrame,
    annotations: pl.DataFrame,
    labels: pl.DataFrame,
    params: ValidateParams,
    contents: Contents | None,
) -> Evidence:
    """Everything that the gate looks at."""
    has_signals = parent.manifest.signals is not None
    tables = Tables(
        records=records,
        annotations=annotations,
        labels=labels,
        splits=assign_splits(records, params.splits, contents.table if contents else None),
        facts=_table(parent, FACTS),
        quarantine=_table(parent, QUARANTINE),
        signals=signal_quality(parent) if has_signals else None,
        heart_rates=heart_rates(parent) if has_signals else None,
    )
    ingest = parent.report(IngestReport) if parent.manifest.kind is Kind.INGESTED else None
    return put_together(tables, n_wanted=params.gate.min_records_per_stratum, ingest=ingest)


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
    """Links to the parent's tables, and the tables made here."""
    for spec in TABLES.values():
        if spec.name in made:
            write_table(folder, spec, made[spec.name])
        elif parent.has(spec):
            link_table(parent.folder, folder, spec)


def _arranged_signals(folder: Path, parent: Dataset, evidence: Evidence) -> dict[str, pl.DataFrame]:
    """Write the signals split by split. Returns `records`, which say where; none where the parent's order will do."""
    arranged = split_by_split(evidence.records, evidence.splits)
    if arranged["sample_offset"].is_sorted():
        link_signals(parent.folder, folder)
        return {}
    require_room(folder, folder_bytes(parent.folder / SIGNALS))
    offsets = copy_signals(parent, folder, arranged.iter_rows(named=True), arranged.height)
    records = evidence.records.drop("sample_offset").join(offsets, on="record_id", how="left")
    return {RECORDS.name: records}


def _summary(validated: Dataset) -> str:
    gate = validated.report(GateReport)
    labels = validated.table(LABELS)
    n_decided = labels["probability"].count()
    state = f"gate closed by {len(gate.blocking)} checks" if gate.blocked else "gate open"
    splits = validated.report(SplitReport)
    copies = f"{splits.duplicates.n_copies} near-duplicates kept together" if splits.duplicates.n_copies else ""
    level = splits.level if splits.unit == "record" else ""
    said = (f"{n_decided} of {labels.height} labels decided", f"{len(gate.checks)} checks", state, copies, level)
    return ", ".join(part for part in said if part)
