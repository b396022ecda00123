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

from chiron.datasets.arranging import copy_signals
from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.dataset import Dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.notice import write_notice
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import scan_table, tables_in, write_table
from chiron.errors import BadParameters
from chiron.quality.evidence import Tables, findings_of, put_together
from chiron.quality.heart_rates import heart_rates
from chiron.quality.quality_report import quality_report
from chiron.quality.signals import signal_quality
from chiron.quality.validate import check_evidence
from chiron.quality.views import Evidence
from schemas.gate import FAILING
from schemas.manifest import Kind, ParentEntry
from schemas.params import ValidateParams
from schemas.quality import RECORDINGS
from schemas.results import StageOutcome
from schemas.tables import ANNOTATIONS, FACTS, LABELS, QUARANTINE, RECORDS, SPLITS, TableSpec

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
    for report in (gate, *findings_of(evidence)):
        write_report(folder, report)
    write_table(folder, FAILING, failing)
    if evidence.signals is not None and evidence.recordings is not None:
        write_report(folder, quality_report(evidence.signals, evidence.recordings))
        write_table(folder, RECORDINGS, evidence.recordings)


def _with_signals(folder: Path, left: _Left) -> pl.DataFrame:
    """Write the samples of those who stay, one record after the other; their rows, with where they lie now."""
    if left.dataset.manifest.signals is None:
        return left.records
    recorded = left.records.filter(pl.col("n_samples") > 0).sort("sample_offset")
    offsets = copy_signals(left.dataset, folder, recorded.iter_rows(named=True), recorded.height)
    placed = left.records.join(offsets, on="record_id", how="left", suffix="_now", maintain_order="left")
    return placed.with_columns(sample_offset=pl.coalesce("sample_offset_now", "sample_offset")).drop(
        "sample_offset_now"
    )


def _evidence(folder: Path, left: _Left) -> Evidence:
    """Everything that the gate looks at. What is measured in a recording is the same wherever its samples lie."""
    dataset = left.dataset
    has_signals = dataset.manifest.signals is not None
    tables = Tables(
        records=scan_table(folder, RECORDS).collect(),
        annotations=left.table(ANNOTATIONS),
        labels=left.table(LABELS),
        splits=left.table(SPLITS),
        facts=left.table(FACTS),
        quarantine=left.table(QUARANTINE),
        signals=_without(signal_quality(dataset).lazy(), left.gone).collect() if has_signals else None,
        heart_rates=_without(heart_rates(dataset).lazy(), left.gone).collect() if has_signals else None,
    )
    return put_together(tables, n_wanted=_parameters(dataset).gate.min_records_per_stratum, ingest=None)


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
