"""How a dataset is split: sizes, the share of each finding in each split, and the copies that stay together."""

from typing import ClassVar, Final, Literal

from schemas.base import Frozen, Report
from schemas.codes import SplitName

__all__ = [
    "FEWEST_POSITIVE",
    "PATIENT_LEVEL",
    "RECORD_LEVEL",
    "DuplicateCounts",
    "FindingShare",
    "SplitReport",
    "SplitSize",
]

RECORD_LEVEL: Final = "record-level; patient overlap can't be excluded"
"""What every report says where patients are unknown."""

PATIENT_LEVEL: Final = "no patient is in two splits"

FEWEST_POSITIVE: Final = 20  # groups with a finding in a split; with fewer an area under the curve is a guess


class SplitSize(Frozen):
    """One split. `wanted_share` and `share` are of groups; `sd` is the standard deviation that drawing lots gives."""

    split: SplitName
    n_groups: int
    n_patients: int
    n_records: int
    wanted_share: float
    share: float
    sd: float


class FindingShare(Frozen):
    """One finding in one split, over groups that have it; `expected` and `sd` as if each group drew lots."""

    code_system: str
    code: str
    name: str
    split: SplitName
    n_records: int
    n_groups: int
    expected: float
    sd: float
    too_few: bool  # less than `FEWEST_POSITIVE`, and the split is wanted

    @property
    def deviation(self) -> float:
        """From what was expected, in standard deviations."""
        return (self.n_groups - self.expected) / self.sd if self.sd else 0.0


class DuplicateCounts(Frozen):
    """Copies among the recordings. A pair that was compared and is no copy is a candidate only."""

    n_recordings: int
    n_same: int  # recordings that are another one byte for byte, beyond the first of each
    n_candidates: int
    n_copies: int  # pairs of recordings that differ and are copies of each other
    n_groups_across_patients: int  # groups that copies made of several patients (of several recordings, if unknown)
    n_empty: int  # recordings in which no lead moves: they tie nobody together


class SplitReport(Report):
    """How the splits came out."""

    file_name: ClassVar[str] = "splits.json"
    unit: Literal["patient", "record"]
    n_patients_unknown: int  # records of them
    sizes: tuple[SplitSize, ...]
    findings: tuple[FindingShare, ...]
    duplicates: DuplicateCounts

    @property
    def level(self) -> str:
        """What the splits keep apart, in words."""
        return RECORD_LEVEL if self.unit == "record" else PATIENT_LEVEL

    @property
    def too_few(self) -> tuple[FindingShare, ...]:
        """Findings that a split has too few of."""
        return tuple(finding for finding in self.findings if finding.too_few)
