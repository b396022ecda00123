from chiron.report.tables import checks_by_urgency
from schemas.gate import Severity
from schemas.results import RunReport


def test_what_closes_the_gate_comes_first(run_report: RunReport) -> None:
    checks = list(run_report.gate.checks)
    broken = checks[0].model_copy(update={"status": "failed", "severity": Severity.BLOCKING, "name": "z"})
    gate = run_report.gate.model_copy(update={"checks": (*checks, broken)})
    others, passed = checks_by_urgency(run_report.model_copy(update={"gate": gate}))
    assert [c.severity for c in others] == [Severity.BLOCKING, Severity.WARNING]
    assert len(passed) == 5
