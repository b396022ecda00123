"""The stage `withdraw`: a validated dataset without some of its records, because somebody withdrew.

What is left stays as it was: rows, labels, weights, splits and samples of all others are the very ones that models saw,
and the array holds no sample of anybody else. Results are counted again from what is left (gate, agreement, drift,
vanishing, passport, myth, quality); those that need what is not in a released dataset are left out, and not carried
over from a time when they counted the one who withdrew: `ConsensusReport`, `SuspectReport`.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl
from pydantic import JsonValue, ValidationError

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.dataset import Dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.notice import write_notice
from chiron.datasets.signals import SignalWriter
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import scan_table, tables_in, write_table
from chiron.errors import BadParameters
from chiron.labels.agreement import agreement_of
from chiron.labels.drift import drift_of
from chiron.quality.heart_rates import heart_rates
from chiron.quality.missingness import passport_of
from chiron.quality.myth import myth_of
from chiron.quality.quality_report import quality_report
from chiron.quality.signals import record_quality, signal_quality
from chiron.quality.validate import check_evidence
from chiron.quality.vanishing import label_steps
from chiron.quality.views import Evidence
from schemas.agreement import AgreementReport
from schemas.gate import FAILING
from schemas.manifest import Kind, ParentEntry
from schemas.params import ValidateParams
from schemas.quality import RECORDINGS
from schemas.results import StageOutcome
from schemas.tables import ANNOTATIONS, FACTS, LABELS, QUARANTINE, RECORDS, SPLITS, TableSpec
from schemas.vanishing import VanishingReport

__all__ = ["dataset_without"]

_STAGE: Final = Stage("withdraw", 1, Kind.VALIDATED)


class _Left(NamedTuple):
    """What is left of a dataset."""

    dataset: Dataset
    records: pl.DataFrame  # as in the dataset: where samples lie in its array
    gone: frozenset[str]  # ids of records

    def table(self, spec: TableSpec) -> pl.DataFrame:
        """The rows of those who stay; none where there is no such table."""
        if not self.dataset.has(spec):
            return spec.empty()
        frame = self.dataset.scan(spec)
        if spec.name == SPLITS.name:
            return _renamed_groups(frame.collect(), set(self.records["patient_id"]))
        return _without(frame, self.gone).collect()


def dataset_without(workdir: Path, dataset: Dataset, gone: Collection[str]) -> StageOutcome:
    """The validated dataset without the records of these ids, and without patients who have no record left.

    Its parent is `dataset`; its parameters are those of `dataset`, with how many records and patients are gone. Raises
    BadParameters for a cohort, which has no patients, and where nothing would be left.
    """
    manifest = dataset.manifest
    if manifest.kind is not Kind.VALIDATED:
        raise BadParameters(f"withdrawal from {manifest.name}: expected a validated dataset, found a {manifest.kind}")
    records = dataset.table(RECORDS)
    stay = records.filter(~pl.col("record_id").is_in(list(gone)))
    if stay.is_empty():
        raise BadParameters(f"withdrawal from {manifest.name}: expected records that stay, found none")
    counts: dict[str, JsonValue] = {
        "n_records": records.height - stay.height,
        "n_patients": records["patient_id"].n_unique() - stay["patient_id"].n_unique(),
        # of what stays, so that two withdrawals from one dataset are not taken for the same
        "records_left_sha256": sha256_hex(canonical_json(sorted(stay["record_id"]))),
    }
    draft = Draft(
        name=manifest.name,
        simulated=manifest.simulated,
        licence=manifest.licence,
        parents=(ParentEntry(kind=manifest.kind, name=manifest.name, content_sha256=manifest.content_sha256),),
        parameters={**manifest.parameters, "withdrawn": counts},
        pseudonym_key_fingerprint=manifest.pseudonym_key_fingerprint,
    )
    left = _Left(dataset, stay, frozenset(gone))
    outcome = run_stage(workdir, _STAGE, draft, lambda folder: _build(folder, left))
    return outcome.model_copy(update={"summary": f"{stay.height:,} of {records.height:,} records stay"})


def _build(folder: Path, left: _Left) -> None:
    """Fill the new dataset's folder."""
    dataset = left.dataset
    for spec in tables_in(dataset.folder):
        write_table(folder, spec, _with_signals(folder, left) if spec.name == RECORDS.name else left.table(spec))
    write_notice(folder, simulated=dataset.manifest.simulated, licence=dataset.manifest.licence)
    params, evidence = _parameters(dataset), _evidence(folder, left)
    gate, failing = check_evidence(evidence, params.gate)
    for report in (
        gate,
        AgreementReport(results=tuple(evidence.agreement)),
        evidence.passport,
        VanishingReport(steps=tuple(evidence.steps)),
        drift_of(evidence.records, evidence.annotations, evidence.labels),
        myth_of(evidence.records, evidence.annotations, evidence.labels),
    ):
        write_report(folder, report)
    write_table(folder, FAILING, failing)
    if evidence.signals is not None and evidence.recordings is not None:
        write_report(folder, quality_report(evidence.signals, evidence.recordings))
        write_table(folder, RECORDINGS, evidence.recordings)


def _with_signals(folder: Path, left: _Left) -> pl.DataFrame:
    """Write the samples of those who stay, one record after the other; their rows, with where they lie now."""
    manifest = left.dataset.manifest
    if manifest.signals is None:
        return left.records
    recorded = left.records.filter(pl.col("n_samples") > 0).sort("sample_offset")
    offsets: dict[str, int] = {}
    with SignalWriter(folder, dtype=manifest.signals.dtype) as writer:
        for row in recorded.iter_rows(named=True):
            offsets[row["record_id"]] = writer.append(left.dataset.signal(row))
    places = pl.DataFrame({"record_id": list(offsets), "_at": list(offsets.values())}, schema_overrides=_PLACES)
    placed = left.records.join(places, on="record_id", how="left", maintain_order="left")
    return placed.with_columns(sample_offset=pl.coalesce("_at", "sample_offset")).drop("_at")


_PLACES: Final = {"record_id": pl.String(), "_at": pl.Int64()}


def _evidence(folder: Path, left: _Left) -> Evidence:
    """Everything that the gate looks at. What is measured in a recording is the same wherever its samples lie."""
    dataset = left.dataset
    records, annotations = scan_table(folder, RECORDS).collect(), left.table(ANNOTATIONS)
    labels, splits = left.table(LABELS), left.table(SPLITS)
    has_signals = dataset.manifest.signals is not None
    signals = _without(signal_quality(dataset).lazy(), left.gone).collect() if has_signals else None
    recordings = record_quality(signals) if signals is not None else None
    passport = passport_of(
        records,
        labels,
        n_wanted=_parameters(dataset).gate.min_records_per_stratum,
        annotations=annotations,
        facts=left.table(FACTS),
        heart_rates=_without(heart_rates(dataset).lazy(), left.gone).collect() if has_signals else None,
        signal_quality=recordings,
        splits=splits,
    )
    return Evidence(
        records=records,
        annotations=annotations,
        labels=labels,
        splits=splits,
        quarantine=left.table(QUARANTINE),
        agreement=agreement_of(annotations, records),
        passport=passport,
        steps=label_steps(None, annotations, labels),
        signals=signals,
        recordings=recordings,
        ingest=None,
    )


def _without(frame: pl.LazyFrame, gone: Collection[str]) -> pl.LazyFrame:
    """The rows of other records; all of a table that is not about records."""
    if "record_id" not in frame.collect_schema():
        return frame
    return frame.filter(~pl.col("record_id").is_in(list(gone)))


def _renamed_groups(splits: pl.DataFrame, patients: Collection[str]) -> pl.DataFrame:
    """The splits of those who stay; a group may be called by one who is gone, and gets the name of one who stays."""
    member = pl.col("patient_id").is_in(list(patients))
    complete = member.all().over("group_id")
    named = pl.when(complete).then("group_id").otherwise(pl.col("patient_id").filter(member).min().over("group_id"))
    return splits.with_columns(group_id=named).filter(member)


def _parameters(dataset: Dataset) -> ValidateParams:
    """Those with which the dataset was validated; the usual ones where its manifest says none that hold today."""
    fields: dict[str, Any] = {
        name: value for name, value in dataset.manifest.parameters.items() if name in ValidateParams.model_fields
    }
    try:
        return ValidateParams.model_validate(fields)
    except ValidationError:
        return ValidateParams()
