"""Ingest: a landing folder or an `s3://` prefix becomes a dataset of records, signals and annotations.

One bad file never stops it and is never lost: see `chiron.records.quarantine`. Zero labels are no fault here; the gate
of `validate` closes on that.
"""

from collections import Counter
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import polars as pl

from chiron.datasets.dataset import open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalDtype, SignalWriter
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from chiron.datasets.workdir import check_workdir
from chiron.errors import InputRefused
from chiron.progress import report_progress
from chiron.records.clinical import read_comments
from chiron.records.inputs import Inputs, RecordInput, find_inputs
from chiron.records.label_files import Readings, RecordNames, find_label_files, read_label_files
from chiron.records.landing import Landing, list_landing
from chiron.records.landing_s3 import fetch_landing, is_s3
from chiron.records.pseudonyms import Pseudonyms, pseudonyms_for
from chiron.records.quarantine import Refusal, keep_refused, quarantine_table
from chiron.records.rows import record_row
from chiron.records.sources import choose_profile
from chiron.records.wfdb_files import read_signal
from schemas.ingested import DuplicateGroup, IngestReport
from schemas.manifest import Kind, ParentEntry
from schemas.params import IngestParams
from schemas.profiles import SourceProfile
from schemas.results import StageOutcome
from schemas.tables import ANNOTATIONS, QUARANTINE, RECORDS

__all__ = ["ingest_source"]

_STAGE: Final = Stage("ingest", 2, Kind.INGESTED)


@dataclass(frozen=True)
class _Source:
    """A landing folder with what is known about it."""

    landing: Landing
    profile: SourceProfile
    pseudonyms: Pseudonyms

    @property
    def content_sha256(self) -> str:
        """The landing folder's identity, as it may be released."""
        return self.pseudonyms.digest(self.landing.content_sha256)


@dataclass
class _Stored:
    """What became of the records: rows of the table, stem -> record id, and what was refused on the way."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    id_of_stem: dict[str, str] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    unreadable_values: Counter[str] = field(default_factory=Counter)


def ingest_source(workdir: Path, params: IngestParams) -> StageOutcome:
    """Ingest a source; a source with the same names and bytes, ingested before, is not read again.

    Raises NotFound where there is no such source, EmptySource where it holds no record (nothing is written then),
    ServiceUnavailable where S3 can't be reached, BadParameters for an unknown profile or a bad key.
    """
    check_workdir(workdir)
    if not is_s3(params.source):  # so that quarantine knows the source from wherever it is asked
        params = params.model_copy(update={"source": str(Path(params.source).expanduser().absolute())})
    source = _locate(workdir, params)
    draft = Draft(
        name=params.name,
        simulated=source.profile.simulated,
        licence=source.profile.licence,
        parents=(ParentEntry(kind="landing", name=params.name, content_sha256=source.content_sha256),),
        parameters={"profile": source.profile.model_dump(mode="json")},
        pseudonym_key_fingerprint=source.pseudonyms.fingerprint,
    )
    outcome = run_stage(workdir, _STAGE, draft, lambda folder: _build(folder, workdir, source, params))
    report = open_dataset(outcome.ref).report(IngestReport)
    return outcome.model_copy(update={"summary": _summary(report)})


def _locate(workdir: Path, params: IngestParams) -> _Source:
    """List the source's files, downloaded first where they are on S3, and choose its profile."""
    folder = fetch_landing(workdir, params.source) if is_s3(params.source) else Path(params.source)
    landing = list_landing(folder, without=workdir if workdir.exists() and not is_s3(params.source) else None)
    profile = choose_profile(landing, params.profile)
    return _Source(landing, profile, pseudonyms_for(profile))


def _build(folder: Path, workdir: Path, source: _Source, params: IngestParams) -> None:
    """Fill the dataset's folder and keep what was refused."""
    label_files = find_label_files(source.landing, source.profile)
    inputs = find_inputs(source.landing, label_files)
    stored = _store_records(folder, inputs, source)
    refused_records = [*inputs.refusals, *stored.refusals]
    names = RecordNames(stored.id_of_stem, {r.name for r in refused_records})
    readings = read_label_files(source.landing, source.profile, names, source.pseudonyms)
    refusals = [*refused_records, *readings.refusals]
    source.landing.refuse_if_changed()
    keep_refused(workdir, refusals, source.pseudonyms, params)
    write_table(folder, RECORDS, pl.DataFrame(stored.rows, schema=RECORDS.polars))
    write_table(folder, ANNOTATIONS, readings.annotations)
    write_table(folder, QUARANTINE, quarantine_table(refusals, source.pseudonyms))
    write_report(folder, _report(source.profile, stored, readings, refusals))


def _store_records(folder: Path, inputs: Inputs, source: _Source) -> _Stored:
    """Read the records in the order of their ids, one at a time, and write their samples."""
    named = sorted(
        ((source.pseudonyms.name("record", r.header_file.stem), r) for r in inputs.records), key=itemgetter(0)
    )
    stored = _Stored()
    dtype: SignalDtype = "int32" if any(r.header.is_wide for r in inputs.records) else "int16"
    with SignalWriter(folder, dtype=dtype) as writer:
        for done, (record_id, recording) in enumerate(named, start=1):
            try:
                stored.rows.append(_store(recording, writer, source, stored.unreadable_values))
                stored.id_of_stem[recording.header_file.stem] = record_id
            except InputRefused as error:
                stored.refusals.append(Refusal.of(recording.header_file.stem, error, recording.all_files))
            report_progress("records", done, len(named))
    return stored


def _store(recording: RecordInput, writer: SignalWriter, source: _Source, unreadable: Counter[str]) -> dict[str, Any]:
    """Write one record's samples and return its row. Raises InputRefused before anything is written."""
    signal = read_signal(recording.header_file, recording.header)
    clinical = read_comments(recording.header.comments)
    unreadable.update(clinical.not_understood)
    return record_row(
        recording,
        clinical,
        signal,
        sample_offset=writer.append(signal),
        profile=source.profile,
        pseudonyms=source.pseudonyms,
    )


def _report(profile: SourceProfile, stored: _Stored, readings: Readings, refusals: list[Refusal]) -> IngestReport:
    return IngestReport(
        profile=profile.name,
        n_inputs=len(stored.rows) + len(refusals),
        n_ingested=len(stored.rows),
        quarantined=dict(sorted(Counter(r.reason.value for r in refusals).items())),
        duplicates=_duplicates(stored.rows),
        label_counts=readings.label_counts(profile),
        label_faults={fault.value: n for fault, n in sorted(readings.faults.items())},
        unreadable_values=dict(sorted(stored.unreadable_values.items())),
    )


def _duplicates(rows: list[dict[str, Any]]) -> tuple[DuplicateGroup, ...]:
    """Groups of records with the same samples, byte for byte. All of them are kept."""
    groups: dict[str, list[str]] = {}
    for row in rows:
        groups.setdefault(row["signal_sha256"], []).append(row["record_id"])
    return tuple(DuplicateGroup(record_ids=tuple(ids)) for ids in groups.values() if len(ids) > 1)


def _summary(report: IngestReport) -> str:
    n_quarantined = sum(report.quarantined.values())
    return f"{report.n_ingested:,} of {report.n_inputs:,} inputs ingested, {n_quarantined:,} quarantined"
