"""What ingest reports: inputs, refusals, duplicates, and how many labels came along."""

from enum import StrEnum
from typing import ClassVar

from schemas.base import Frozen, Report

__all__ = [
    "DuplicateGroup",
    "IngestReport",
    "LabelCount",
    "LabelHop",
]


class LabelHop(StrEnum):
    """Where labels of a source are counted on their way in."""

    PARSED = "parsed"
    STORED = "stored"


class LabelCount(Frozen):
    """How many readings found a code, at one hop of the pipeline."""

    hop: LabelHop
    code_system: str
    code: str
    n: int


class DuplicateGroup(Frozen):
    """Records with the same samples, byte for byte."""

    record_ids: tuple[str, ...]


class IngestReport(Report):
    """What came in."""

    file_name: ClassVar[str] = "ingest.json"
    profile: str
    n_inputs: int
    n_ingested: int
    quarantined: dict[str, int]  # by reason
    duplicates: tuple[DuplicateGroup, ...]
    label_counts: tuple[LabelCount, ...]  # per hop; every reading of every round counts
    label_faults: dict[str, int] = {}  # rows of label files that did not become annotations, by why
    unreadable_values: dict[str, int] = {}  # by column of `records`: stated, but not understood, so stored as null
