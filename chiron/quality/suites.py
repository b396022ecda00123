"""Expectation suites: read from `schemas/expectations`, with limits and vocabularies filled in.

How expectations are run is in `chiron.quality.expectations`, which alone knows Great Expectations.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib import resources
from typing import Final

import yaml
from pydantic import JsonValue

from chiron.quality.signals import SIGNAL_LIMITS
from schemas.codes import AnnotatorKind, CodeSystem, LabelMethod, Sex, SplitName
from schemas.params import GateParams
from schemas.suites import ExpectationSpec, Suite

__all__ = ["SUITES", "bound", "load_suite", "named_values"]

SUITES: Final = (
    *("inputs", "records", "signals", "recordings", "annotations", "agreement"),
    *("hops", "vanishing", "codes", "labels", "missingness", "splits"),
)

_VOCABULARIES: Final[dict[str, type[StrEnum]]] = {
    "annotator_kinds": AnnotatorKind,
    "code_systems": CodeSystem,
    "label_methods": LabelMethod,
    "sexes": Sex,
    "splits": SplitName,
}


def load_suite(table: str) -> Suite:
    """The declared suite of one of `SUITES`."""
    path = resources.files("schemas").joinpath("expectations", f"{table}.yaml")
    return Suite.model_validate(yaml.safe_load(path.read_text()))


def named_values(gate: GateParams) -> dict[str, JsonValue]:
    """What `$name` may stand for: the gate's limits, those of signals, and the closed vocabularies."""
    return {
        "min_agreement": gate.min_agreement,
        "max_quarantined_share": gate.max_quarantined_share,
        "max_missing_for_a_reason": gate.max_missing_for_a_reason,
        "min_readable_share": gate.min_readable_share,
        "min_recorded_share": round(1 - gate.max_missing_share, 6),
        **SIGNAL_LIMITS,
        **{name: [word.value for word in words] for name, words in _VOCABULARIES.items()},
    }


def bound(suite: Suite, values: Mapping[str, JsonValue]) -> Iterator[ExpectationSpec]:
    """The suite's expectations with names replaced by `values`, and one for each of `for_columns`."""
    for spec in suite.expectations:
        kwargs = {key: _value(given, values) for key, given in spec.kwargs.items()}
        if not spec.for_columns:
            yield spec.model_copy(update={"kwargs": kwargs, "expected": spec.expected.format_map(values)})
        for column in spec.for_columns:
            expected = spec.expected.format_map({**values, "column": column})
            changes = {"name": f"{spec.name}_{column}", "kwargs": {**kwargs, "column": column}, "expected": expected}
            yield spec.model_copy(update=changes)


def _value(given: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    is_name = isinstance(given, str) and given.startswith("$")
    return values[str(given)[1:]] if is_name else given
