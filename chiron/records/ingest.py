"""Ingest: a landing folder or an `s3://` prefix becomes a dataset of records, signals, annotations, events and facts.

One bad file never stops it and is never lost: see `chiron.records.quarantine`. Zero labels are no fault here; the gate
of `validate` closes on that. What was read before is taken over: see `chiron.records.memory`.
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from chiron import __version__
from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.dataset import open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import link_table, write_table
from chiron.datasets.workdir import check_workdir
from chiron.errors import EmptySource
from chiron.records.inputs import Inputs, find_inputs, refuse_unclaimed
from chiron.records.landing import Landing, list_landing
from chiron.records.landing_s3 import fetch_landing, is_s3
from chiron.records.memory import Memory, now_ns, own_folder, recall, remember, seen_files
from chiron.records.own_tables import OwnTables, merge_by_record
from chiron.records.pseudonyms import Pseudonyms, pseudonyms_for
from chiron.records.quarantine import keep_refused, quarantine_table
from chiron.records.reading import ReadRecords, read_records
from chiron.records.readings.parsed import RecordNames
from chiron.records.sources import choose_profile, shipped_profiles
from chiron.records.table_rows import TableRows, read_tables
from chiron.records.taking import Taker
from chiron.records.tally import ingest_report
from chiron.records.with_tables import records_with_tables
from chiron.records.withdrawals import Withdrawn, read_withdrawn
from schemas.codes import QuarantineReason
from schemas.ingested import IngestReport
from schemas.manifest import Kind, ParentEntry
from schemas.params import IngestParams
from schemas.results import StageOutcome
from schemas.source import SourceProfile
from schemas.tables import ANNOTATIONS, EVENTS, FACTS, QUARANTINE, RECORDS

__all__ = ["ingest_source"]

_STAGE: Final = Stage("ingest", 4, Kind.INGESTED)


@dataclass(frozen=True)
class _Source:
    """A landing folder with what is known about it."""

    inputs: Inputs
    profile: SourceProfile
    pseudonyms: Pseudonyms
    withdrawn: Withdrawn
    listed_at_ns: int

    @property
    def landing(self) -> Landing:
        return self.inputs.landing

    @property
    def content_sha256(self) -> str:
        """The landing folder's identity, as it may be released."""
        return self.pseudonyms.digest(self.landing.content_sha256)

    @property
    def parameters(self) -> dict[str, JsonValue]:
        """The profile, as it may be released: of a private one only the name and a keyed hash, for it names readers."""
        profile = self.profile.model_dump(mode="json")
        without: dict[str, JsonValue] = (
            {"withdrawn": fingerprint} if (fingerprint := self.withdrawn.fingerprint) else {}
        )
        if self.pseudonyms.key is None:
            return {"profile": profile, **without}
        digest = self.pseudonyms.digest(sha256_hex(canonical_json(profile)))
        return {"profile": self.profile.name, "sha256": digest, **without}

    @property
    def method(self) -> str:
        """What must be the same for an earlier ingest's work to be taken over."""
        profile = self.profile.model_dump(mode="json")
        who = [self.pseudonyms.fingerprint, self.withdrawn.fingerprint]
        return sha256_hex(canonical_json([_STAGE.version, __version__, profile, *who]))


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
        parameters=source.parameters,
        pseudonym_key_fingerprint=source.pseudonyms.fingerprint,
    )
    outcome = run_stage(workdir, _STAGE, draft, lambda folder: _build(folder, workdir, source, params))
    if not outcome.reused:
        _remember(workdir, params.name, source, outcome)
    return outcome.model_copy(update={"summary": _summary(open_dataset(outcome.ref).report(IngestReport))})


def _locate(workdir: Path, params: IngestParams) -> _Source:
    """List the source's files, downloaded first where they are on S3, and choose its profile."""
    folder = fetch_landing(workdir, params.source) if is_s3(params.source) else Path(params.source)
    without = workdir if workdir.exists() and not is_s3(params.source) else None
    listed_at_ns = now_ns()
    landing = list_landing(folder, without=without, seen=seen_files(workdir, params.name))
    profile = choose_profile(landing, params.profile)
    inputs = find_inputs(landing, profile)
    if not inputs.candidates and not inputs.tables:
        raise EmptySource(
            f"source: expected recordings or tables that the profile {profile.name} knows, found none among "
            f"{len(landing.files)} files; name one of {', '.join(shipped_profiles())} with --profile, or your own"
        )
    return _Source(inputs, profile, pseudonyms_for(profile), read_withdrawn(workdir), listed_at_ns)


def _build(folder: Path, workdir: Path, source: _Source, params: IngestParams) -> None:
    """Fill the dataset's folder and keep what was refused."""
    taker = Taker(source.inputs, source.profile, source.pseudonyms, source.withdrawn)
    own, memory = _own_folder(workdir, params.name, folder), recall(workdir, params.name, source.method)
    read, tables = _read(folder, own, taker, memory)
    withdrawn = frozenset(
        record_id
        for record_id, patient_id in tables.records.select("record_id", "stated_patient").iter_rows()
        if patient_id is not None and source.withdrawn.has_patient(patient_id)
    )
    if withdrawn:  # their samples are in the array by now: begin again without them
        taker = replace(taker, withdrawn=replace(source.withdrawn, also=withdrawn))
        read, tables = _read(folder, own, taker, None)
    refusals = [*read.refusals, *refuse_unclaimed(source.inputs, read.claimed), *tables.refusals]
    source.landing.refuse_if_changed()
    kept = [refusal for refusal in refusals if refusal.reason is not QuarantineReason.WITHDRAWN]
    keep_refused(workdir, kept, source.pseudonyms, params)
    _write_tables(folder, read.own, tables, source.profile)
    write_table(folder, QUARANTINE, quarantine_table(kept, source.pseudonyms))
    write_report(folder, ingest_report(folder, taker, read, tables, refusals))


def _read(folder: Path, own: Path, taker: Taker, memory: Memory | None) -> tuple[ReadRecords, TableRows]:
    """What records' own files say, and then what tables say about these records."""
    read = read_records(folder, own, taker, memory)
    names = RecordNames(read.names if taker.inputs.tables else (), {refusal.name for refusal in read.refusals})
    return read, read_tables(taker.inputs, taker.profile, names, taker.pseudonyms)


def _write_tables(folder: Path, own: OwnTables, tables: TableRows, profile: SourceProfile) -> None:
    """What records' own files say, completed by the tables; the very file where they say nothing."""
    write_table(folder, FACTS, tables.facts)
    for spec, added in ((RECORDS, tables.records), (ANNOTATIONS, tables.annotations), (EVENTS, tables.events)):
        if added.is_empty():
            link_table(own.folder, folder, spec)
        elif spec is RECORDS:
            completed = partial(records_with_tables, profile=profile)
            merge_by_record(folder, spec, [own.scan(spec), added.lazy()], completed)
        else:
            merge_by_record(folder, spec, [own.scan(spec), added.lazy()])


def _own_folder(workdir: Path, name: str, stage_folder: Path) -> Path:
    return own_folder(workdir, name, stage_folder.name.rpartition("-")[2])


def _remember(workdir: Path, name: str, source: _Source, outcome: StageOutcome) -> None:
    remember(
        workdir,
        source.method,
        dataset=outcome.ref,
        landing=source.landing,
        listed_at_ns=source.listed_at_ns,
        own=_own_folder(workdir, name, Path(outcome.ref.path)),
    )


def _summary(report: IngestReport) -> str:
    n_quarantined = sum(report.quarantined.values())
    return f"{report.n_ingested:,} of {report.n_inputs:,} inputs ingested, {n_quarantined:,} quarantined"
