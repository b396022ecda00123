"""What a model says of one recording."""

from enum import StrEnum

from schemas.base import Frozen
from schemas.codes import CodeSystem

__all__ = ["Answer", "Finding", "Prediction"]


class Answer(StrEnum):
    """Whether there is an answer."""

    TOLD = "told"
    UNSURE = "can't tell"  # it was read, and what is said of it can't be relied on
    REFUSED = "refused"  # it can't be read, or is not what the model expects


class Finding(Frozen):
    """One output: its calibrated probability, and whether it is present (none: the model can't tell)."""

    code_system: CodeSystem
    code: str
    name: str
    probability: float
    present: bool | None


class Prediction(Frozen):
    """The findings of one recording. Where it was refused there are none, and `reason` says what was expected."""

    record: str
    answer: Answer
    findings: tuple[Finding, ...] = ()
    quality: float | None = None  # from 0 to 1: how well the leads that were used can be read
    reason: str = ""  # why there is no answer, or none for some findings
    note: str = ""  # what else to know

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the findings that are present."""
        return tuple(finding.name for finding in self.findings if finding.present)
