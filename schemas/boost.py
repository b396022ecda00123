"""The boost experiment: does training on a cohort first need fewer real labels? Its plan, and its report.

An *arm* is a way of training. It is trained at several *sizes* (numbers of real training records), for several *draws*
(which real records) and *initialisations*. A *control* is the synthetic arm with something taken from its cohort; what
it must show is known beforehand.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from schemas.base import Frozen, Interval, Report
from schemas.codes import Code, CodeSystem
from schemas.vanishing import LabelStep

__all__ = [
    "WITHOUT_SYNTHETIC",
    "Arm",
    "BoostPlan",
    "BoostReport",
    "Contrast",
    "Control",
    "ControlResult",
    "CurvePoint",
    "Efficiency",
    "LossCurve",
    "MetricName",
    "MetricTable",
    "Mix",
    "Target",
]

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class Arm(StrEnum):
    """A way of training."""

    SCRATCH = "scratch"
    SCRATCH_EQUAL = "scratch, full augmentation, equal steps"
    FOREST = "forest"
    LOGISTIC = "logistic regression"
    SELF_SUPERVISED = "self-supervised first"
    RELATED_FIRST = "related first"
    SYNTHETIC_FIRST = "synthetic first"
    BOTH_FIRST = "synthetic and related first"


WITHOUT_SYNTHETIC = (
    Arm.SCRATCH,
    Arm.SCRATCH_EQUAL,
    Arm.FOREST,
    Arm.LOGISTIC,
    Arm.SELF_SUPERVISED,
    Arm.RELATED_FIRST,
)


class Control(StrEnum):
    """What is taken from the cohort, or put in its place."""

    SHUFFLED_LABELS = "shuffled synthetic labels"
    RANDOM_PHASE = "random-phase surrogates"
    NO_F_WAVES = "without f-waves"
    REGULAR_RR = "without RR irregularity"
    UNRELATED_TASK = "an unrelated synthetic task"
    CONTRADICTING_LABELS = "contradicting labels"  # the gate must refuse the model


class MetricName(StrEnum):
    """What is measured on the test split."""

    AUROC = "AUROC"  # of the target
    MEAN_F1 = "mean F1"  # of the classes, where every record has exactly one


class Mix(StrEnum):
    """How frequent the classes of the test records are taken to be."""

    SAMPLED = "as sampled"
    NATURAL = "natural"


class Target(Frozen):
    """The finding that is looked for, and the classes of which every record has exactly one (none: not so)."""

    code_system: CodeSystem = CodeSystem.SNOMED_CT
    code: str = "164889003"
    classes: tuple[tuple[CodeSystem, str], ...] = ()  # the target among them
    n_scored: Count = 0  # the first so many classes count in the mean F1
    natural_shares: tuple[Share, ...] = ()  # of the classes, where patients are as they come

    @property
    def key(self) -> Code:
        """The finding's code with its system."""
        return Code(self.code_system, self.code)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.classes and (self.code_system, self.code) not in self.classes:
            raise ValueError(f"classes: expected {self.code} among them, found {[code for _, code in self.classes]}")
        n_classes, n_shares = len(self.classes), len(self.natural_shares)
        if n_shares and n_shares != n_classes:
            raise ValueError(f"natural_shares: expected one for each of {n_classes} classes, found {n_shares}")
        return self


class BoostPlan(Frozen):
    """What is trained. The default fits into two minutes on two cores; all real training records are always a size."""

    target: Target = Target()
    sizes: tuple[Count, ...] = (0, 60)
    primary_size: Annotated[int, Field(ge=1)] = 60  # declared beforehand, with the AUROC as sampled
    arms: tuple[Arm, ...] = (Arm.SCRATCH, Arm.FOREST, Arm.LOGISTIC, Arm.SYNTHETIC_FIRST)
    controls: tuple[Control, ...] = ()
    n_draws: Annotated[int, Field(ge=1)] = 1
    n_initialisations: Annotated[int, Field(ge=1)] = 1
    pretrain_steps: Annotated[int, Field(ge=1)] = 900
    control_steps: Annotated[int, Field(ge=1)] = 300  # of pre-training, for controls and for the arm beside them
    finetune_steps: Annotated[int, Field(ge=1)] = 300
    scratch_steps: Annotated[int, Field(ge=1)] = 600
    n_resamples: Annotated[int, Field(ge=100)] = 1000
    seed: Count = 1


class CurvePoint(Frozen):
    """One arm at one size: the mean over draws and initialisations, with its two-level bootstrap interval."""

    arm: Arm
    n_real: Count
    n_positive: float  # real training records with the target, mean over draws
    n_runs: Count  # draws x initialisations
    value: Interval
    runs: tuple[float, ...] = ()  # of every run


class Contrast(Frozen):
    """Paired difference of two arms at one size. `p_holm`: adjusted, of all but the primary one."""

    arm: Arm
    reference: Arm
    n_real: Count
    difference: Interval
    p_value: float
    p_holm: float | None = None
    primary: bool = False


class Efficiency(Frozen):
    """How many times as many real records `reference` needs for what the synthetic arm reaches at `n_real`.

    Where it never gets there within the sizes, `censored` says that the ratio is at least this.
    """

    n_real: Count
    reference: Arm  # the best arm without synthetic data, chosen on the valid split; or scratch
    ratio: Interval
    censored: bool


class ControlResult(Frozen):
    """A control at the primary size. `difference`: the synthetic arm with as many steps, less the control."""

    control: Control
    value: Interval
    difference: Interval
    expected: str
    held: bool


class MetricTable(Frozen):
    """One metric under one mix."""

    metric: MetricName
    mix: Mix
    points: tuple[CurvePoint, ...]
    contrasts: tuple[Contrast, ...]
    efficiencies: tuple[Efficiency, ...] = ()

    @property
    def primary(self) -> Contrast:
        """The contrast that was declared beforehand; the first table of a report has it."""
        return next(contrast for contrast in self.contrasts if contrast.primary)


class LossCurve(Frozen):
    """Training loss by step; of pre-trainings, and of the first draw at each size."""

    label: str
    step: tuple[int, ...]
    loss: tuple[float, ...]


class BoostReport(Report):
    """The experiment's tables, its controls and the verdict."""

    file_name: ClassVar[str] = "boost.json"
    plan: BoostPlan
    target_name: str
    unit: str  # "record" or "patient": what the intervals are over
    level: str  # what the splits keep apart, in words
    device: str
    n_train: Count
    n_train_positive: Count
    n_valid: Count
    n_test: Count
    n_test_positive: Count
    n_cohort: Count
    n_related: Count = 0
    best_without: Arm  # at the primary size, chosen on the valid split
    tables: tuple[MetricTable, ...]  # the primary one first
    controls: tuple[ControlResult, ...] = ()
    smallest_detectable: float | None = None  # difference at the primary size, at 80 % power
    interaction: Interval | None = None  # what synthetic data adds after related data, less what it adds to nothing
    losses: tuple[LossCurve, ...] = ()
    label_steps: tuple[LabelStep, ...] = ()  # from the dataset's labels to what was loaded, all splits
    is_boosted: bool  # the lower bound of the primary contrast is above zero
    verdict: str

    @property
    def primary(self) -> Contrast:
        """Synthetic first against the best arm without synthetic data, at the primary size."""
        return self.tables[0].primary
