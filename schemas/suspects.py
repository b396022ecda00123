"""Which labels are probably wrong, for somebody to read again."""

from enum import StrEnum
from typing import ClassVar

from schemas.base import Frozen, Report

__all__ = ["LearnedCode", "Suspect", "SuspectCause", "SuspectReport"]


class SuspectCause(StrEnum):
    """What speaks most against the label."""

    UNREADABLE = "too noisy to be read"
    CONTRADICTED = "looks otherwise"  # than what others with this label look like


class Suspect(Frozen):
    """A record whose labels are doubted, and the code of it that is doubted most."""

    record_id: str
    doubt: float  # 1 - readable * likeness, in [0, 1]: for ranking, not the share of wrong labels among such records
    cause: SuspectCause
    readable: float  # chance that it can be read
    code_system: str | None  # null where no code could be learned
    code: str | None
    stated_present: bool | None
    likeness: float  # chance of the stated label by a model that did not see it


class LearnedCode(Frozen):
    """A code, and whether a model could learn it well enough to doubt a label."""

    code_system: str
    code: str
    n_present: int
    n_absent: int
    auroc: float | None  # of the model's out-of-fold predictions against the stated labels
    skipped: str = ""  # why no label of it is doubted


class SuspectReport(Report):
    """The most suspect records, the most doubted first."""

    file_name: ClassVar[str] = "suspects.json"
    n_records: int  # with a signal and a label
    codes: tuple[LearnedCode, ...]
    suspects: tuple[Suspect, ...]
