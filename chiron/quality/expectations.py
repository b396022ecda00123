"""Running expectation suites with Great Expectations (importing it takes seconds).

Great Expectations counts an expectation over no rows, or over nothing but nulls, as a success, and one that broke as a
failure of the data. Here both have a status of their own, and neither is a pass.

A checkpoint decides, on counts alone; which rows fail is then asked of the batch, for what failed. A checkpoint that
was asked for both would copy and serialize every row's number several times: a minute for a million rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import great_expectations as gx
import polars as pl
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.registry import get_expectation_impl

import chiron.quality.own_expectations  # noqa: F401 - registers them
from schemas.gate import FAILING, MAX_FAILING, N_SHOWN, CheckResult, CheckStatus
from schemas.suites import ExpectationSpec

__all__ = ["Checked", "columns_of", "run_checkpoint"]

_ABOUT_NULLS: Final = (
    "expect_column_values_to_not_be_null",
    "expect_column_proportion_of_non_null_values_to_be_between",
)
_COUNTS: Final = {"result_format": "BASIC", "exclude_unexpected_values": True}
_N_NAMED: Final = 5
_ROWS: Final = {**_COUNTS, "result_format": "COMPLETE", "return_unexpected_index_query": False}


class Checked(NamedTuple):
    """Results in the order of the suite, and the records that fail, as the table `FAILING`."""

    results: list[CheckResult]
    failing: pl.DataFrame


class _Answer(NamedTuple):
    """What Great Expectations says of one expectation; `rows` are the numbers of those that fail, where it is known."""

    details: Mapping[str, Any]
    status: CheckStatus
    broken_by: str = ""
    rows: Sequence[int] = ()


def run_checkpoint(table: str, frame: pl.DataFrame, specs: Sequence[ExpectationSpec]) -> Checked:
    """One result for each of `specs` (less those that do not apply), in order.

    frame: a row of it is of a record where there is a column `record_id`; a column `subject` says what else it is of.
    """
    applicable = [s for s in specs if not (s.where_recorded and _holds_nothing(frame, s))]
    settled = {i: early for i, spec in enumerate(applicable) if (early := _before_running(table, frame, spec))}
    to_run = {i: spec for i, spec in enumerate(applicable) if i not in settled}
    answers = _run(table, frame, to_run) if to_run else {}
    results = [settled.get(i) or _result(table, frame, spec, answers[i]) for i, spec in enumerate(applicable)]
    failing = [_failing(table, frame, spec, answers[i].rows) for i, spec in to_run.items()]
    return Checked(results, pl.concat([FAILING.empty(), *failing]))


def _run(table: str, frame: pl.DataFrame, specs: Mapping[int, ExpectationSpec]) -> dict[int, _Answer]:
    """Great Expectations' answers, by number. A checkpoint has one data frame, so each table has a checkpoint."""
    looked_at = dict.fromkeys(column for spec in specs.values() for column in columns_of(spec))
    data = {"dataframe": frame.select(list(looked_at)).to_pandas(use_pyarrow_extension_array=True)}
    context = gx.get_context(mode="ephemeral", project_config=_configuration())
    batches = context.data_sources.add_pandas("tables").add_dataframe_asset(table)
    whole = batches.add_batch_definition_whole_dataframe(table)
    validation = gx.ValidationDefinition(name=table, data=whole, suite=context.suites.add(_suite(table, specs)))
    checkpoint = gx.Checkpoint(
        name=table, validation_definitions=[context.validation_definitions.add(validation)], result_format=_COUNTS
    )
    (run,) = context.checkpoints.add(checkpoint).run(batch_parameters=data).run_results.values()
    answers = {r.expectation_config.meta["number"]: _answer(r) for r in run.results}
    failed = {i: spec for i, spec in specs.items() if answers[i].status is CheckStatus.FAILED}
    if failed:
        again = whole.get_batch(batch_parameters=data).validate(_suite(f"{table} again", failed), result_format=_ROWS)
        for r in again.results:
            number = r.expectation_config.meta["number"]
            answers[number] = answers[number]._replace(rows=r.result.get("unexpected_index_list") or ())
    return answers


def _suite(name: str, specs: Mapping[int, ExpectationSpec]) -> gx.ExpectationSuite:
    suite = gx.ExpectationSuite(name=name)
    for number, spec in specs.items():
        suite.add_expectation(get_expectation_impl(spec.type)(**spec.kwargs, meta={"number": number}))
    return suite


def _configuration() -> DataContextConfig:
    """All in memory: no calls home, no bars, and no folder for pages that are never made."""
    return DataContextConfig(
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
    )


def columns_of(spec: ExpectationSpec) -> list[str]:
    """The columns that an expectation looks at."""
    named = [spec.kwargs.get(key) for key in ("column", "column_A", "column_B")]
    listed = spec.kwargs.get("column_list")
    return [str(c) for c in [*named, *(listed if isinstance(listed, list) else [])] if c is not None]


def _holds_nothing(frame: pl.DataFrame, spec: ExpectationSpec) -> bool:
    """Whether there are rows, but none with a value in some column that is looked at."""
    present = [c for c in columns_of(spec) if c in frame.columns]
    return frame.height > 0 and any(frame[c].is_null().all() for c in present)


def _before_running(table: str, frame: pl.DataFrame, spec: ExpectationSpec) -> CheckResult | None:
    """What is settled without Great Expectations: a column that is not there, and nothing to check."""
    absent = [c for c in columns_of(spec) if c not in frame.columns]
    if absent:
        return _check(table, spec, CheckStatus.RAISED, f"no column {absent[0]}")
    if frame.is_empty():
        return _check(table, spec, CheckStatus.NOTHING_TO_CHECK, "no rows")
    if spec.type not in _ABOUT_NULLS and _holds_nothing(frame, spec):
        return _check(table, spec, CheckStatus.NOTHING_TO_CHECK, f"no value in any of {frame.height} rows")
    return None


def _answer(raw: ExpectationValidationResult) -> _Answer:
    broken_by = _broken_by(raw.exception_info or {})
    if broken_by:
        return _Answer({}, CheckStatus.RAISED, broken_by)
    return _Answer(raw.result, CheckStatus.PASSED if raw.success else CheckStatus.FAILED)


def _broken_by(info: Mapping[str, Any]) -> str:
    """The kind of exception, without its text, which may hold values; empty where there was none.

    The information is either about the whole expectation, or one for each metric that broke.
    """
    each = [info] if "raised_exception" in info else list(info.values())
    broken = [i for i in each if i.get("raised_exception")]
    if not broken:
        return ""
    last_line = str(broken[0].get("exception_traceback") or "").strip().splitlines()[-1:]
    return last_line[0].split(":")[0] if last_line else "unknown exception"


def _result(table: str, frame: pl.DataFrame, spec: ExpectationSpec, answer: _Answer) -> CheckResult:
    """Great Expectations' answer as ours."""
    if answer.status is CheckStatus.RAISED:
        return _check(table, spec, answer.status, f"the check itself broke: {answer.broken_by}")
    found = _found(answer.details)
    if "subject" in frame.columns and answer.rows:
        named = frame["subject"].gather(list(answer.rows))
        found = f"{found}: {'; '.join(named.head(_N_NAMED))}{' ...' if len(named) > _N_NAMED else ''}"
    ids = _failing(table, frame, spec, answer.rows)["record_id"].head(N_SHOWN)
    n_failing = answer.details.get("unexpected_count") or 0
    check = _check(table, spec, answer.status, found)
    return check.model_copy(update={"n_failing": n_failing, "failing_record_ids": tuple(ids)})


def _check(table: str, spec: ExpectationSpec, status: CheckStatus, found: str) -> CheckResult:
    return CheckResult(
        name=spec.name,
        table=table,
        severity=spec.severity,
        status=status,
        expected=spec.expected,
        found=found,
        why=spec.why,
    )


def _found(details: Mapping[str, Any]) -> str:
    """Counts or the one figure that was computed, for people."""
    if "unexpected_count" in details:
        n_checked = details["element_count"] - (details.get("missing_count") or 0)
        return f"{details['unexpected_count']} of {n_checked} rows fail"
    if "missing_count" in details:
        missing = details.get("partial_missing_list") or ["none"]
        return f"missing: {', '.join(str(value) for value in missing)}"
    return f"{details['observed_value']:.4g}"


def _failing(table: str, frame: pl.DataFrame, spec: ExpectationSpec, rows: Sequence[int]) -> pl.DataFrame:
    """The records of `rows`, each once, in the frame's order; none where rows are not of records."""
    if "record_id" not in frame.columns or not rows:
        return FAILING.empty()
    ids = frame["record_id"].gather(list(rows)).drop_nulls().unique(maintain_order=True).head(MAX_FAILING)
    return ids.to_frame().select(table=pl.lit(table), check=pl.lit(spec.name), record_id="record_id")
