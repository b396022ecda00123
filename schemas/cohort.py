"""The specification of a synthetic cohort: record i is a function of (specification, seed, i) and of nothing else."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import Frozen

__all__ = ["CohortSpec", "NoiseSpec", "Range", "Rhythm"]


class Rhythm(StrEnum):
    """What drives the heart in one record."""

    SINUS = "sinus"
    SINUS_BRADYCARDIA = "sinus_bradycardia"
    SINUS_TACHYCARDIA = "sinus_tachycardia"
    SINUS_ARRHYTHMIA = "sinus_arrhythmia"
    ATRIAL_FIBRILLATION = "atrial_fibrillation"
    PREMATURE_ATRIAL = "premature_atrial"
    PREMATURE_VENTRICULAR = "premature_ventricular"
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

    snr_db: Range = Range(low=0.0, high=30.0)
    powerline_share: Annotated[float, Field(ge=0, le=1)] = 0.3
    step_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    gap_share: Annotated[float, Field(ge=0, le=1)] = 0.05


class CohortSpec(Frozen):
    """A population of simulated recordings."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")] = "cohort"
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    n_records: Annotated[int, Field(ge=1, le=10_000_000)] = 20_000
    fs_hz: Annotated[float, Field(ge=100, le=1000)] = 100.0
    duration_s: Annotated[float, Field(ge=2, le=86_400)] = 20.0
    leads: tuple[str, ...] = ("I",)
    gain_per_mv: Annotated[float, Field(ge=100, le=10_000)] = 1000.0
    prevalence: dict[Rhythm, float] = {
        Rhythm.SINUS: 0.24,
        Rhythm.SINUS_BRADYCARDIA: 0.06,
        Rhythm.SINUS_TACHYCARDIA: 0.07,
        Rhythm.SINUS_ARRHYTHMIA: 0.07,
        Rhythm.ATRIAL_FIBRILLATION: 0.30,
        Rhythm.PREMATURE_ATRIAL: 0.10,
        Rhythm.PREMATURE_VENTRICULAR: 0.10,
        Rhythm.NOISE_ONLY: 0.06,
    }
    noise: NoiseSpec = NoiseSpec()
    inverted_share: Annotated[float, Field(ge=0, le=1)] = 0.25

    @model_validator(mode="after")
    def _prevalences_sum_to_one(self) -> Self:
        total = sum(self.prevalence.values())
        if any(p < 0 for p in self.prevalence.values()) or abs(total - 1) > 1e-9:
            raise ValueError(f"prevalence: expected non-negative shares with sum 1, found sum {total:.6g}")
        return self
