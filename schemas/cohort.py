"""The specification of a synthetic cohort: record i is a function of (specification, seed, i) and of nothing else."""

from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from schemas.base import Frozen

__all__ = ["FULL_SCALE_MV", "LEADS", "CohortSpec", "NoiseSpec", "Range", "Rhythm"]

LEADS: Final = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
FULL_SCALE_MV: Final = 5.0  # of a measured lead; III and the augmented leads reach twice that
_LARGEST_GAIN_PER_MV: Final = 3276.0  # twice full scale in int16
_MOST_SAMPLES: Final = 2**26  # of one record, all leads: a day of one lead at 750 Hz; more would not fit in memory


class Rhythm(StrEnum):
    """What drives the heart in one record."""

    SINUS = "sinus"
    SINUS_BRADYCARDIA = "sinus_bradycardia"
    SINUS_TACHYCARDIA = "sinus_tachycardia"
    SINUS_ARRHYTHMIA = "sinus_arrhythmia"
    ATRIAL_FIBRILLATION = "atrial_fibrillation"
    PREMATURE_ATRIAL = "premature_atrial"
    PREMATURE_VENTRICULAR = "premature_ventricular"
    ATRIAL_FLUTTER = "atrial_flutter"
    SUPRAVENTRICULAR_TACHYCARDIA = "supraventricular_tachycardia"
    JUNCTIONAL = "junctional"
    FIRST_DEGREE_BLOCK = "first_degree_block"
    SECOND_DEGREE_BLOCK = "second_degree_block"
    BUNDLE_BRANCH_BLOCK = "bundle_branch_block"
    NOISE_ONLY = "noise_only"


class Range(Frozen):
    """A uniform distribution on [low, high]."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"range: expected low <= high, found {self.low} > {self.high}")
        return self


class NoiseSpec(Frozen):
    """How noisy the recordings are. The signal-to-noise ratio is of powers, over the whole record."""

    snr_db: Range = Range(low=-2.0, high=26.0)
    powerline_share: Annotated[float, Field(ge=0, le=1)] = 0.3
    step_share: Annotated[float, Field(ge=0, le=1)] = 0.25
    transient_share: Annotated[float, Field(ge=0, le=1)] = 0.35  # of switching on
    gap_share: Annotated[float, Field(ge=0, le=1)] = 0.05
    saturation_share: Annotated[float, Field(ge=0, le=1)] = 0.05

    @model_validator(mode="after")
    def _possible_ratio(self) -> Self:
        if self.snr_db.low < -40 or self.snr_db.high > 80:
            raise ValueError(f"snr_db: expected within -40 to 80 dB, found {self.snr_db.low} to {self.snr_db.high}")
        return self


class CohortSpec(Frozen):
    """A population of simulated recordings."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = "cohort"
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    n_records: Annotated[int, Field(ge=1, le=10_000_000)] = 20_000
    fs_hz: Annotated[float, Field(ge=100, le=1000)] = 100.0
    duration_s: Annotated[float, Field(ge=2, le=86_400)] = 20.0
    leads: tuple[str, ...] = ("I",)
    gain_per_mv: Annotated[float, Field(ge=100, le=_LARGEST_GAIN_PER_MV)] = 1000.0
    prevalence: dict[Rhythm, float] = {
        Rhythm.SINUS: 0.20,
        Rhythm.SINUS_BRADYCARDIA: 0.05,
        Rhythm.SINUS_TACHYCARDIA: 0.04,
        Rhythm.SINUS_ARRHYTHMIA: 0.06,
        Rhythm.ATRIAL_FIBRILLATION: 0.28,
        Rhythm.PREMATURE_ATRIAL: 0.11,
        Rhythm.PREMATURE_VENTRICULAR: 0.06,
        Rhythm.ATRIAL_FLUTTER: 0.02,
        Rhythm.SUPRAVENTRICULAR_TACHYCARDIA: 0.02,
        Rhythm.JUNCTIONAL: 0.01,
        Rhythm.FIRST_DEGREE_BLOCK: 0.02,
        Rhythm.SECOND_DEGREE_BLOCK: 0.02,
        Rhythm.BUNDLE_BRANCH_BLOCK: 0.03,
        Rhythm.NOISE_ONLY: 0.08,
    }
    noise: NoiseSpec = NoiseSpec()
    inverted_share: Annotated[float, Field(ge=0, le=1)] = 0.25

    @property
    def n_samples(self) -> int:
        """Samples of one lead."""
        return round(self.fs_hz * self.duration_s)

    @model_validator(mode="after")
    def _prevalences_sum_to_one(self) -> Self:
        total = sum(self.prevalence.values())
        if any(p < 0 for p in self.prevalence.values()) or abs(total - 1) > 1e-9:
            raise ValueError(f"prevalence: expected non-negative shares with sum 1, found sum {total:.6g}")
        return self

    @model_validator(mode="after")
    def _leads_are_known(self) -> Self:
        unknown = [lead for lead in self.leads if lead not in LEADS]
        if unknown or not self.leads or len(set(self.leads)) < len(self.leads):
            raise ValueError(f"leads: expected one or more of {', '.join(LEADS)}, each once, found {list(self.leads)}")
        return self

    @model_validator(mode="after")
    def _record_fits(self) -> Self:
        n = self.n_samples * len(self.leads)
        if n > _MOST_SAMPLES:
            raise ValueError(f"record: expected at most {_MOST_SAMPLES} samples over all leads, found {n}")
        return self
