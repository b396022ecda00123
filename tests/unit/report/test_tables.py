from chiron.report.tables import arms_in_order, auroc_by_size, best_result, checks_by_urgency, real_sizes
from schemas.gate import Severity
from schemas.results import RunReport


def test_arms_come_by_size_and_then_as_the_report_lists_them(run_report: RunReport) -> None:
    arms = [(a.n_real, a.arm) for a in arms_in_order(run_report.training)]
    assert arms[:4] == [(0, "synthetic only"), (60, "scratch"), (60, "forest"), (60, "synthetic first")]


def test_an_arm_has_an_empty_place_where_it_was_not_trained(run_report: RunReport) -> None:
    assert real_sizes(run_report.training) == {0: 0, 60: 17, 698: 202}
    scratch = auroc_by_size(run_report.training)["scratch"]
    assert [a and a.auroc.value for a in scratch] == [None, 0.742, 0.921]


def test_the_best_result_has_the_highest_auroc(run_report: RunReport) -> None:
    best = best_result(run_report.training)
    assert best is not None
    assert (best.arm, best.n_real, best.auroc.value) == ("synthetic first", 698, 0.968)


def test_what_closes_the_gate_comes_first(run_report: RunReport) -> None:
    checks = list(run_report.gate.checks)
    broken = checks[0].model_copy(update={"status": "failed", "severity": Severity.BLOCKING, "name": "z"})
    gate = run_report.gate.model_copy(update={"checks": (*checks, broken)})
    others, passed = checks_by_urgency(run_report.model_copy(update={"gate": gate}))
    assert [c.severity for c in others] == [Severity.BLOCKING, Severity.WARNING]
    assert len(passed) == 5
