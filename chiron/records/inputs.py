"""What in a landing folder is a record, what is a table about records, and what nobody can use.

An input is a file that stands for a record, with all files of the same stem and all files that it names; or a signal
file, link or device that belongs to no record. Tables are no inputs unless something in them is refused.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Final, TypeVar

from chiron.errors import InputRefused
from chiron.records.formats.regular import require_regular
from chiron.records.formats.wfdb_files import describe, segment_headers
from chiron.records.landing import FileKind, Landing, LandingFile, listing_sha256
from chiron.records.refusal import Refusal
from schemas.codes import QuarantineReason
from schemas.source import SignalFiles, SignalFormat, SourceProfile, TableLabels

__all__ = ["Candidate", "Inputs", "find_inputs", "refuse_unclaimed"]

_SIGNAL_SUFFIXES: Final = (".dat", ".mat")
_SIDECAR: Final = ".signal"

Described = TypeVar("Described", SignalFiles, TableLabels)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that stands for a record, not opened yet."""

    file: LandingFile
    signals: SignalFiles
    name: str  # the record's own: the path below the landing folder without suffix


@dataclass(frozen=True)
class Inputs:
    """What a profile finds in a landing folder. `segments`: names of files that are parts of a record each."""

    landing: Landing
    candidates: tuple[Candidate, ...]
    tables: tuple[tuple[TableLabels, LandingFile], ...]
    segments: dict[str, str] = field(default_factory=dict)

    @cached_property
    def _names(self) -> list[str]:
        return list(self.landing.files)  # they are in order

    def _siblings(self, stem: str) -> Iterator[str]:
        """The names of files with a stem."""
        if stem in self.landing.files:
            yield stem
        start, names = f"{stem}.", self._names
        for name in takewhile(lambda name: name.startswith(start), _from(names, bisect_left(names, start))):
            if self.landing.files[name].stem == stem:
                yield name

    def belonging(self, candidate: Candidate, named: Collection[str] = ()) -> list[LandingFile]:
        """The files of the record's own stem, and those of `named` that are there, by name."""
        files = self.landing.files
        names = {*self._siblings(candidate.file.stem), *(name for name in named if name in files)}
        return [files[name] for name in sorted(names)]

    def fingerprint(self, belonging: Iterable[LandingFile], named: Iterable[str]) -> str:
        """The identity of a record's files; `named` are those that it was found to consist of."""
        gone = sum(name not in self.landing.files for name in named)
        return f"{listing_sha256(belonging)}-{gone}"


def _from(names: Sequence[str], first: int) -> Iterator[str]:
    return (names[at] for at in range(first, len(names)))


def find_inputs(landing: Landing, profile: SourceProfile) -> Inputs:
    """Sort the files by their names. Of a record's file no more is read than whether it is made of other records."""
    tables = tuple(_fitting(profile.tables, landing.files.values()))
    of_tables = {file.name for _, file in tables}
    others = (file for file in landing.files.values() if file.name not in of_tables)
    candidates = [Candidate(f, s, f.stem.removesuffix(_SIDECAR)) for s, f in _fitting(profile.signals, others)]
    segments = {part: c.name for c in candidates for part in _segments(landing, c)}
    return Inputs(landing, tuple(c for c in candidates if c.file.name not in segments), tables, segments)


def refuse_unclaimed(inputs: Inputs, claimed: Collection[str]) -> Iterator[Refusal]:
    """Refuse files that belong to nothing, unless they are plain files of another kind, such as a README."""
    of_tables = {file.name for _, file in inputs.tables}
    for name, file in inputs.landing.files.items():
        if name in claimed or name in of_tables or name in inputs.segments:
            continue
        try:
            _require_harmless(file)
        except InputRefused as error:
            yield Refusal.of(name, error, [file])


def _require_harmless(file: LandingFile) -> None:
    require_regular(file, "file")
    if not file.is_text:
        raise InputRefused(QuarantineReason.UNSAFE_PATH, "file: expected a name in UTF-8, found other bytes")
    if file.suffix in _SIGNAL_SUFFIXES:
        raise InputRefused(QuarantineReason.MISSING_HEADER, "signal file: expected a header that names it, found none")


def _fitting(sources: Sequence[Described], files: Iterable[LandingFile]) -> Iterator[tuple[Described, LandingFile]]:
    """Each file that fits a pattern, with the first source whose pattern it fits."""
    patterns = [(re.compile(source.pattern).fullmatch, source) for source in sources]
    for file in files:
        base_name = file.base_name
        for fits, source in patterns:
            if fits(base_name):
                yield source, file
                break


def _segments(landing: Landing, candidate: Candidate) -> Iterator[str]:
    """The names of the headers that a record of several segments is made of; none of a record that can't be used.

    A header with samples under its own name is in one piece: most are not opened for this.
    """
    file = candidate.file
    if any(f"{file.stem}{suffix}" in landing.files for suffix in _SIGNAL_SUFFIXES):
        return
    if candidate.signals.format is not SignalFormat.WFDB or file.kind is not FileKind.REGULAR:
        return
    parts = segment_headers(file)
    if parts and _is_usable(file, landing):
        beside = (landing.in_folder_of(file, base_name) for base_name in parts)
        yield from (part.name for part in beside if part is not None and part.name != file.name)


def _is_usable(file: LandingFile, landing: Landing) -> bool:
    try:
        describe(file, landing)
    except InputRefused:
        return False
    return True
