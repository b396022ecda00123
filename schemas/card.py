"""The parts of a model's card: what it accepts, where it came from, how well it does, whether the cohort helped."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import Frozen, Interval
from schemas.boost import Arm, BoostReport, Contrast, CurvePoint, Efficiency, MetricName, Mix
from schemas.codes import SplitName
from schemas.manifest import Sha256

__all__ = [
    "BoostVerdict",
    "Calibration",
    "CardMetric",
    "CardSource",
    "InputLimits",
    "Range",
    "SourceRole",
]

Count = Annotated[int, Field(ge=0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class Range(Frozen):
    """From `low` to `high`, both within."""

    low: Finite
    high: Finite

    def holds(self, value: float) -> bool:
        """Whether a value lies within; nan does not."""
        return self.low <= value <= self.high

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"range: expected low <= high, found {self.low:g} and {self.high:g}")
        return self


class InputLimits(Frozen):
    """What a recording must keep to: outside the first two it is refused, outside the others the model can't tell."""

    fs_hz: Range = Range(low=50, high=10_000)
    duration_s: Range = Range(low=2, high=7 * 86_400)
    peak_mv: Range | None = None  # the typical R amplitude of what was trained on, and as much again either way
    max_missing_share: Share = 0.5
    min_quality: Share = 0.0  # of the score of signal quality


class Calibration(Frozen):
    """From a raw probability to one that can be believed: sigmoid(slope * logit(p) + intercept)."""

    slope: Annotated[float, Field(gt=0, le=1000)] = 1.0
    intercept: Annotated[float, Field(ge=-1000, le=1000)] = 0.0


class CardMetric(Frozen):
    """One figure of the model. `of`: the name of an output, or of several taken together."""

    name: str  # such as AUROC
    of: str
    value: Interval
    dataset: str
    split: SplitName | None = None  # none: all of the dataset
    mix: Mix = Mix.SAMPLED
    n_records: Count | None = None
    n_positive: Count | None = None
    unit: str = "record"  # or "patient": what the interval is over


class SourceRole(StrEnum):
    """What data was for the model."""

    TARGET = "target"  # real recordings of the task itself
    COHORT = "cohort"  # simulated recordings, trained on first
    RELATED = "related"  # real recordings of another task, trained on first


class CardSource(Frozen):
    """Data that the model was trained on, by content; name and version of its release where it has one."""

    role: SourceRole
    content_sha256: Sha256
    name: str | None = None
    version: str | None = None
    simulated: bool = False
    licence: str | None = None


class BoostVerdict(Frozen):
    """The boost experiment in short. Files of before there was one have only the sentence."""

    verdict: str
    is_boosted: bool | None = None
    metric: MetricName | None = None
    contrast: Contrast | None = None  # the primary one: against the best arm without synthetic data
    efficiency: Efficiency | None = None  # at the primary size, against the same arm
    best_without: Arm | None = None
    n_runs: Count | None = None  # draws x initialisations
    curve: tuple[CurvePoint, ...] = ()  # of the two arms that the primary contrast is of, without single runs
    smallest_detectable: Finite | None = None

    @classmethod
    def of(cls, report: BoostReport) -> Self:
        """What of a report goes into a model's file."""
        table, primary = report.tables[0], report.primary
        return cls(
            verdict=report.verdict,
            is_boosted=report.is_boosted,
            metric=table.metric,
            contrast=primary,
            efficiency=next(
                (e for e in table.efficiencies if (e.n_real, e.reference) == (primary.n_real, primary.reference)), None
            ),
            best_without=report.best_without,
            n_runs=report.plan.n_draws * report.plan.n_initialisations,
            curve=tuple(
                point.model_copy(update={"runs": ()})
                for point in table.points
                if point.arm in (primary.arm, primary.reference)
            ),
            smallest_detectable=report.smallest_detectable,
        )
