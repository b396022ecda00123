"""The manifest of a finished stage, and the reference by which stages pass data to each other."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from schemas.base import Frozen

__all__ = ["DatasetRef", "FileEntry", "Kind", "Manifest", "ParentEntry", "Sha256", "SignalEntry", "TableEntry"]

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Kind(StrEnum):
    """What a finished folder is."""

    INGESTED = "ingested"
    VALIDATED = "validated"
    COHORT = "cohort"
    TRAINING = "training"
    FILLING = "filling"
    PART = "part"


class DatasetRef(Frozen):
    """Where a dataset lies and which content it must have. Tasks exchange these, never frames."""

    path: str
    content_sha256: Sha256


class FileEntry(Frozen):
    """One file of the folder: detects damage."""

    n_bytes: int
    sha256: Sha256


class TableEntry(Frozen):
    """One table: identifies its rows whatever the file's encoding."""

    n_rows: int
    content_sha256: Sha256


class SignalEntry(Frozen):
    """The signal array. `n_samples` counts every lead of every record, without padding."""

    dtype: Literal["int16", "int32"]
    n_records: int
    n_samples: int


class ParentEntry(Frozen):
    """What a dataset was made from."""

    kind: Kind | Literal["landing"]
    name: str
    content_sha256: Sha256


class Manifest(Frozen):
    """What a folder holds and how it came to be.

    `content_sha256` identifies the data (tables and samples), `manifest_sha256` this file's canonical bytes without
    that one field. Neither depends on a clock, a host or an absolute path.

    This is version 1, and stays so: another field or type is a new class with the next version, and both are read.
    """

    manifest_version: Literal[1] = 1
    kind: Kind
    name: str
    simulated: bool
    content_sha256: Sha256
    stage_version: int
    key: Sha256
    code_version: str
    licence: str
    pseudonym_key_fingerprint: str | None = None
    parents: tuple[ParentEntry, ...] = ()
    parameters: dict[str, JsonValue] = {}
    tables: dict[str, TableEntry]
    signals: SignalEntry | None = None
    files: dict[str, FileEntry]
    manifest_sha256: Sha256
