"""How a model does on recordings that it never saw."""

from enum import StrEnum
from typing import Literal

from schemas.base import Frozen, Interval
from schemas.codes import CodeSystem, SplitName
from schemas.manifest import Sha256

__all__ = [
    "Answered",
    "ClassesResult",
    "Difference",
    "EvaluationReport",
    "Measure",
    "Measured",
    "OutputResult",
    "StratumResult",
]


class Measure(StrEnum):
    """What is measured; docs/evaluation.md says what each number means."""

    AUROC = "AUROC"
    AUPRC = "AUPRC"
    SENSITIVITY_AT = "sensitivity at 90 % specificity"
    BRIER = "Brier score"
    CALIBRATION_ERROR = "calibration error"
    CALIBRATION_SLOPE = "calibration slope"
    CALIBRATION_INTERCEPT = "calibration intercept"
    F1 = "F1"
    ACCURACY = "accuracy"
    SENSITIVITY = "sensitivity"
    SPECIFICITY = "specificity"
    MEAN_F1 = "mean F1"
    CHALLENGE_2021 = "CinC 2021 score"


class Measured(Frozen):
    """One number with its 95 % interval."""

    measure: Measure
    estimate: Interval


class Answered(Frozen):
    """The share of errors where only the surest are answered: at each coverage, and on average over all of them."""

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    area: Interval
    excess: float  # less the area of the best possible order


class StratumResult(Frozen):
    """One group of records; no area where it has fewer than 20 with the finding or without it."""

    kind: str
    group: str
    n_records: int
    n_positive: int
    auroc: Interval | None


class OutputResult(Frozen):
    """One output of the model; no area where all records are of one kind."""

    code_system: CodeSystem
    code: str
    name: str
    threshold: float | None = None  # from which the finding is called present
    n_records: int
    n_positive: int
    n_told: int = 0  # answered by the model itself, which may say that it can't tell
    n_told_wrong: int = 0
    auroc: Interval | None
    measured: tuple[Measured, ...] = ()
    answered: Answered | None = None
    strata: tuple[StratumResult, ...] = ()


class ClassesResult(Frozen):
    """The outputs as classes of which every record has exactly one, the likeliest decided for."""

    names: tuple[str, ...]
    n_scored: int  # the first so many count in the mean F1
    n_records: int
    confusion: tuple[tuple[int, ...], ...]  # true by decided
    f1: tuple[float, ...]
    measured: tuple[Measured, ...]
    answered: Answered


class Difference(Frozen):
    """This model less the other, paired over the same records."""

    measure: Measure
    name: str  # of the output; of the classes: all of them
    estimate: Interval
    p_value: float | None = None  # of DeLong's test


class EvaluationReport(Frozen):
    """A model on a dataset. `unit`: what intervals are over; `level`: how far an overlap could be excluded.

    n_looks: how often models have been looked at on this dataset's test split, this time included; none: not looked at.
    """

    model_sha256: Sha256
    against_sha256: Sha256 | None = None
    dataset: str
    content_sha256: Sha256
    split: SplitName | None  # none: all
    n_records: int
    n_refused: int = 0  # recordings that the model refuses to read, and that count nowhere
    unit: Literal["patient", "record"]
    level: str
    results: tuple[OutputResult, ...]
    classes: ClassesResult | None = None
    challenge: Interval | None = None  # CinC 2021, where the outputs are classes of it, so many:
    n_challenge_classes: int = 0
    differences: tuple[Difference, ...] = ()
    n_looks: int | None = None
    warning: str = ""
