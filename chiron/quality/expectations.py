"""Running expectation suites with Great Expectations. The only module that knows it (importing it takes seconds).

Great Expectations counts an expectation over no rows, or over nothing but nulls, as a success, and one that broke as a
failure of the data. Here both have a status of their own, and neither is a pass.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

import great_expectations as gx
import pandas as pd
import polars as pl
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnPairMapMetricProvider,
    column_pair_condition_partial,
)
from great_expectations.expectations.registry import get_expectation_impl

from schemas.gate import CheckResult, CheckStatus
from schemas.suites import ExpectationSpec

__all__ = ["columns_of", "run_checkpoint"]

_MAX_IDS: Final = 20
_ABOUT_NULLS: Final = (
    "expect_column_values_to_not_be_null",
    "expect_column_proportion_of_non_null_values_to_be_between",
)


class _ConstantWithinGroup(ColumnPairMapMetricProvider):  # type: ignore[misc]
    """Row by row: does B have one value only, for this row's A?"""

    condition_metric_name = "column_pair_values.b_constant_within_a"
    condition_domain_keys = ("batch_id", "table", "column_A", "column_B", "ignore_row_if")
    condition_value_keys = ()

    @column_pair_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column_A: pd.Series, column_B: pd.Series, **_: object) -> pd.Series:  # noqa: N803, N805
        return column_B.groupby(column_A).transform("nunique") == 1


class ExpectColumnPairBToBeConstantWithinA(ColumnPairMapExpectation):  # type: ignore[misc]
    """Expect column B to have one value within each group of column A: no patient straddles two splits."""

    map_metric: ClassVar[str] = "column_pair_values.b_constant_within_a"
    success_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B", "ignore_row_if", "mostly")
    ignore_row_if: Literal["either_value_is_missing"] = "either_value_is_missing"


def run_checkpoint(table: str, frame: pl.DataFrame, specs: Sequence[ExpectationSpec]) -> list[CheckResult]:
    """One result for each of `specs` (less those that do not apply), in order."""
    applicable = [s for s in specs if not (s.where_recorded and _holds_nothing(frame, s))]
    settled = {i: early for i, spec in enumerate(applicable) if (early := _before_running(table, frame, spec))}
    to_run = {i: spec for i, spec in enumerate(applicable) if i not in settled}
    raw = _run(table, frame, to_run) if to_run else {}
    return [settled.get(i) or _result(table, spec, raw[i]) for i, spec in enumerate(applicable)]


def _run(table: str, frame: pl.DataFrame, specs: Mapping[int, ExpectationSpec]) -> dict[int, dict[str, Any]]:
    """Great Expectations' own results, by number. A checkpoint has one data frame, so each table has a checkpoint."""
    context = gx.get_context(mode="ephemeral", project_config=_configuration())
    suite = gx.ExpectationSuite(name=table)
    for number, spec in specs.items():
        suite.add_expectation(get_expectation_impl(spec.type)(**spec.kwargs, meta={"number": number}))
    asset = context.data_sources.add_pandas("tables").add_dataframe_asset(table)
    validation = gx.ValidationDefinition(
        name=table, data=asset.add_batch_definition_whole_dataframe(table), suite=context.suites.add(suite)
    )
    checkpoint = gx.Checkpoint(
        name=table,
        validation_definitions=[context.validation_definitions.add(validation)],
        result_format=_result_format(frame),
    )
    run = context.checkpoints.add(checkpoint).run(
        batch_parameters={"dataframe": frame.to_pandas(use_pyarrow_extension_array=True)}
    )
    (result,) = run.run_results.values()
    return {r.expectation_config.meta["number"]: r.to_json_dict() for r in result.results}


def _configuration() -> DataContextConfig:
    """All in memory: no calls home, no bars, and no folder for pages that are never made."""
    return DataContextConfig(
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
    )


def _result_format(frame: pl.DataFrame) -> dict[str, Any]:
    """Counts and record ids, never values."""
    shown = {"result_format": "SUMMARY", "partial_unexpected_count": _MAX_IDS, "exclude_unexpected_values": True}
    return {**shown, "unexpected_index_column_names": ["record_id"]} if "record_id" in frame.columns else shown


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


def _result(table: str, spec: ExpectationSpec, raw: Mapping[str, Any]) -> CheckResult:
    """Great Expectations' result as ours."""
    raised = _raised(raw.get("exception_info") or {})
    if raised:
        return _check(table, spec, CheckStatus.RAISED, f"the check itself broke: {raised}")
    status = CheckStatus.PASSED if raw["success"] else CheckStatus.FAILED
    return _check(table, spec, status, _found(raw["result"]), raw["result"])


def _check(
    table: str, spec: ExpectationSpec, status: CheckStatus, found: str, details: Mapping[str, Any] | None = None
) -> CheckResult:
    details = details or {}
    return CheckResult(
        name=spec.name,
        table=table,
        severity=spec.severity,
        status=status,
        expected=spec.expected,
        found=found,
        why=spec.why,
        n_failing=details.get("unexpected_count") or 0,
        failing_record_ids=tuple(_failing_ids(details))[:_MAX_IDS],
    )


def _raised(info: Mapping[str, Any]) -> str:
    """The kind of exception, without its text, which may hold values; empty where there was none.

    The information is either about the whole expectation, or one for each metric that broke.
    """
    each = [info] if "raised_exception" in info else list(info.values())
    broken = [i for i in each if i.get("raised_exception")]
    if not broken:
        return ""
    last_line = str(broken[0].get("exception_traceback") or "").strip().splitlines()[-1:]
    return last_line[0].split(":")[0] if last_line else "unknown exception"


def _found(details: Mapping[str, Any]) -> str:
    """Counts or the one figure that was computed, for people."""
    if "unexpected_count" in details:
        n_checked = details["element_count"] - (details.get("missing_count") or 0)
        return f"{details['unexpected_count']} of {n_checked} rows fail"
    if "missing_count" in details:
        missing = details.get("partial_missing_list") or ["none"]
        return f"missing: {', '.join(str(value) for value in missing)}"
    return f"{details['observed_value']:.4g}"


def _failing_ids(details: Mapping[str, Any]) -> Iterator[str]:
    """Ids of failing records, in the frame's order, each once; none where rows are not of records."""
    entries = details.get("partial_unexpected_index_list") or []
    listed = [entry["record_id"] for entry in entries if isinstance(entry, dict)]
    flat = [i for ids in listed for i in (ids if isinstance(ids, list) else [ids])]
    yield from dict.fromkeys(str(i) for i in flat)
