"""How faithful a synthetic cohort is to a real dataset, and how far it reaches beyond it. No patient value in it."""

from enum import StrEnum
from typing import ClassVar

from schemas.base import Frozen, Interval, Report

__all__ = [
    "Condition",
    "CurvePair",
    "Direction",
    "FidelityReport",
    "GiveAway",
    "Part",
    "Preparation",
    "Quantity",
    "Quartiles",
    "RareStrata",
    "Reach",
    "Region",
    "ShapeDistance",
    "Side",
    "Stratum",
    "Transfer",
    "TwoSampleTest",
]


class Part(StrEnum):
    """What of a recording a figure is about, in a reader's words."""

    RHYTHM = "rhythm"
    P_WAVE = "P wave"
    QRS = "QRS"
    ST = "ST segment"
    T_WAVE = "T wave"
    BASELINE = "baseline"
    AMPLITUDE = "amplitude"
    POLARITY = "polarity"
    NOISE = "noise"


class Side(Frozen):
    """One of the two datasets. n_records: with samples, test split left out; n_compared: of these, measured."""

    name: str
    leads: tuple[str, ...]  # of which the first is the single lead
    n_records: int
    n_compared: int
    n_test_left_out: int
    patients_known: bool


class Preparation(Frozen):
    """What both went through alike before anything was measured."""

    rate_hz: float
    band_hz: tuple[float, float]
    step_mv: float
    longest_s: float


class Quartiles(Frozen):
    """The middle of a distribution; null where too few could be measured."""

    n: int
    lower: float | None = None
    median: float | None = None
    upper: float | None = None


class Quantity(Frozen):
    """One figure of a recording, in both datasets.

    difference: of the medians, in units of the real spread (interquartile range / 1.349), groups resampled. outside:
    share of synthetic recordings beyond the real 0.5 to 99.5 % range, where 1 % is expected.
    """

    name: str
    unit: str
    part: Part
    real: Quartiles
    synthetic: Quartiles
    difference: Interval
    outside: Interval


class CurvePair(Frozen):
    """Two families of curves over the same axis: the 10th, 50th and 90th percentile of each."""

    at: tuple[float, ...]
    real: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]
    synthetic: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]


class Region(Frozen):
    """How much the mean beats differ in one part: root mean square over time, in standard deviations of the beats.

    at_s: where they differ most, from the R peak; by: synthetic minus real there, in units of the QRS height.
    """

    part: Part
    from_s: float
    to_s: float
    difference: float
    at_s: float
    by: float


class ShapeDistance(Frozen):
    """How far apart averaged beats of height one are.

    apart, apart_real: coefficient of the energy distance (0 alike, 1 without overlap), real to synthetic and one random
    half of the real patients to the other. nearest: median distance of a synthetic beat to the nearest real one, over
    that of a real beat to the nearest other.
    """

    n_per_side: int
    apart: Interval
    apart_real: Interval
    nearest: Interval


class TwoSampleTest(Frozen):
    """Out-of-fold AUROC of a classifier that tells two samples apart; one half is not at all (Lopez-Paz & Oquab 2017).

    real_real, synthetic_synthetic: the controls (of all shared labels together), random halves of one side: the mean
    over several halvings and where 95 % of such halvings lie.
    """

    what: str
    n_per_side: int
    real_synthetic: Interval
    real_real: Interval | None = None
    synthetic_synthetic: Interval | None = None


class GiveAway(Frozen):
    """What a part of the averaged beat tells. drop: AUROC lost when it is shuffled; alone: AUROC from it alone."""

    part: Part
    drop: Interval
    alone: Interval


class Condition(Frozen):
    """Everything about the records with one label; without a code, about all shared labels mixed alike."""

    code_system: str | None = None
    code: str | None = None
    name: str
    n_real: int
    n_synthetic: int
    quantities: tuple[Quantity, ...]
    spectrum: CurvePair | None = None  # Hz; dB of 1 mV^2/Hz
    beat: CurvePair | None = None  # s from the R peak; in units of the QRS height
    regions: tuple[Region, ...] = ()
    shape: ShapeDistance | None = None
    beats: TwoSampleTest | None = None
    give_aways: tuple[GiveAway, ...] = ()
    sentence: str


class Transfer(Frozen):
    """A forest for one finding, trained on the cohort and on real records, both scored on the same real records."""

    code_system: str
    code: str
    name: str
    n_synthetic: int
    n_real: int
    n_positive: int
    synthetic_to_real: Interval
    real_to_real: Interval  # cross-validated by patient or record group
    difference: Interval  # synthetic minus real, paired
    sentence: str


class Stratum(Frozen):
    """A kind of patient and finding, and how many of the compared records are of it."""

    name: str
    age_band: str
    sex: str
    rate_band: str
    n_real: int
    n_synthetic: int


class Direction(Frozen):
    """One quantity along which records beyond the real ones lie, and by how many real spreads in the mean."""

    name: str
    part: Part
    away: float


class Reach(Frozen):
    """How far the cohort reaches beyond the real records.

    beyond: share of synthetic records farther from the nearest real one than 99 % of real ones are, in the joint space
    of all quantities; 1 % is expected. strata: the emptiest real ones that the cohort fills, the emptiest first.
    """

    n_quantities: int
    beyond: Interval
    directions: tuple[Direction, ...]
    strata: tuple[Stratum, ...]
    n_strata: int
    n_filled: int  # strata with too few real records (below n_few) and enough synthetic ones
    n_few: int


class RareStrata(Frozen):
    """Whether training with the cohort as well holds better on the records of the rarest real strata."""

    code_system: str
    code: str
    name: str
    n_records: int
    n_positive: int
    real_only: Interval
    with_cohort: Interval
    difference: Interval  # with the cohort minus without, paired
    sentence: str


class FidelityReport(Report):
    """What `compare` found. `verdicts` say it in words; the first condition is all shared labels together."""

    file_name: ClassVar[str] = "fidelity.json"

    real: Side
    synthetic: Side
    preparation: Preparation
    seed: int
    conditions: tuple[Condition, ...]
    recordings: tuple[TwoSampleTest, ...]  # told apart by features of whole recordings
    transfers: tuple[Transfer, ...]
    reach: Reach
    rare: tuple[RareStrata, ...]
    verdicts: tuple[str, ...]
    notes: tuple[str, ...]
