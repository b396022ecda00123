"""The rows of the page's tables of training and of the gate, where they are not simply what the run's report lists."""

from schemas.gate import CheckResult, CheckStatus, Severity
from schemas.results import RunReport
from schemas.trained import ArmName, ArmResult, TrainReport

__all__ = ["arm_order", "arms_in_order", "auroc_by_size", "best_result", "checks_by_urgency", "real_sizes"]


def arm_order(training: TrainReport) -> list[ArmName]:
    """The arms in the order of the report: an arm's place is its colour and marker in every plot."""
    return list(dict.fromkeys(arm.arm for arm in training.arms))


def arms_in_order(training: TrainReport) -> list[ArmResult]:
    """The results by number of real records, then in the order of the arms."""
    order = arm_order(training)
    return sorted(training.arms, key=lambda a: (a.n_real, order.index(a.arm)))


def best_result(training: TrainReport) -> ArmResult | None:
    """The result with the highest AUROC; none where none could be computed."""
    known = [a for a in training.arms if a.auroc.value is not None]
    return max(known, key=lambda a: a.auroc.value or 0.0, default=None)


def auroc_by_size(training: TrainReport) -> dict[ArmName, list[ArmResult | None]]:
    """For each arm its result at every number of real records, smallest first; none where it was not trained."""
    found = {(a.arm, a.n_real): a for a in training.arms}
    return {arm: [found.get((arm, n)) for n in real_sizes(training)] for arm in arm_order(training)}


def real_sizes(training: TrainReport) -> dict[int, int]:
    """The numbers of real training records that were tried, smallest first, each with how many are positive."""
    return dict(sorted((a.n_real, a.n_real_positive) for a in training.arms))


def checks_by_urgency(report: RunReport) -> tuple[list[CheckResult], list[CheckResult]]:
    """What needs attention, blocking checks first; and what passed."""
    passed = [c for c in report.gate.checks if c.status is CheckStatus.PASSED]
    others = [c for c in report.gate.checks if c.status is not CheckStatus.PASSED]
    return sorted(others, key=lambda c: (c.severity is not Severity.BLOCKING, c.name)), passed
