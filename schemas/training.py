"""What a network reads and predicts: the contract that is stored in a model's file."""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue

from schemas.base import Frozen
from schemas.codes import Code, CodeSystem
from schemas.ledger import NO_LEDGER, LedgerFacts
from schemas.manifest import Sha256
from schemas.trained import ArmName, ArmResult

__all__ = ["INTENDED_USE", "Architecture", "Augmentation", "ModelCard", "ModelKind", "ModelOutput", "WindowSpec"]

INTENDED_USE: Final = (
    "Research: ranks recordings for a reader by the probability of each finding. Not a medical device; no decision "
    "about a patient may rest on it."
)


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
    """One output: above `threshold` the finding is called present. None: too few records to choose one."""

    code_system: CodeSystem
    code: str
    name: str
    threshold: float | None = None

    @property
    def key(self) -> Code:
        """The code with its system."""
        return Code(self.code_system, self.code)


class ModelCard(Frozen):
    """Everything about a model but its weights."""

    format_version: Literal[1] = 1
    architecture: str
    leads: Annotated[tuple[str, ...], Field(min_length=1)]
    window: WindowSpec
    unit: Literal["mV"] = "mV"
    normalisation: str
    outputs: Annotated[tuple[ModelOutput, ...], Field(min_length=1)]
    arm: ArmName
    metrics: tuple[ArmResult, ...]
    verdict: str
    dataset_sha256: Sha256
    cohort_sha256: Sha256
    parameters: dict[str, JsonValue]
    simulated: bool
    intended_use: str = INTENDED_USE
    ledger: LedgerFacts | None = None  # none in files of before there were ledgers

    @property
    def level(self) -> str:
        """What an evaluation of the model can keep apart."""
        return self.ledger.level if self.ledger else NO_LEDGER
