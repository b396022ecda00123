"""The rows of the page's table of the gate."""

from schemas.gate import CheckResult, CheckStatus, Severity
from schemas.results import RunReport

__all__ = ["checks_by_urgency"]


def checks_by_urgency(report: RunReport) -> tuple[list[CheckResult], list[CheckResult]]:
    """What needs attention, blocking checks first; and what passed."""
    passed = [c for c in report.gate.checks if c.status is CheckStatus.PASSED]
    others = [c for c in report.gate.checks if c.status is not CheckStatus.PASSED]
    return sorted(others, key=lambda c: (c.severity is not Severity.BLOCKING, c.name)), passed
