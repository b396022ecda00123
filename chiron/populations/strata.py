"""Holes as limits on a group of simulated patients: ages, sex, heart rates and noise within the bands of one stratum.

What is measured differs from what is commanded: rates move with the rhythm, quality with the shapes. So everything is
kept well inside the bands. Sexes and ages are stated, and keep no distance.
"""

from collections.abc import Mapping
from typing import Final

from chiron.populations.aims import Aim, RateRange
from chiron.populations.recordings import HOSPITAL_BAND
from chiron.quality.strata import ANY, QUALITIES
from schemas.codes import Sex
from schemas.cohort import NoiseSpec
from schemas.missingness import Hole
from schemas.states import USUAL_RATES_BPM, AvConduction, Ectopy, NoiseKind, Rhythm

__all__ = ["age_range", "female_share", "noise_of", "rate_range", "share_in_hole", "why_refused"]

_AGES_YEARS: Final[Mapping[str, tuple[float, float]]] = {
    "18-39": (18, 39),
    "40-64": (40, 64),
    "65-79": (65, 79),
    "80+": (80, 95),
}
_RATES_BPM: Final[Mapping[str, RateRange]] = {ANY: (0, 300), "0-59": (0, 60), "60-99": (60, 100), "100+": (100, 300)}
_FEMALE_SHARES: Final[Mapping[str, float]] = {ANY: 0.5, Sex.FEMALE: 1.0, Sex.MALE: 0.0}

_REGULAR_DISTANCE: Final = 0.04  # of a rate to a band's edge: what ten seconds of sinus rhythm may differ from its mean
_IRREGULAR_DISTANCE: Final = 0.12  # likewise of fibrillation, whose median interval is shorter than the mean
_IRREGULAR: Final = frozenset({Rhythm.ATRIAL_FIBRILLATION, Rhythm.ATRIAL_FLUTTER, Rhythm.SINUS_ARRHYTHMIA})
_DROPPING_BEATS: Final = frozenset({AvConduction.WENCKEBACH, AvConduction.MOBITZ_II})
_NARROWEST_BPM: Final = 2.0
_BELOW_USUAL, _ABOVE_USUAL = 0.75, 1.5  # how far from a rhythm's usual rates a band may lead

_ACCEPTABLE: Final = NoiseSpec(
    snr_db=(16.0, 30.0), step_share=0.0, transient_share=0.0, gap_share=0.0, saturation_share=0.0
)
_MOTION: Final = {NoiseKind.MOTION: 1.0}  # in which beats are still found best: rates are to be measured, too
_UNACCEPTABLE: Final = NoiseSpec(snr_db=(-4.0, 2.0), kinds=_MOTION)  # of several leads, one of which is always worse
_UNACCEPTABLE_SINGLE: Final = NoiseSpec(snr_db=(-9.0, -4.0), kinds=_MOTION)
_MEASURED_RIGHT: Final[Mapping[str, float]] = {ANY: 0.85, "0-59": 0.4, "60-99": 0.55, "100+": 0.85}
"""Of simulated recordings in such noise, those that are measured as unacceptable and in their rate band."""
_UNREADABLE: Final = NoiseSpec(snr_db=(-14.0, -5.0), inaudible_share=0.3, unreadable=True)


def why_refused(hole: Hole, aim: Aim) -> str | None:
    """Why no record of this kind can lie in the hole; None where one can."""
    if hole.age_band not in {ANY, *_AGES_YEARS}:
        return f"no model of hearts at {hole.age_band} years: shapes and rates are those of adults"
    if aim.unreadable and hole.quality == QUALITIES[0]:
        return "what can't be read is no acceptable recording"
    if aim.unreadable and hole.rate_band != ANY:
        return "the heart rate of noise can't be chosen"
    low, high = _within(hole.rate_band, aim)
    if high - low < _NARROWEST_BPM:
        possible = f"{aim.possible_bpm[0]:g} to {aim.possible_bpm[1]:g}"
        return f"rate band {hole.rate_band}: this is found at {possible} per minute, and rates keep away from the edges"
    return None


def age_range(hole: Hole) -> tuple[float, float] | None:
    """Whole years; None where any age will do."""
    return _AGES_YEARS.get(hole.age_band)


def female_share(hole: Hole) -> float:
    """Of the records."""
    return _FEMALE_SHARES[hole.sex]


def rate_range(hole: Hole, aim: Aim) -> RateRange | None:
    """Rates to command, in beats per minute; None where any that is usual will do."""
    if hole.rate_band == ANY and aim.rate_bpm == Aim().rate_bpm:
        return None
    return _within(hole.rate_band, aim)


def noise_of(hole: Hole, aim: Aim, *, n_leads: int) -> NoiseSpec:
    """Noise by which the recording is measured to be of the hole's quality.

    A single lead is a handheld's, on which alone arms are exchanged; several are a hospital's.
    """
    if aim.unreadable:
        noise = _UNREADABLE
    else:
        unacceptable = _UNACCEPTABLE_SINGLE if n_leads == 1 else _UNACCEPTABLE
        noise = {ANY: NoiseSpec(), QUALITIES[0]: _ACCEPTABLE, QUALITIES[1]: unacceptable}[hole.quality]
    return noise if n_leads == 1 else noise.model_copy(update={"inverted_share": 0.0, **HOSPITAL_BAND})


def share_in_hole(hole: Hole) -> float:
    """Of the records that are made for a hole, those that are expected to be measured as lying in it."""
    return _MEASURED_RIGHT[hole.rate_band] if hole.quality == QUALITIES[1] else 1.0


def _within(rate_band: str, aim: Aim) -> RateRange:
    """Inside the band and inside what the code means, both with a distance; the rhythm's own limits need none."""
    low, high = aim.possible_bpm
    usual = USUAL_RATES_BPM[aim.rhythm]
    distance = _distance(aim)
    lows, highs = zip(_RATES_BPM[rate_band], aim.rate_bpm, strict=True)
    return (
        max(low, _BELOW_USUAL * usual[0], max(lows) * (1 + distance)),
        min(high, _ABOVE_USUAL * usual[-1], min(highs) * (1 - distance)),
    )


def _distance(aim: Aim) -> float:
    irregular = aim.rhythm in _IRREGULAR or aim.av in _DROPPING_BEATS or aim.ectopy is not Ectopy.NONE
    return _IRREGULAR_DISTANCE if irregular else _REGULAR_DISTANCE
