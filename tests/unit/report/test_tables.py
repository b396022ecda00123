from made_up_run import MadeUpDatasets

from chiron.report.tables import (
    arms_in_order,
    auroc_by_size,
    best_result,
    checks_by_urgency,
    compared_readings,
    label_rows,
    real_sizes,
)
from schemas.gate import Severity
from schemas.results import RunReport


def test_labels_are_counted_per_finding_and_split(run_report: RunReport, datasets: MadeUpDatasets) -> None:
    # by hand: 12 records take turns between two findings; of six in a row four are train, one valid, one test
    rows = {row.name: row for row in label_rows(run_report.ingest, datasets.validated)}
    assert rows["normal sinus rhythm"].splits == {"train": 4, "valid": 2, "test": 0}
    assert rows["atrial fibrillation"].splits == {"train": 4, "valid": 0, "test": 2}
    assert rows["too noisy to read"].n_kept == 0
    assert rows["too noisy to read"].n_undecided == 1


def test_readings_are_found_under_the_code_of_the_source(run_report: RunReport, datasets: MadeUpDatasets) -> None:
    rows = {row.name: row for row in label_rows(run_report.ingest, datasets.validated)}
    assert rows["atrial fibrillation"].hops == {"parsed": 1209, "stored": 1208}


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


def test_agreements_of_different_kinds_stay_apart(run_report: RunReport) -> None:
    comparisons = compared_readings(run_report.agreement)
    assert [c.title for c in comparisons] == ["between annotators, 3 annotators", "revision stability, round 1 to 2"]
    assert comparisons[1].statistics == ("percent unchanged", "Cohen's kappa")
    assert [r.estimate.value for r in comparisons[1].rows["overall"]] == [0.855, 0.71]
