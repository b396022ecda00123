"""Label drift, as reported: where a code is more or less common than elsewhere, and what explains it."""

from enum import StrEnum
from typing import ClassVar

from schemas.base import Frozen, Interval, Report

__all__ = ["DriftBy", "DriftFinding", "DriftReport", "DriftVerdict", "OddsRatio"]


class DriftBy(StrEnum):
    """What the records are divided by."""

    YEAR = "year"
    SITE = "site"
    DEVICE = "device"
    ANNOTATOR = "annotator"


class DriftVerdict(StrEnum):
    """What a difference comes from, as far as the data can say."""

    CASE_MIX = "explained by case mix"
    READERS = "explained by who read"
    ANNOTATOR = "annotator behaviour"
    UNEXPLAINED = "explained neither by case mix nor by who read"
    CANNOT_TELL = "cannot tell"


class OddsRatio(Frozen):
    """Odds of the finding here, relative to the rest; p of "no difference". Without a value where it is not finite."""

    estimate: Interval
    p_value: float
    adjusted_for: tuple[str, ...] = ()
    n_records: int


class DriftFinding(Frozen):
    """A code that is more or less common here than in the rest, after false-discovery control."""

    code_system: str
    code: str
    name: str
    by: DriftBy
    level: str
    n_records: int
    n_rest: int
    prevalence: float
    prevalence_rest: float
    q_value: float
    crude: OddsRatio
    adjusted: OddsRatio | None = None  # for case mix
    with_readers: OddsRatio | None = None  # for case mix and who read
    same_records: OddsRatio | None = None  # an annotator against others, on the records that both read
    verdict: DriftVerdict
    sentence: str


class DriftReport(Report):
    """How the prevalence of each code differs by year, site, device and annotator."""

    file_name: ClassVar[str] = "drift.json"
    false_discovery_rate: float
    n_records: int  # one of each patient, where patients are known
    n_tests: int
    findings: tuple[DriftFinding, ...]
