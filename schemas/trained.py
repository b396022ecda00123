"""What training reports: arms, comparisons, the verdict, and the registered model."""

from enum import StrEnum
from typing import ClassVar

from schemas.base import Frozen, Interval, Report
from schemas.manifest import Sha256
from schemas.splits import PATIENT_LEVEL, RECORD_LEVEL
from schemas.vanishing import LabelStep

__all__ = [
    "ArmName",
    "ArmResult",
    "Comparison",
    "LossCurve",
    "RegisteredModel",
    "RocCurve",
    "TrainReport",
]


class ArmName(StrEnum):
    """A way of training."""

    SYNTHETIC_ONLY = "synthetic only"
    SCRATCH = "scratch"
    FOREST = "forest"
    SYNTHETIC_FIRST = "synthetic first"


class RocCurve(Frozen):
    """Points of a receiver operating characteristic, thinned for drawing."""

    arm: ArmName
    n_real: int
    false_positive_rate: tuple[float, ...]
    true_positive_rate: tuple[float, ...]


class LossCurve(Frozen):
    """Training loss by epoch or step."""

    label: str
    step: tuple[int, ...]
    loss: tuple[float, ...]


class ArmResult(Frozen):
    """One way of training, at one number of real training records, on the test split."""

    arm: ArmName
    n_real: int
    n_real_positive: int
    auroc: Interval


class Comparison(Frozen):
    """Paired difference of two arms on the same test records (DeLong)."""

    arm: ArmName
    reference: ArmName
    n_real: int
    difference: Interval
    p_value: float


class TrainReport(Report):
    """The experiment's table, and the verdict."""

    file_name: ClassVar[str] = "train_report.json"
    target_system: str
    target_code: str
    target_name: str
    device: str
    unit: str  # "record" or "patient": what the intervals are over
    n_train: int
    n_valid: int
    n_test: int
    n_test_positive: int
    n_cohort: int
    arms: tuple[ArmResult, ...]
    comparisons: tuple[Comparison, ...]
    roc: tuple[RocCurve, ...]
    losses: tuple[LossCurve, ...]
    label_steps: tuple[LabelStep, ...] = ()  # from the dataset's labels to what was loaded, all splits
    fit_for_registration: bool = False  # synthetic first is above the best arm without synthetic data, at all records
    verdict: str

    @property
    def level(self) -> str:
        """What the splits keep apart, in words."""
        return RECORD_LEVEL if self.unit == "record" else PATIENT_LEVEL


class RegisteredModel(Frozen):
    """A model version in the registry."""

    name: str
    version: str
    file: str
    sha256: Sha256
    aliases: tuple[str, ...] = ()
