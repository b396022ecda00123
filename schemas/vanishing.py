"""Where labels were counted on their way from the source to the tensor, and why there are fewer of them.

A fall is explained by readings that were left out for a reason on record. What is left of it is a label that vanished.
"""

from enum import StrEnum
from typing import ClassVar

from schemas.base import Frozen, Report

__all__ = ["Hop", "KeptOut", "LabelStep", "VanishingReport"]


class Hop(StrEnum):
    """Where labels are counted: first readings that found a code, from `dataset` on records that have it as label."""

    STATED = "stated"  # in the raw text of the source
    PARSED = "parsed"
    STORED = "stored"  # in `annotations`
    DATASET = "in the dataset"  # positive in `labels`
    TENSOR = "in the tensor"  # loaded for training


class KeptOut(StrEnum):
    """Why a reading that found a code is no label of its own, or a label is not loaded."""

    SUPERSEDED = "superseded by a later round"
    NO_VOTE = "its reader has no vote"
    OVERRULED = "adjudicated otherwise"
    OUTVOTED = "outvoted"
    UNDECIDED = "undecided"
    SAME_LABEL = "another reading of the same label"
    OTHER_SPLIT = "in another split"
    NO_SIGNAL = "no signal"
    TARGET_UNKNOWN = "target undecided or not read"
    CODE_NOT_TAUGHT = "code is no output of the network"


class LabelStep(Frozen):
    """One code from one hop to the next. A code is the source's own up to `stored`, then that of a shared system."""

    code_system: str
    code: str
    before: Hop
    hop: Hop
    n_before: int
    n_after: int
    reasons: dict[str, int] = {}  # how many are left out, by why

    @property
    def n_explained(self) -> int:
        """How many were left out for a reason."""
        return sum(self.reasons.values())

    @property
    def n_vanished(self) -> int:
        """How many are missing without a reason."""
        return max(self.n_before - self.n_explained - self.n_after, 0)

    @property
    def said(self) -> str:
        """Code, hop and numbers, for people."""
        expected = f"{self.n_before - self.n_explained} as {self.before}"
        less = f" less {self.n_explained} with a reason" if self.n_explained else ""
        return f"{self.code_system}:{self.code} {self.hop}: expected {expected}{less}, found {self.n_after}"


class VanishingReport(Report):
    """Every code at every hop up to the dataset."""

    file_name: ClassVar[str] = "vanishing.json"
    steps: tuple[LabelStep, ...]
