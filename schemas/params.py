"""What a person or a schedule may choose, per flow. Everything here changes the result, and so enters a stage's key.

Things that must not change the result (workers, shard size, addresses) are settings, see `chiron.settings`.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import Frozen
from schemas.boost import BoostPlan
from schemas.cohort import CohortSpec
from schemas.manifest import DatasetRef
from schemas.training import Architecture, WindowSpec

__all__ = [
    "DatasetName",
    "FillParams",
    "GateParams",
    "IngestParams",
    "RelatedSource",
    "ReleaseParams",
    "ReleaseVersion",
    "RunParams",
    "SplitShares",
    "SynthesizeParams",
    "TrainParams",
    "TrainingData",
    "ValidateParams",
]

DatasetName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
ReleaseVersion = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){2}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class IngestParams(Frozen):
    """Which landing folder or `s3://` prefix, and as what."""

    source: str
    name: DatasetName
    profile: str | None = None  # recognised from the files when not named


class SplitShares(Frozen):
    """The shares of patients in train, valid and test."""

    train: Share = 0.5
    valid: Share = 0.1
    test: Share = 0.4

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        if abs(self.train + self.valid + self.test - 1) > 1e-9:
            raise ValueError(f"split shares: expected sum 1, found {self.train + self.valid + self.test:.6g}")
        return self


class GateParams(Frozen):
    """Limits of the gate: what is beyond them closes it."""

    min_agreement: Share = 0.4  # Fleiss' kappa between annotators, where there are several
    max_quarantined_share: Share = 0.2
    max_missing_share: Share = 0.6  # of any column, as a warning
    max_missing_for_a_reason: Share = 0.95  # of any column of `records` whose absence depends on something
    min_readable_share: Share = 0.5  # of the recordings, by their score of signal quality
    min_records_per_stratum: Annotated[int, Field(ge=1)] = 10  # fewer is a hole


class ValidateParams(Frozen):
    """How labels are agreed on, patients split, and the gate set."""

    splits: SplitShares = SplitShares()
    gate: GateParams = GateParams()
    suspects: bool = True  # rank labels by doubt: reads every recording once more


class SynthesizeParams(Frozen):
    """Which cohort."""

    cohort: CohortSpec = CohortSpec()


class FillParams(Frozen):
    """How the holes of a dataset are filled, and how the cohort is validated that was made for them.

    Nobody doubts the labels of simulated hearts, and holes of recordings that can hardly be read are filled with such.
    """

    margin: Annotated[float, Field(ge=1, le=10)] = 1.5  # times as many records as a hole lacks
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    validation: ValidateParams = ValidateParams(gate=GateParams(min_readable_share=0), suspects=False)


class ReleaseParams(Frozen):
    """Under which name, and with which version if not the next one."""

    name: DatasetName
    version: ReleaseVersion | None = None


class TrainParams(Frozen):
    """The boost experiment. The test split is read by the last step of the flow only."""

    window: WindowSpec = WindowSpec()
    architecture: Architecture = Architecture.RESNET
    plan: BoostPlan = BoostPlan()


class TrainingData(Frozen):
    """What is trained on and tested with: a target's dataset, a cohort, and other real recordings."""

    real: DatasetRef
    cohort: DatasetRef
    related: tuple[DatasetRef, ...] = ()


class RelatedSource(Frozen):
    """Other real recordings, of another task, that networks may learn from first: ingested and validated as `name`."""

    name: DatasetName
    source: str
    profile: str | None = None


class RunParams(Frozen):
    """The whole pipeline."""

    name: DatasetName = "demo"
    source: str | None = None  # none: a simulated demo hospital is written first
    profile: str | None = None
    related: tuple[RelatedSource, ...] = ()
    validation: ValidateParams = ValidateParams()
    synthesis: SynthesizeParams = SynthesizeParams()
    training: TrainParams = TrainParams()

    @property
    def cohort_name(self) -> str:
        """Under which name the cohort is released."""
        return f"{self.name}-{self.synthesis.cohort.name}"
