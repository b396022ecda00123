"""What a network reads and predicts: the contract that is stored in a model's file."""

from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Field, JsonValue, model_validator

from schemas.base import Frozen
from schemas.boost import Arm
from schemas.card import BoostVerdict, Calibration, CardMetric, CardSource, InputLimits, Range, SourceRole
from schemas.codes import Code, CodeSystem
from schemas.ledger import NO_LEDGER, LedgerFacts

__all__ = ["INTENDED_USE", "Architecture", "Augmentation", "ModelCard", "ModelKind", "ModelOutput", "WindowSpec"]

INTENDED_USE: Final = (
    "Research: ranks recordings for a reader by the probability of each finding. Not a medical device; no decision "
    "about a patient may rest on it."
)

MAX_LEADS: Final = 64
MAX_OUTPUTS: Final = 512

Probability = Annotated[float, Field(ge=0, le=1)]


class Architecture(StrEnum):
    """A network's name and version; changing a layer makes another one."""

    RESNET = "resnet1d-1"  # small: the default on a processor
    XRESNET = "xresnet1d50-1"  # of the class of the PTB-XL benchmark
    MULTISCALE = "multiscale-1"  # four zoom levels, shared weights


class ModelKind(StrEnum):
    """What a model's file holds."""

    NETWORK = "network"
    FOREST = "random forest"
    LOGISTIC = "logistic regression"


class Augmentation(Frozen):
    """Which changes of a window, all of which leave its labels true, are made in training."""

    crop: bool = True  # keep a part, as short recordings have
    slide: bool = True
    time_warp: bool = True
    amplitude_warp: bool = True
    lead_dropout: bool = True  # of several leads
    noise: bool = True
    baseline: bool = True
    filter: bool = True
    polarity: bool = True  # of a single lead
    limb_reversal: bool = True  # of several leads: arms exchanged
    mixing: bool = False


class WindowSpec(Frozen):
    """The input of a network: windows of `duration_s` at `fs_hz`, at most `max_windows` of one recording."""

    fs_hz: Annotated[float, Field(ge=50, le=1000)] = 100.0
    duration_s: Annotated[float, Field(ge=2, le=120)] = 20.0
    max_windows: Annotated[int, Field(ge=1, le=64)] = 5

    @property
    def n_samples(self) -> int:
        """The length of one window."""
        return round(self.fs_hz * self.duration_s)


class ModelOutput(Frozen):
    """One output: from `threshold` on the finding is called present. None: too few records to choose one."""

    code_system: CodeSystem
    code: str
    name: str
    threshold: Probability | None = None  # of the calibrated probability
    calibration: Calibration = Calibration()
    unsure: Range | None = None  # calibrated probabilities at which the model can't tell

    @property
    def key(self) -> Code:
        """The code with its system."""
        return Code(self.code_system, self.code)


class ModelCard(Frozen):
    """Everything about a model but its weights. Where `exclusive`, exactly one of the outputs is true of a record."""

    format_version: Literal[2] = 2
    kind: ModelKind = ModelKind.NETWORK
    architecture: Annotated[str, Field(max_length=64)]
    leads: Annotated[tuple[str, ...], Field(min_length=1, max_length=MAX_LEADS)]
    window: WindowSpec  # of a forest or a regression, the rate alone: features are of the whole recording
    unit: Literal["mV"] = "mV"
    normalisation: str
    filters: tuple[str, ...] = ()  # what is done to a recording before it is read, in words
    limits: InputLimits = InputLimits()
    outputs: Annotated[tuple[ModelOutput, ...], Field(min_length=1, max_length=MAX_OUTPUTS)]
    exclusive: bool = False
    temperature: Annotated[float, Field(gt=0, le=1000)] = 1.0  # of exclusive outputs: their calibration
    thresholds_chosen: str = "not chosen"  # how, and on what
    min_confidence: Probability | None = None  # of exclusive outputs: below it the model can't tell
    abstention_chosen: str = "not chosen"  # how, and on what
    arm: Arm
    metrics: tuple[CardMetric, ...] = ()
    boost: BoostVerdict | None = None
    sources: tuple[CardSource, ...] = ()
    parameters: dict[str, JsonValue]
    environment: dict[str, str] = {}  # versions of what it was trained with
    simulated: bool
    licence: str = "not stated"
    intended_use: str = INTENDED_USE
    ledger: LedgerFacts | None = None  # none in files of before there were ledgers

    @property
    def level(self) -> str:
        """What an evaluation of the model can keep apart."""
        return self.ledger.level if self.ledger else NO_LEDGER

    @property
    def verdict(self) -> str:
        """Whether the cohort helped, in a sentence."""
        return self.boost.verdict if self.boost else "no boost experiment was made"

    @property
    def dataset_sha256(self) -> str | None:
        """The content of the dataset of the task itself."""
        return self._content_of(SourceRole.TARGET)

    @property
    def cohort_sha256(self) -> str | None:
        """The content of the cohort that was trained on first."""
        return self._content_of(SourceRole.COHORT)

    def _content_of(self, role: SourceRole) -> str | None:
        return next((source.content_sha256 for source in self.sources if source.role is role), None)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.leads)) < len(self.leads) or len({o.key for o in self.outputs}) < len(self.outputs):
            raise ValueError("card: expected every lead and every output once, found one twice")
        return self
