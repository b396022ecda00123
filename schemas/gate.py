"""What the gate found: one result per expectation, and the verdict. No patient value is in any of them."""

from enum import StrEnum
from typing import ClassVar

from schemas.base import Frozen, Report

__all__ = [
    "CheckResult",
    "CheckStatus",
    "GateReport",
    "Severity",
]


class Severity(StrEnum):
    """What a failed check does: closes the gate, or is shown."""

    BLOCKING = "blocking"
    WARNING = "warning"


class CheckStatus(StrEnum):
    """`raised` means that the check itself broke, `nothing_to_check` that it saw no rows: neither is a pass."""

    PASSED = "passed"
    FAILED = "failed"
    RAISED = "raised"
    NOTHING_TO_CHECK = "nothing_to_check"


class CheckResult(Frozen):
    """One expectation and what came of it."""

    name: str
    table: str
    severity: Severity
    status: CheckStatus
    expected: str
    found: str
    why: str = ""
    n_failing: int = 0
    failing_record_ids: tuple[str, ...] = ()  # the first 20


class GateReport(Report):
    """All checks of a dataset."""

    file_name: ClassVar[str] = "gate.json"
    checks: tuple[CheckResult, ...]

    @property
    def blocking(self) -> tuple[CheckResult, ...]:
        """The checks that close the gate."""
        return tuple(c for c in self.checks if c.severity is Severity.BLOCKING and c.status is not CheckStatus.PASSED)

    @property
    def blocked(self) -> bool:
        """True where the gate is closed; a gate without checks is closed."""
        return not self.checks or bool(self.blocking)

    @property
    def reasons(self) -> str:
        """Why the gate is closed, for an error's text: its first three blocking checks; empty where it is open."""
        if not self.checks:
            return "expected checks, found none"
        return "; ".join(f"{c.name}: expected {c.expected}, found {c.found}" for c in self.blocking[:3])
