"""What in a landing folder is a record, what belongs to it, and what nobody can use.

An input is a header with all files of the same stem and all files that it names; or a signal file, link or device that
belongs to no header. Label files are no inputs unless something in them is refused.
"""

import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from chiron.errors import InputRefused
from chiron.records.headers import Header
from chiron.records.landing import Landing, LandingFile
from chiron.records.quarantine import Refusal
from chiron.records.wfdb_files import read_header, require_regular, signal_files
from schemas.codes import QuarantineReason

__all__ = ["Inputs", "RecordInput", "find_inputs"]

_SIGNAL_SUFFIXES: Final = (".dat", ".mat")
_PLAIN_NAME: Final = re.compile(r"[\w .,@+=()/-]+")  # the wfdb package would read more into other characters


@dataclass(frozen=True, slots=True)
class RecordInput:
    """A record whose header was accepted. `files`: header first, then the files with its samples."""

    header_file: LandingFile
    header: Header
    signal_files: tuple[LandingFile, ...]
    all_files: tuple[LandingFile, ...]


@dataclass
class Inputs:
    """Every input is in one of the two."""

    records: list[RecordInput] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def find_inputs(landing: Landing, label_files: Collection[str]) -> Inputs:
    """Read all headers and sort out what can't be used. No sample is read."""
    inputs = Inputs()
    by_stem: dict[str, list[LandingFile]] = defaultdict(list)
    for file in landing.files.values():
        by_stem[file.stem].append(file)
    claimed = {*label_files}
    for file in landing.headers:
        belonging = {f.name: f for f in by_stem[file.stem]}
        try:
            inputs.records.append(_accept(landing, file, belonging))
        except InputRefused as error:
            inputs.refusals.append(Refusal.of(file.stem, error, belonging.values()))
        claimed |= belonging.keys()
    unclaimed = (file for name, file in landing.files.items() if name not in claimed)
    inputs.refusals += [refusal for file in unclaimed if (refusal := _refuse_unclaimed(file))]
    return inputs


def _accept(landing: Landing, file: LandingFile, belonging: dict[str, LandingFile]) -> RecordInput:
    """Check a header and the files it names, which are added to `belonging`. Raises InputRefused."""
    if not _PLAIN_NAME.fullmatch(file.name):
        raise InputRefused(QuarantineReason.UNSAFE_PATH, "record: expected a plain file name, found other characters")
    header = read_header(file)
    named = [landing.in_folder_of(file, name) for name in header.file_names]
    belonging |= {f.name: f for f in named if f is not None}
    found = signal_files(landing, file, header)
    return RecordInput(file, header, tuple(found), tuple(belonging.values()))


def _refuse_unclaimed(file: LandingFile) -> Refusal | None:
    """Refuse a file that belongs to no record, unless it is a plain file of another kind, such as a README."""
    try:
        require_regular(file, "file")
        if not file.is_text:
            raise InputRefused(QuarantineReason.UNSAFE_PATH, "file: expected a name in UTF-8, found other bytes")
        if PurePosixPath(file.name).suffix in _SIGNAL_SUFFIXES:
            raise InputRefused(
                QuarantineReason.MISSING_HEADER, "signal file: expected a header that names it, found none"
            )
    except InputRefused as error:
        return Refusal.of(file.name, error, [file])
    return None
