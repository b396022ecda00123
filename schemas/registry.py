"""The model registry: what the gate decided, who made which version the champion, and what was registered."""

from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import AwareDatetime, Field, StringConstraints

from schemas.base import Frozen, Interval, Report
from schemas.manifest import Sha256
from schemas.trained import RegisteredModel

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "GateCheck",
    "ModelGate",
    "Registration",
    "RivalResult",
    "Said",
    "Signed",
    "Step",
    "StepKind",
]

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
"""What a person says: who they are, or why. It is kept for good and published, so it must name no patient."""


class Signed(Frozen):
    """Who decides something about a model, and why: a promotion, a rollback, or a registration despite its gate."""

    by: Said
    why: Said


class RivalResult(Frozen):
    """The candidate beside one registered version, on the test records that this version was not trained on."""

    name: str
    version: str
    sha256: Sha256
    is_champion: bool = False  # of the name that the candidate is to be registered under
    n_seen: int = 0  # test records that are left out, because this version was trained on them
    n_records: int = 0
    n_positive: int = 0
    candidate: float | None = None  # area under the ROC curve on those records
    rival: float | None = None
    difference: Interval | None = None  # candidate less rival, paired; none where they could not be compared
    note: str = ""  # why not, or how far an overlap could be excluded

    @property
    def label(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"


class GateCheck(Frozen):
    """One condition of the gate."""

    name: str
    passed: bool
    expected: str
    found: str


class ModelGate(Report):
    """What the gate decided about one model, and on which numbers."""

    file_name: ClassVar[str] = "model_gate.json"
    model: str  # the name that it is to be registered under
    checks: Annotated[tuple[GateCheck, ...], Field(min_length=1)]
    rivals: tuple[RivalResult, ...] = ()
    champion: str | None = None  # the version that was it when this was decided
    becomes_champion: bool = False
    override: Signed | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the model may be registered without anybody's word."""
        return all(check.passed for check in self.checks)

    @property
    def reasons(self) -> str:
        """Why the gate is closed; empty where it is open."""
        return "; ".join(f"{c.name}: expected {c.expected}, found {c.found}" for c in self.checks if not c.passed)


class Registration(Frozen):
    """What became of a training. No model: the gate is closed."""

    gate: ModelGate
    model: RegisteredModel | None
    n_looks: int  # at the test split of this dataset, so far


class StepKind(StrEnum):
    """What may happen to the versions of a model."""

    REGISTERED = "registered"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled back"


class Step(Frozen):
    """One step in the history of a model: from one champion to another, or to none.

    A step that names another champion than there was changes nothing (`counted` is false): of two people who promote at
    the same moment one is told that the other was first.
    """

    number: int
    kind: StepKind
    version: str  # what it is about
    champion_before: str | None
    champion_after: str | None
    by: str
    why: str
    at: AwareDatetime
    counted: bool = True
