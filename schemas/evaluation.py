"""How a model does on recordings that it never saw."""

from typing import Literal

from schemas.base import Frozen, Interval
from schemas.codes import CodeSystem, SplitName
from schemas.manifest import Sha256

__all__ = ["EvaluationReport", "OutputResult"]


class OutputResult(Frozen):
    """One output of the model; no area where all records are of one kind."""

    code_system: CodeSystem
    code: str
    name: str
    n_records: int
    n_positive: int
    auroc: Interval | None


class EvaluationReport(Frozen):
    """A model on a dataset. `unit`: what intervals are over; `level`: how far an overlap could be excluded."""

    model_sha256: Sha256
    dataset: str
    content_sha256: Sha256
    split: SplitName | None  # none: all
    n_records: int
    unit: Literal["patient", "record"]
    level: str
    results: tuple[OutputResult, ...]
