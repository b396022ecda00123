"""What Great Expectations answers becomes a status: nothing to check and a broken check are no pass."""

import time

import polars as pl
import pytest

from chiron.quality.expectations import run_checkpoint
from schemas.gate import CheckStatus, GateReport, Severity
from schemas.suites import ExpectationSpec

POSITIVE = {"column": "x", "min_value": 0, "strict_min": True}


def spec_of(kind="expect_column_values_to_be_between", *, where_recorded=False, **kwargs):
    return ExpectationSpec(
        name="it_holds",
        type=kind,
        kwargs=kwargs or POSITIVE,
        severity=Severity.BLOCKING,
        expected="above 0",
        why="a test",
        where_recorded=where_recorded,
    )


def frame_of(values, dtype=None):
    return pl.DataFrame(
        {"record_id": [f"r{i:03}" for i in range(len(values))], "x": values},
        schema={"record_id": pl.String, "x": dtype or pl.Float64},
    )


def result_of(frame, spec):
    (result,) = run_checkpoint("table", frame, [spec]).results
    return result


def test_data_as_expected_pass():
    result = result_of(frame_of([1.0, 2.0, None]), spec_of())
    assert (result.status, result.found, result.n_failing) == (CheckStatus.PASSED, "0 of 2 rows fail", 0)


def test_records_that_fail_are_counted_and_the_first_twenty_named():
    result = result_of(frame_of([1.0] * 5 + [-1.0] * 30), spec_of())
    assert (result.status, result.n_failing) == (CheckStatus.FAILED, 30)
    assert result.failing_record_ids == tuple(f"r{i:03}" for i in range(5, 25))


def test_every_record_that_fails_is_listed_once():
    frame = frame_of([1.0] * 5 + [-1.0] * 30)
    failing = run_checkpoint("table", pl.concat([frame, frame]), [spec_of()]).failing
    assert failing["record_id"].to_list() == [f"r{i:03}" for i in range(5, 35)]
    assert failing.select("table", "check").unique().rows() == [("table", "it_holds")]


def test_records_that_fail_within_what_is_allowed_are_counted_and_not_listed():
    allowed = spec_of("expect_column_values_to_be_between", column="x", min_value=0, mostly=0.5)
    checked = run_checkpoint("table", frame_of([1.0, 1.0, -1.0]), [allowed])
    assert (checked.results[0].status, checked.results[0].n_failing) == (CheckStatus.PASSED, 1)
    assert checked.failing.is_empty()


def test_rows_that_are_no_records_are_named_by_their_subject():
    frame = pl.DataFrame({"subject": list("abcdefgh"), "x": [1.0, *[-1.0] * 7]})
    assert result_of(frame, spec_of()).found == "7 of 8 rows fail: b; c; d; e; f ..."


def test_a_million_failing_rows_are_named_in_seconds():
    frame = pl.DataFrame(
        {"record_id": pl.Series(range(1_000_000)).cast(pl.String), "x": pl.repeat(-1.0, 1_000_000, eager=True)}
    )
    start = time.process_time()
    assert run_checkpoint("table", frame, [spec_of()]).failing.height == 1_000_000
    assert time.process_time() - start < 20  # 1.5 s here; asking the checkpoint itself took 20 s for each expectation


def test_no_value_of_a_patient_is_in_a_result():
    result = result_of(frame_of([-123.25, 1.0]), spec_of())
    assert "123" not in result.model_dump_json()


@pytest.mark.parametrize("values", [[], [None, None]], ids=["no rows", "only nulls"])
@pytest.mark.parametrize(
    "spec",
    [
        spec_of(),
        spec_of("expect_column_values_to_be_in_set", column="x", value_set=[1.0]),
        spec_of("expect_column_mean_to_be_between", column="x", min_value=0),
        spec_of("expect_column_values_to_be_unique", column="x"),
    ],
    ids=lambda spec: spec.type,
)
def test_nothing_to_check_is_no_pass_and_closes_the_gate(values, spec):
    result = result_of(frame_of(values), spec)
    assert result.status is CheckStatus.NOTHING_TO_CHECK
    assert GateReport(checks=(result,)).blocked


def test_that_values_are_present_can_be_checked_where_none_is():
    result = result_of(frame_of([None, None]), spec_of("expect_column_values_to_not_be_null", column="x"))
    assert (result.status, result.n_failing) == (CheckStatus.FAILED, 2)


def test_a_check_of_a_column_that_is_never_recorded_can_be_left_out():
    assert run_checkpoint("table", frame_of([None, None]), [spec_of(where_recorded=True)]).results == []
    assert (
        len(run_checkpoint("table", frame_of([]), [spec_of(where_recorded=True)]).results) == 1
    )  # no rows is another matter


def test_a_check_that_breaks_is_told_from_data_that_fail():
    result = result_of(frame_of(["a", "b"], pl.String), spec_of())  # is text above 0?
    assert result.status is CheckStatus.RAISED
    assert result.found.startswith("the check itself broke: ")
    assert GateReport(checks=(result,)).blocked


def test_a_column_that_is_not_there_breaks_the_check():
    result = result_of(frame_of([1.0]), spec_of(column="y", min_value=0))
    assert (result.status, result.found) == (CheckStatus.RAISED, "no column y")


def test_results_are_in_the_order_of_the_suite():
    specs = [spec_of(), spec_of(column="y", min_value=0), spec_of("expect_column_values_to_be_unique", column="x")]
    statuses = [result.status for result in run_checkpoint("table", frame_of([1.0, 1.0]), specs).results]
    assert statuses == [CheckStatus.PASSED, CheckStatus.RAISED, CheckStatus.FAILED]


def test_a_patient_in_two_splits_fails_and_one_without_a_split_does_not_straddle():
    frame = pl.DataFrame(
        {
            "record_id": ["r1", "r2", "r3", "r4"],
            "patient": ["p1", "p1", "p2", "p3"],
            "split": ["train", "test", "test", None],
        }
    )
    spec = spec_of("expect_patients_in_one_split", column_A="patient", column_B="split")
    result = result_of(frame, spec)
    assert (result.status, result.failing_record_ids) == (CheckStatus.FAILED, ("r1", "r2"))
    assert result_of(frame[2:], spec).status is CheckStatus.PASSED


def test_what_was_computed_and_what_is_missing_are_shown():
    mean = result_of(frame_of([0.25, 0.5]), spec_of("expect_column_mean_to_be_between", column="x", min_value=0))
    assert mean.found == "0.375"
    letters = frame_of(["a", "b"], pl.String)
    wanted = spec_of("expect_column_distinct_values_to_contain_set", column="x", value_set=["a", "c"])
    assert result_of(letters, wanted).found == "missing: c"
