"""What came of training on a cohort alone: no real label reached a weight, a threshold or a prior."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import Frozen, Interval, Report
from schemas.codes import SplitName
from schemas.manifest import Sha256
from schemas.training import Architecture, Augmentation

__all__ = ["Decisions", "PriorName", "Ranking", "RhythmClass", "ZeroShotPoint", "ZeroShotReport", "ZeroShotSettings"]

Count = Annotated[int, Field(ge=0)]


class RhythmClass(StrEnum):
    """The four classes of CinC 2017, of which a recording has exactly one."""

    NORMAL = "N"
    FIBRILLATION = "A"
    OTHER = "O"
    NOISY = "~"


class PriorName(StrEnum):
    """How frequent the classes are taken to be, where no real label says so."""

    COHORT = "as in the cohort"
    EQUAL = "all alike"


class Ranking(Frozen):
    """How well one score tells fibrillation from everything else."""

    score: str  # "network", or the name of a rule
    auroc: Interval
    auroc_without_noisy: Interval


class Decisions(Frozen):
    """One class for every recording, under one prior. F1 of each class; `mean_f1` is of N, A and O, as in CinC 2017."""

    prior: PriorName
    shares: dict[RhythmClass, float]
    f1: dict[RhythmClass, float]
    mean_f1: Interval


class ZeroShotSettings(Frozen):
    """Everything that a point depends on: two points with equal settings are the same."""

    n_distinct: Annotated[int, Field(ge=1)]
    n_steps: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=2)]
    learning_rate: Annotated[float, Field(gt=0)]
    seed: Count
    architecture: Architecture
    augmentation: Augmentation
    examples_sha256: Sha256  # of the first examples: another generator makes others
    dataset_sha256: Sha256
    splits: tuple[SplitName, ...]


class ZeroShotPoint(Frozen):
    """One network, at one number of distinct records."""

    settings: ZeroShotSettings
    ranking: Ranking
    decisions: tuple[Decisions, ...]
    train_s: float


class ZeroShotReport(Report):
    """The curve over distinct records, beside rules without labels on the same recordings."""

    file_name: ClassVar[str] = "zero_shot.json"
    splits: tuple[SplitName, ...]
    n_records: dict[RhythmClass, Count]
    rules: tuple[Ranking, ...]
    points: tuple[ZeroShotPoint, ...]
