"""The report of a gate that is open, for tests that make a dataset by hand."""

from schemas.gate import CheckResult, CheckStatus, GateReport, Severity

__all__ = ["OPEN_GATE", "closed_gate"]

_CHECK = CheckResult(
    name="rows",
    table="splits",
    severity=Severity.BLOCKING,
    status=CheckStatus.PASSED,
    expected="rows",
    found="rows",
)
OPEN_GATE = GateReport(checks=(_CHECK,))


def closed_gate() -> GateReport:
    """A gate whose one blocking check failed."""
    return GateReport(checks=(_CHECK.model_copy(update={"status": CheckStatus.FAILED, "found": "none"}),))
