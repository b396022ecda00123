"""The specification of a synthetic cohort: record i is a function of (specification, seed, i) and of nothing else.

A cohort is a mixture of *groups*: kinds of patient with their rhythm, conduction, ectopy, repolarisation, age, rate,
breathing and noise. Whatever depends on each other in a population is said by several groups; within one group the
states are drawn independently.
"""

from collections.abc import Mapping
from itertools import pairwise, product
from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from schemas.base import Frozen
from schemas.manifest import Sha256
from schemas.states import (
    RATE_LIMITS_BPM,
    USUAL_RATES_BPM,
    AvConduction,
    Axis,
    Ectopy,
    EctopyPattern,
    NoiseKind,
    Qt,
    Repolarisation,
    Rhythm,
    Territory,
    VentricularConduction,
    Voltage,
    why_impossible,
)

__all__ = [
    "FULL_SCALE_MV",
    "LEADS",
    "CohortSpec",
    "Group",
    "MissingColumn",
    "NoiseSpec",
    "Quantiles",
    "Share",
    "Shares",
    "SimulatedReader",
    "usual_groups",
]

LEADS: Final = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
FULL_SCALE_MV: Final = 5.0  # of a measured lead; III and the augmented leads reach twice that
_LARGEST_GAIN_PER_MV: Final = 3276.0  # twice full scale in int16
_MOST_SAMPLES: Final = 2**26  # of one record, all leads: a day of one lead at 750 Hz; more would not fit in memory

State = TypeVar("State")


def _ascending(values: tuple[float, ...]) -> tuple[float, ...]:
    if any(a > b for a, b in pairwise(values)):
        raise ValueError(f"quantiles: expected ascending numbers, found {list(values)}")
    return values


def _sum_to_one(shares: dict[State, float]) -> dict[State, float]:
    if abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError(f"shares: expected sum 1, found sum {sum(shares.values()):.6g}")
    return shares


def _by_name(groups: dict[str, "Group"]) -> dict[str, "Group"]:
    return dict(sorted(groups.items()))


Share = Annotated[float, Field(ge=0, le=1)]
Shares = Annotated[dict[State, Share], AfterValidator(_sum_to_one)]
"""How often each state is there; what is not named never is."""

Quantiles = Annotated[
    tuple[Annotated[float, Field(allow_inf_nan=False)], ...],
    Field(min_length=2, max_length=101),
    AfterValidator(_ascending),
]
"""A distribution by its values at evenly spaced probabilities, linear in between: two values are a uniform one."""

MissingColumn = Literal["age_years", "sex", "site", "device", "recorded_year", "height_cm", "weight_kg"]


def _require_within(name: str, values: tuple[float, ...], low: float, high: float, unit: str) -> None:
    if values[0] < low or values[-1] > high:
        raise ValueError(f"{name}: expected within {low:g} to {high:g} {unit}, found {values[0]:g} to {values[-1]:g}")


_SHAKEN: Final = {NoiseKind.WANDER: 0.15, NoiseKind.MOTION: 0.72, NoiseKind.MUSCLE: 0.08, NoiseKind.TREMOR: 0.05}


class NoiseSpec(Frozen):
    """How noisy the recordings are. The signal-to-noise ratio is of powers, over the whole record, at the output."""

    snr_db: Quantiles = (-2.0, 26.0)
    kinds: Shares[NoiseKind] = {  # which kind leads; the others are mixed in
        NoiseKind.WANDER: 0.2,
        NoiseKind.MOTION: 0.55,
        NoiseKind.MUSCLE: 0.2,
        NoiseKind.TREMOR: 0.05,
    }
    low_pass_hz: Quantiles = (20.0, 24.0, 26.0, 28.0, 34.0, 60.0)  # handhelds weaken 25 Hz, hospital recorders do not
    high_pass_hz: Quantiles = (0.05, 0.2, 0.28, 0.33, 0.45, 0.7)
    recorded_share: Share = 0.0  # of records whose noise comes from the cohort's bank of recorded noise
    inaudible_share: Share = 0.0  # noise only: no heart is heard
    powerline_share: Share = 0.3
    step_share: Share = 0.25
    transient_share: Share = 0.35  # of switching on
    gap_share: Share = 0.05
    saturation_share: Share = 0.05
    lead_off_share: Share = 0.0  # an electrode without contact, for the whole record
    inverted_share: Share = 0.25  # left and right arm exchanged: a single lead I is upside down
    displaced_share: Share = 0.1  # electrodes held or stuck anywhere: the heart is seen as if it were turned
    unreadable: bool = False  # a reader would call the record too noisy, whatever the heart does

    @model_validator(mode="after")
    def _possible_recorder(self) -> Self:
        _require_within("snr_db", self.snr_db, -40, 80, "dB")
        _require_within("low_pass_hz", self.low_pass_hz, 15, 500, "Hz")
        _require_within("high_pass_hz", self.high_pass_hz, 0.01, 5, "Hz")
        return self


class Group(Frozen):
    """One kind of patient and recording. `share` of the cohort's records are of it."""

    share: Share = 1.0
    rhythm: Rhythm = Rhythm.SINUS
    av: Shares[AvConduction] = {AvConduction.NORMAL: 1.0}
    ventricular: Shares[VentricularConduction] = {VentricularConduction.NORMAL: 1.0}
    ectopy: Shares[Ectopy] = {Ectopy.NONE: 1.0}
    ectopy_pattern: Shares[EctopyPattern] = {
        EctopyPattern.RARE: 0.4,
        EctopyPattern.FREQUENT: 0.2,
        EctopyPattern.COUPLETS: 0.1,
        EctopyPattern.RUNS: 0.15,
        EctopyPattern.BIGEMINY: 0.07,
        EctopyPattern.TRIGEMINY: 0.05,
        EctopyPattern.QUADRIGEMINY: 0.03,
    }
    qt: Shares[Qt] = {Qt.NORMAL: 1.0}
    repolarisation: Shares[Repolarisation] = {Repolarisation.NORMAL: 1.0}
    scar_share: Share = 0.0  # of an old infarction: Q waves
    territory: Shares[Territory] = {Territory.ANTERIOR: 0.4, Territory.INFERIOR: 0.4, Territory.LATERAL: 0.2}
    voltage: Shares[Voltage] = {Voltage.NORMAL: 1.0}
    axis: Shares[Axis] = {Axis.NORMAL: 1.0}
    alternans_share: Share = 0.0
    alternans_uv: Quantiles = (
        5.0,
        100.0,
    )  # the largest difference of even and odd T waves, in the lead that shows it most
    age_years: Quantiles = (18.0, 38.0, 50.0, 60.0, 70.0, 95.0)
    female_share: Share = 0.5
    heart_rate_bpm: Quantiles | None = None  # of the ventricles; none: what is usual in this rhythm
    breathing_hz: Quantiles = (0.15, 0.42)
    variety: Annotated[float, Field(ge=0, le=3)] = 1.0  # of shapes: 1 as in the people that they were fitted to
    noise: NoiseSpec = NoiseSpec()
    missing: dict[MissingColumn, Share] = {}  # how often the source does not state it

    @property
    def rate_quantiles_bpm(self) -> tuple[float, ...]:
        """The heart rate's distribution."""
        return self.heart_rate_bpm or USUAL_RATES_BPM[self.rhythm]

    @model_validator(mode="after")
    def _within_physiology(self) -> Self:
        _require_within(
            "heart_rate_bpm", self.rate_quantiles_bpm, *RATE_LIMITS_BPM[self.rhythm], f"bpm in {self.rhythm}"
        )
        _require_within("age_years", self.age_years, 0, 120, "years")
        _require_within("breathing_hz", self.breathing_hz, 0.05, 1.0, "Hz")
        _require_within("alternans_uv", self.alternans_uv, 0, 500, "uV")
        return self

    @model_validator(mode="after")
    def _possible_together(self) -> Self:
        drawn = (_possible(self.av), _possible(self.ventricular), _possible(self.ectopy))
        for av, ventricular, ectopy in product(*drawn):
            why = why_impossible(self.rhythm, av, ventricular, ectopy)
            if why is not None:
                raise ValueError(f"states: expected a possible combination, found another: {why}")
        return self


def _possible(shares: Mapping[State, float]) -> list[State]:
    return [state for state, share in shares.items() if share > 0]


def usual_groups() -> dict[str, Group]:
    """The mixture that teaches to tell fibrillation from everything else; fibrillation is a disease of the old."""
    old = (40.0, 63.0, 69.0, 74.0, 79.0, 95.0)
    wide = {VentricularConduction.NORMAL: 0.95, VentricularConduction.UNSPECIFIC_DELAY: 0.05}
    return {
        "sinus": Group(share=0.22, ventricular=wide),
        "slow": Group(share=0.05, heart_rate_bpm=(36.0, 50.0)),
        "fast": Group(share=0.04, heart_rate_bpm=(100.0, 140.0)),
        "arrhythmic": Group(share=0.04, rhythm=Rhythm.SINUS_ARRHYTHMIA),
        "fibrillation": Group(share=0.28, rhythm=Rhythm.ATRIAL_FIBRILLATION, age_years=old, ventricular=wide),
        "atrial-premature": Group(share=0.11, ectopy={Ectopy.ATRIAL: 1.0}, heart_rate_bpm=(48.0, 92.0)),
        "ventricular-premature": Group(share=0.06, ectopy={Ectopy.VENTRICULAR: 1.0}, heart_rate_bpm=(48.0, 92.0)),
        "flutter": Group(share=0.02, rhythm=Rhythm.ATRIAL_FLUTTER),
        "supraventricular": Group(share=0.02, rhythm=Rhythm.SUPRAVENTRICULAR_TACHYCARDIA),
        "junctional": Group(share=0.01, rhythm=Rhythm.JUNCTIONAL),
        "first-degree": Group(share=0.02, av={AvConduction.FIRST_DEGREE_BLOCK: 1.0}),
        "second-degree": Group(
            share=0.02,
            av={AvConduction.WENCKEBACH: 0.6, AvConduction.MOBITZ_II: 0.4},
            heart_rate_bpm=(36.0, 75.0),
        ),
        "wide": Group(
            share=0.03,
            ventricular={
                VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK: 0.4,
                VentricularConduction.RIGHT_BUNDLE_BRANCH_BLOCK: 0.4,
                VentricularConduction.UNSPECIFIC_DELAY: 0.2,
            },
        ),
        "noise": Group(
            share=0.08,
            heart_rate_bpm=(50.0, 70.0, 90.0, 130.0),
            noise=NoiseSpec(snr_db=(-12.0, 0.0), kinds=_SHAKEN, inaudible_share=0.3, unreadable=True),
        ),
    }


class SimulatedReader(Frozen):
    """Somebody who reads the recordings and errs: with each finding apart, and not more where it is noisy."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    sensitivity: Share = 1.0
    specificity: Share = 1.0
    reads_share: Share = 1.0


class CohortSpec(Frozen):
    """A population of simulated recordings."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = "cohort"
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    n_records: Annotated[int, Field(ge=1, le=10_000_000)] = 20_000
    fs_hz: Annotated[float, Field(ge=100, le=1000)] = 100.0
    duration_s: Annotated[float, Field(ge=2, le=86_400)] = 20.0
    leads: tuple[str, ...] = ("I",)
    gain_per_mv: Annotated[float, Field(ge=100, le=_LARGEST_GAIN_PER_MV)] = 1000.0
    groups: Annotated[dict[str, Group], AfterValidator(_by_name)] = Field(
        default_factory=usual_groups, validate_default=True
    )
    readers: tuple[SimulatedReader, ...] = ()  # none: the simulator alone, who knows
    shapes_sha256: Sha256 | None = None  # of wave shapes fitted elsewhere; none: those that Chiron ships
    noise_bank_sha256: Sha256 | None = None  # of recorded noise, where some group takes its noise from there

    @property
    def n_samples(self) -> int:
        """Samples of one lead."""
        return round(self.fs_hz * self.duration_s)

    @model_validator(mode="after")
    def _groups_sum_to_one(self) -> Self:
        total = sum(group.share for group in self.groups.values())
        if not self.groups or abs(total - 1) > 1e-9:
            raise ValueError(f"groups: expected shares with sum 1, found sum {total:.6g}")
        return self

    @model_validator(mode="after")
    def _readers_are_told_apart(self) -> Self:
        names = [reader.name for reader in self.readers]
        if "simulator" in names or len(set(names)) < len(names):
            raise ValueError(f"readers: expected names of their own, and not `simulator`, found {names}")
        return self

    @model_validator(mode="after")
    def _recorded_noise_is_named(self) -> Self:
        wanted = [name for name, group in self.groups.items() if group.noise.recorded_share]
        if wanted and self.noise_bank_sha256 is None:
            raise ValueError(
                f"noise_bank_sha256: expected the bank that group {wanted[0]} takes its noise from, found none"
            )
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
