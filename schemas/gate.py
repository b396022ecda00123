"""What the gate found: one result per expectation, and the verdict. No patient value is in any of them."""

from enum import StrEnum
from typing import ClassVar, Final

import polars as pl

from schemas.base import Frozen, Report
from schemas.tables import TableSpec

__all__ = [
    "FAILING",
    "MAX_FAILING",
    "N_SHOWN",
    "CheckResult",
    "CheckStatus",
    "GateReport",
    "Severity",
]


N_SHOWN: Final = 20
MAX_FAILING: Final = 1_000_000
"""Of each check: how many failing records its result names, and how many of them `FAILING` lists."""

FAILING: Final = TableSpec(
    "failing",
    {"table": pl.String(), "check": pl.String(), "record_id": pl.String()},
    key=("table", "check", "record_id"),
)
"""The records that fail a check: a result beside the gate's report, and no part of the content."""


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
    failing_record_ids: tuple[str, ...] = ()  # the first `N_SHOWN`; all are in `failing.parquet`


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
