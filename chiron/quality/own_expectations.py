"""Expectations of our own, for what the core of Great Expectations has no word for. Importing them registers them."""

from typing import ClassVar, Final, Literal

import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    ColumnPairMapMetricProvider,
    MulticolumnMapMetricProvider,
    column_condition_partial,
    column_pair_condition_partial,
    multicolumn_condition_partial,
)

__all__ = [
    "ExpectAbsenceToBeForNoReason",
    "ExpectAnnotatorsToAgree",
    "ExpectLabelsNotToVanish",
    "ExpectPatientsInOneSplit",
    "ExpectReadableRecordings",
]

_PAIR: Final = ("batch_id", "table", "column_A", "column_B", "ignore_row_if")
_EITHER_MISSING: Final = "either_value_is_missing"


class _OneSplit(ColumnPairMapMetricProvider):  # type: ignore[misc]
    """Row by row: does B have one value only, for this row's A?"""

    condition_metric_name = "column_pair_values.b_constant_within_a"
    condition_domain_keys = _PAIR
    condition_value_keys = ()

    @column_pair_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column_A: pd.Series, column_B: pd.Series, **_: object) -> pd.Series:  # noqa: N803, N805
        return column_B.groupby(column_A).transform("nunique") == 1


class ExpectPatientsInOneSplit(ColumnPairMapExpectation):  # type: ignore[misc]
    """Expect split B to be the same for all rows of patient (or recording) A."""

    map_metric: ClassVar[str] = _OneSplit.condition_metric_name
    success_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B", "ignore_row_if", "mostly")
    ignore_row_if: Literal["either_value_is_missing"] = _EITHER_MISSING


class _NoReason(ColumnPairMapMetricProvider):  # type: ignore[misc]
    """Row by row: is little enough missing (A, a share), or no reason known why (B)?"""

    condition_metric_name = "column_pair_values.absent_for_no_reason"
    condition_domain_keys = _PAIR
    condition_value_keys = ("max_share",)

    @column_pair_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(
        cls,  # noqa: N805
        column_A: pd.Series,  # noqa: N803
        column_B: pd.Series,  # noqa: N803
        max_share: float,
        **_: object,
    ) -> pd.Series:
        return (column_A <= max_share) | ~column_B


class ExpectAbsenceToBeForNoReason(ColumnPairMapExpectation):  # type: ignore[misc]
    """Expect no column of which more than `max_share` is missing (A) for a reason that was found (B)."""

    map_metric: ClassVar[str] = _NoReason.condition_metric_name
    success_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B", "ignore_row_if", "mostly", "max_share")
    ignore_row_if: Literal["either_value_is_missing"] = _EITHER_MISSING
    max_share: float = 0.0


class _NotVanished(MulticolumnMapMetricProvider):  # type: ignore[misc]
    """Row by row: are all labels there, but those left out for a reason?"""

    condition_metric_name = "multicolumn_values.labels_not_vanished"
    condition_domain_keys = ("batch_id", "table", "column_list", "ignore_row_if")
    condition_value_keys = ()

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column_list: pd.DataFrame, **_: object) -> pd.Series:  # noqa: N805
        before, explained, after = (column_list[name] for name in column_list.columns)
        return before - explained <= after


class ExpectLabelsNotToVanish(MulticolumnMapExpectation):  # type: ignore[misc]
    """Expect, in the columns [before, explained, after], that what is not after was explained."""

    map_metric: ClassVar[str] = _NotVanished.condition_metric_name


class _Agreed(ColumnMapMetricProvider):  # type: ignore[misc]
    """Row by row: is the agreement beyond chance high enough?"""

    condition_metric_name = "column_values.annotators_agree"
    condition_domain_keys = ("batch_id", "table", "column")
    condition_value_keys = ("min_agreement",)

    @column_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column: pd.Series, min_agreement: float, **_: object) -> pd.Series:  # noqa: N805
        return column >= min_agreement


class ExpectAnnotatorsToAgree(ColumnMapExpectation):  # type: ignore[misc]
    """Expect each kappa, or the lower bound of its interval, to be at least `min_agreement`."""

    map_metric: ClassVar[str] = _Agreed.condition_metric_name
    success_keys: ClassVar[tuple[str, ...]] = ("column", "mostly", "min_agreement")
    min_agreement: float


class _Readable(ColumnMapMetricProvider):  # type: ignore[misc]
    """Row by row: is the recording's score that of one that can be read?"""

    condition_metric_name = "column_values.readable"
    condition_domain_keys = ("batch_id", "table", "column")
    condition_value_keys = ("min_score",)

    @column_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column: pd.Series, min_score: float, **_: object) -> pd.Series:  # noqa: N805
        return column >= min_score


class ExpectReadableRecordings(ColumnMapExpectation):  # type: ignore[misc]
    """Expect a share `mostly` of the recordings to have a score of at least `min_score`."""

    map_metric: ClassVar[str] = _Readable.condition_metric_name
    success_keys: ClassVar[tuple[str, ...]] = ("column", "mostly", "min_score")
    min_score: float
