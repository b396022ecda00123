"""What ingest reports: inputs, refusals, duplicates, and how many labels came along."""

from enum import StrEnum
from typing import ClassVar

from schemas.base import Frozen, Report

__all__ = ["DuplicateGroup", "IngestReport", "LabelCount", "LabelHop", "LostLabels"]


class LabelHop(StrEnum):
    """Where labels of a source are counted on their way in."""

    STATED = "stated"  # in the raw text, counted by other means than those that parse it
    PARSED = "parsed"
    STORED = "stored"


class LabelCount(Frozen):
    """How many readings found a code, at one hop of the pipeline."""

    hop: LabelHop
    code_system: str
    code: str
    n: int


class LostLabels(Frozen):
    """Readings that were parsed and not stored, for a reason that is known."""

    code_system: str
    code: str
    reason: str
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
    lost_labels: tuple[LostLabels, ...] = ()
    label_faults: dict[str, int] = {}  # rows of tables that did not become annotations, by why
    unknown_codes: dict[str, int] = {}  # `system:code`, outside the vocabulary: stored, and never known absent
    unreadable_values: dict[str, int] = {}  # by column of `records` or fact: stated, but not understood, so left out
