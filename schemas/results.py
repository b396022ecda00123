"""What stages hand back, and everything that the last screen and the page show. No patient value is in any of them."""

from typing import Annotated

from pydantic import Field

from schemas.agreement import AgreementResult
from schemas.base import Frozen
from schemas.boost import BoostReport
from schemas.consensus import ConsensusReport
from schemas.drift import DriftReport
from schemas.gate import GateReport
from schemas.ingested import IngestReport
from schemas.manifest import DatasetRef, Sha256
from schemas.missingness import Passport
from schemas.myth import MythReport
from schemas.quality import QualityReport
from schemas.registry import Registration
from schemas.release import Withdrawal
from schemas.splits import SplitReport
from schemas.suspects import SuspectReport
from schemas.vanishing import VanishingReport

__all__ = [
    "Pulled",
    "Release",
    "RunReport",
    "StageOutcome",
]


class Release(Frozen):
    """A released dataset."""

    name: str
    version: str
    content_sha256: Sha256
    manifest_sha256: Sha256
    registry: str
    new: bool  # false: this content was released before
    withdrawn: Withdrawal | None = None

    @property
    def tag(self) -> str:
        """`name@version`, as git and people write it."""
        return f"{self.name}@{self.version}"


class Pulled(Release):
    """A release that was pulled into a folder."""

    n_bytes_moved: int  # from the remote
    n_bytes_cached: int  # that this machine had already
    seconds: float


class StageOutcome(Frozen):
    """A finished stage. `reused`: its folder was there already."""

    stage: str
    ref: DatasetRef
    reused: bool
    summary: str = ""


class RunReport(Frozen):
    """Everything that the last screen and the page show."""

    name: str
    simulated: bool
    stages: tuple[StageOutcome, ...]
    ingest: IngestReport
    agreement: tuple[AgreementResult, ...]
    consensus: ConsensusReport
    drift: DriftReport
    vanishing: VanishingReport
    myth: MythReport
    quality: QualityReport | None = None  # where there are recordings
    suspects: SuspectReport | None = None
    gate: GateReport
    passport: Passport
    labels_kept: dict[str, Annotated[int, Field(ge=0)]]
    split_counts: dict[str, int]
    splits: SplitReport | None = None  # none of a dataset that was validated before there was one
    n_synthetic: int
    releases: tuple[Release, ...]
    training: BoostReport
    registration: Registration
    report_path: str
