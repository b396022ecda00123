"""What is made of holes: a cohort that is aimed at them, and how far it fills them."""

from typing import ClassVar

from schemas.base import Frozen, Report
from schemas.cohort import CohortSpec
from schemas.missingness import Hole

__all__ = ["AimedHole", "Compiled", "FilledHole", "FilledReport", "RefusedHole"]


class AimedHole(Frozen):
    """A hole, the group of the specification that is made for it, and how many records that group has."""

    hole: Hole
    group: str
    n_records: int


class RefusedHole(Frozen):
    """A hole that no simulated heart can fill, and why."""

    hole: Hole
    reason: str


class Compiled(Frozen):
    """A cohort made for holes. spec: null where none of them can be filled."""

    spec: CohortSpec | None
    aimed: tuple[AimedHole, ...]
    refused: tuple[RefusedHole, ...]


class FilledHole(Frozen):
    """A hole after the cohort: its records are counted as they were *measured*, not as they were meant.

    refused: why no record was made for it; records that were made for other holes may still lie in it.
    """

    hole: Hole
    n_synthetic: int
    refused: str | None = None

    @property
    def n_still_lacking(self) -> int:
        """Records that are missing even so."""
        return max(self.hole.n_lacking - self.n_synthetic, 0)


class FilledReport(Report):
    """Real and synthetic records in every hole. n_closed: holes that lack nothing any more."""

    file_name: ClassVar[str] = "filled.json"
    n_holes: int
    n_closed: int
    n_refused: int
    n_lacking: int
    n_still_lacking: int
    holes: tuple[FilledHole, ...]
