"""Taking one record in: its samples into the signal array, and what its own files say as rows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final

from chiron.datasets.signals import SignalDtype, SignalWriter, fits_int16
from chiron.errors import InputRefused
from chiron.records.formats.describe import describe
from chiron.records.formats.recording import Recording
from chiron.records.inputs import Candidate, Inputs
from chiron.records.landing import LandingFile
from chiron.records.pseudonyms import Pseudonyms
from chiron.records.readings.own_labels import own_files, own_readings
from chiron.records.readings.parsed import OwnReadings
from chiron.records.refusal import Refusal
from chiron.records.rows import lead_names, record_row
from chiron.records.withdrawals import Withdrawn
from schemas.codes import Code, QuarantineReason
from schemas.source import OwnLabels, SourceProfile
from schemas.tables import ANNOTATIONS, EVENTS, RECORDS

__all__ = ["NeedsMoreBits", "Taker", "Taking"]

_IN_ORDER: Final = itemgetter(*RECORDS.columns)


class NeedsMoreBits(Exception):
    """A sample that does not fit in the array's type: the whole array must be of a wider one."""


@dataclass
class Taking:
    """What became of one candidate.

    `files`: names of all that it was found to consist of; `belonging`: those that are there. `rows`: by table; none
    where the record was refused.
    """

    belonging: list[LandingFile] = field(default_factory=list)
    files: tuple[str, ...] = ()
    fingerprint: str = ""
    rows: dict[str, list[Any]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    stated: Counter[Code] = field(default_factory=Counter)
    not_understood: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taker:
    """Takes the candidates of one source in."""

    inputs: Inputs
    profile: SourceProfile
    pseudonyms: Pseudonyms
    withdrawn: Withdrawn = field(default_factory=Withdrawn)

    def take(self, record_id: str, candidate: Candidate, writer: SignalWriter, dtype: SignalDtype) -> Taking:
        """Read one candidate. A refusal is part of the result; nothing is written then.

        Raises NeedsMoreBits where the samples don't fit in `dtype`, that of the array.
        """
        taking = Taking()
        try:
            recording = describe(candidate, self.inputs.landing)
            taking.files = tuple(file.name for file in recording.files)
            signal = recording.read()
        except InputRefused as error:
            taking.belonging = self.inputs.belonging(candidate, taking.files)
            taking.refusals.append(Refusal.of(candidate.name, error, taking.belonging))
            return taking
        if dtype == "int16" and not fits_int16(signal):
            raise NeedsMoreBits
        row = record_row(record_id, recording, signal, profile=self.profile, pseudonyms=self.pseudonyms)
        if self.withdrawn.has_record(record_id) or self.withdrawn.has_patient(row["patient_id"]):
            taking.belonging = self.inputs.belonging(candidate, taking.files)
            taking.refusals.append(Refusal(candidate.name, QuarantineReason.WITHDRAWN, "record: withdrawn"))
            return taking
        row["sample_offset"] = writer.append(signal)
        taking.rows = {RECORDS.name: [_IN_ORDER(row)], ANNOTATIONS.name: [], EVENTS.name: []}
        self._complete(taking, candidate, recording, record_id)
        return taking

    def _complete(self, taking: Taking, candidate: Candidate, recording: Recording, record_id: str) -> None:
        """Add what its label files say, and what tells whether it is to be read again."""
        taking.not_understood = tuple(recording.clinical.not_understood)
        for source in self.profile.own_labels:
            self._read_labels(source, recording, record_id, taking)
        taking.belonging = self.inputs.belonging(candidate, taking.files)
        taking.fingerprint = self.inputs.fingerprint(taking.belonging, taking.files)

    def _read_labels(self, source: OwnLabels, recording: Recording, record_id: str, taking: Taking) -> None:
        """Add what one label source says in the record's own files. A file that can't be used is refused alone."""
        files = own_files(source, recording, self.inputs.landing)
        taking.files += tuple(file.name for file in files)
        try:
            own = own_readings(source, recording, self.inputs.landing)
        except InputRefused as error:
            taking.refusals.append(Refusal.of(files[0].name if files else recording.files[0].name, error, files))
            return
        if own.stated:
            taking.stated.update(set(own.stated))
        taking.not_understood += ("label_codes",) * own.n_unreadable + ("events_beyond_the_end",) * own.n_outside
        annotator_id = self.pseudonyms.name("annotator", source.annotator_id)
        taking.rows[ANNOTATIONS.name] += _annotation_rows(source, own, record_id, annotator_id)
        if own.events:
            stored = lead_names(recording, hidden=self.pseudonyms.key is not None)
            leads = dict(zip((lead.name for lead in recording.leads), stored, strict=True))
            taking.rows[EVENTS.name] += _event_rows(source, own, record_id, annotator_id, leads)


def _annotation_rows(
    source: OwnLabels, own: OwnReadings, record_id: str, annotator_id: str
) -> Iterator[tuple[Any, ...]]:
    """One row per code; where there is any reading, the codes of the vocabulary that were not given are absent."""
    given = {reading.code: (reading.present, reading.likelihood) for reading in own.readings}
    absent = dict.fromkeys(source.vocabulary, (False, None)) if given else {}
    for code, (present, likelihood) in {**absent, **given}.items():
        kind, system = source.annotator_kind.value, source.code_system.value
        yield record_id, annotator_id, kind, source.round, system, code, present, likelihood


def _event_rows(
    source: OwnLabels, own: OwnReadings, record_id: str, annotator_id: str, leads: dict[str, str]
) -> Iterator[tuple[Any, ...]]:
    """Each event once; WFDB files may hold the same annotation twice."""
    for event in dict.fromkeys(own.events):
        lead = leads.get(event.lead) if event.lead is not None else None
        yield record_id, annotator_id, source.round, event.code, lead, event.start_sample, event.end_sample
