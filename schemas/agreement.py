"""How far readings agree, as reported."""

from enum import StrEnum
from typing import ClassVar, Final

from schemas.base import Frozen, Interval, Report

__all__ = [
    "OVERALL",
    "AgreementKind",
    "AgreementReport",
    "AgreementResult",
    "AgreementStatistic",
]


class AgreementKind(StrEnum):
    """Whose readings are compared."""

    BETWEEN_ANNOTATORS = "between annotators"  # all together
    BETWEEN_TWO = "between two annotators"
    REVISION_STABILITY = "revision stability"  # of one panel, between its rounds
    WITHIN_ANNOTATOR = "within annotator"


class AgreementStatistic(StrEnum):
    """What is computed. The percentages are shares in [0, 1]."""

    PERCENT_AGREEMENT = "percent agreement"
    PERCENT_UNCHANGED = "percent unchanged"
    COHEN_KAPPA = "Cohen's kappa"
    FLEISS_KAPPA = "Fleiss' kappa"
    KRIPPENDORFF_ALPHA = "Krippendorff's alpha"
    GWET_AC1 = "Gwet's AC1"
    POSITIVE_AGREEMENT = "positive agreement"

    @property
    def is_kappa(self) -> bool:
        """Whether it is the kappa of its comparison: only such figures may stand on one axis."""
        return self in (AgreementStatistic.COHEN_KAPPA, AgreementStatistic.FLEISS_KAPPA)


OVERALL: Final = "overall"
"""The subject of an agreement on whole readings, and not on one code."""


class AgreementResult(Frozen):
    """Agreement of readings, of one code or overall; or, where it may not be computed, why."""

    kind: AgreementKind
    statistic: AgreementStatistic
    subject: str  # a code's name, or OVERALL
    compared: str = ""  # "3 annotators", "a and b", "round 1 to 2"
    estimate: Interval
    n_records: int
    note: str = ""
    refused: str | None = None  # the reason why there is no figure


class AgreementReport(Report):
    """All agreements of a dataset."""

    file_name: ClassVar[str] = "agreement.json"
    results: tuple[AgreementResult, ...]
