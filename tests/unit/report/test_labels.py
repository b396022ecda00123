from made_up_run import MadeUpDatasets

from chiron.report.labels import (
    annotator_rows,
    compared_readings,
    drifts_by_verdict,
    label_rows,
    pairs_by_agreement,
)
from schemas.agreement import OVERALL, AgreementKind, AgreementResult, AgreementStatistic
from schemas.base import Interval
from schemas.drift import DriftVerdict
from schemas.results import RunReport
from schemas.vanishing import Hop, LabelStep


def pair(compared: str, kappa: float | None) -> AgreementResult:
    return AgreementResult(
        kind=AgreementKind.BETWEEN_TWO,
        statistic=AgreementStatistic.COHEN_KAPPA,
        subject=OVERALL,
        compared=compared,
        estimate=Interval(value=kappa),
        n_records=100,
    )


def test_labels_are_counted_per_finding_and_split(run_report: RunReport, datasets: MadeUpDatasets) -> None:
    # by hand: 12 records take turns between two findings; of six in a row four are train, one valid, one test
    rows = {row.name: row for row in label_rows(run_report.vanishing.steps, datasets.validated)}
    assert rows["normal sinus rhythm"].splits == {"train": 4, "valid": 2, "test": 0}
    assert rows["atrial fibrillation"].splits == {"train": 4, "valid": 0, "test": 2}
    assert rows["too noisy to read"].n_kept == 0
    assert rows["too noisy to read"].n_undecided == 1


def test_readings_are_found_under_the_code_of_the_source(run_report: RunReport, datasets: MadeUpDatasets) -> None:
    rows = {row.name: row for row in label_rows(run_report.vanishing.steps, datasets.validated)}
    af = rows["atrial fibrillation"]
    assert af.hops == {Hop.STATED: 1210, Hop.PARSED: 1209, Hop.STORED: 1208, Hop.DATASET: 403}
    assert af.left_out == {"another reading of the same label": 715, "outvoted": 90, "unknown_record": 1}
    assert af.n_vanished == 1  # between stated and parsed, without a reason


def test_a_code_that_is_in_no_label_still_has_a_row(datasets: MadeUpDatasets) -> None:
    lost = LabelStep(code_system="SNOMED-CT", code="59118001", before=Hop.STATED, hop=Hop.PARSED, n_before=9, n_after=0)
    rows = {row.code: row for row in label_rows((lost,), datasets.validated)}
    assert (rows["SNOMED-CT:59118001"].n_vanished, rows["SNOMED-CT:59118001"].n_kept) == (9, 0)


def test_agreements_of_different_kinds_stay_apart(run_report: RunReport) -> None:
    comparisons = compared_readings(run_report.agreement)
    assert [c.title for c in comparisons] == ["between annotators, 3 annotators", "revision stability, round 1 to 2"]
    assert comparisons[1].statistics == ("percent unchanged", "Cohen's kappa")
    assert [r.estimate.value for r in comparisons[1].rows["overall"]] == [0.855, 0.71]


def test_pairs_of_annotators_have_a_list_of_their_own_with_the_lowest_first(run_report: RunReport) -> None:
    results = (*run_report.agreement, pair("a and b", 0.8), pair("a and c", None), pair("b and c", 0.3))
    assert len(compared_readings(results)) == 2
    assert [r.compared for r in pairs_by_agreement(results)] == ["b and c", "a and b", "a and c"]


def test_a_refused_agreement_is_no_table(run_report: RunReport) -> None:
    refused = pair("round 1 to 2", None).model_copy(
        update={"kind": AgreementKind.WITHIN_ANNOTATOR, "refused": "a copy"}
    )
    assert compared_readings((*run_report.agreement, refused)) == compared_readings(run_report.agreement)


def test_drift_of_which_nothing_can_be_told_comes_last(run_report: RunReport) -> None:
    (known,) = run_report.drift.findings
    unknown = known.model_copy(update={"verdict": DriftVerdict.CANNOT_TELL})
    assert drifts_by_verdict([unknown, known, unknown]) == [known, unknown, unknown]


def test_an_annotator_is_summed_up_by_the_median_and_the_worst_code(run_report: RunReport) -> None:
    af = run_report.consensus.annotators[0]
    others = [
        af.model_copy(update={"name": name, "sensitivity": Interval(value=value)})
        for name, value in (("flutter", 0.5), ("block", 0.6), ("never read", None))
    ]
    (row,) = annotator_rows([af, *others])
    assert row.sensitivity == 0.6  # the middle of 0.5, 0.6, 0.95
    assert row.least_sensitive is not None
    assert row.least_sensitive.name == "flutter"
    assert row.n_readings == 4 * 1391
