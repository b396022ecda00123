"""What a simulated heart may be in: rhythm, conduction, ectopy, repolarisation, voltage; and what can't go together."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

__all__ = [
    "RATE_LIMITS_BPM",
    "USUAL_RATES_BPM",
    "AvConduction",
    "Axis",
    "Ectopy",
    "EctopyPattern",
    "NoiseKind",
    "Qt",
    "Repolarisation",
    "Rhythm",
    "Territory",
    "VentricularConduction",
    "Voltage",
    "why_impossible",
]


class Rhythm(StrEnum):
    """What drives the heart. Whether a sinus rhythm is slow or fast is said by the heart rate."""

    SINUS = "sinus"
    SINUS_ARRHYTHMIA = "sinus_arrhythmia"
    ATRIAL_FIBRILLATION = "atrial_fibrillation"
    ATRIAL_FLUTTER = "atrial_flutter"
    SUPRAVENTRICULAR_TACHYCARDIA = "supraventricular_tachycardia"
    JUNCTIONAL = "junctional"
    PACED = "paced"


class AvConduction(StrEnum):
    """From the atria to the ventricles."""

    NORMAL = "normal"
    FIRST_DEGREE_BLOCK = "first_degree_block"
    WENCKEBACH = "wenckebach"
    MOBITZ_II = "mobitz_ii"
    COMPLETE_BLOCK = "complete_block"


class VentricularConduction(StrEnum):
    """Within the ventricles."""

    NORMAL = "normal"
    LEFT_BUNDLE_BRANCH_BLOCK = "left_bundle_branch_block"
    RIGHT_BUNDLE_BRANCH_BLOCK = "right_bundle_branch_block"
    INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK = "incomplete_right_bundle_branch_block"
    LEFT_ANTERIOR_FASCICULAR_BLOCK = "left_anterior_fascicular_block"
    UNSPECIFIC_DELAY = "unspecific_delay"
    PREEXCITATION = "preexcitation"
    INCOMPLETE_LEFT_BUNDLE_BRANCH_BLOCK = "incomplete_left_bundle_branch_block"
    LEFT_POSTERIOR_FASCICULAR_BLOCK = "left_posterior_fascicular_block"


class Ectopy(StrEnum):
    """Where premature beats come from."""

    NONE = "none"
    ATRIAL = "atrial"
    VENTRICULAR = "ventricular"
    BOTH = "both"


class EctopyPattern(StrEnum):
    """How premature beats follow each other. At least one lies within every recording that has ectopy."""

    RARE = "rare"
    FREQUENT = "frequent"
    COUPLETS = "couplets"
    RUNS = "runs"
    BIGEMINY = "bigeminy"
    TRIGEMINY = "trigeminy"
    QUADRIGEMINY = "quadrigeminy"


class Qt(StrEnum):
    """The QT interval for its rate."""

    NORMAL = "normal"
    LONG = "long"
    SHORT = "short"


class Repolarisation(StrEnum):
    """ST segment and T wave."""

    NORMAL = "normal"
    ST_ELEVATION = "st_elevation"
    ST_DEPRESSION = "st_depression"
    T_INVERSION = "t_inversion"
    FLAT_T = "flat_t"
    DIGITALIS = "digitalis"
    HYPERKALAEMIA = "hyperkalaemia"
    HYPOKALAEMIA = "hypokalaemia"


class Territory(StrEnum):
    """The wall that ischaemia or a scar lies in."""

    ANTERIOR = "anterior"
    INFERIOR = "inferior"
    LATERAL = "lateral"
    POSTERIOR = "posterior"
    ANTEROLATERAL = "anterolateral"
    INFEROLATERAL = "inferolateral"
    INFEROPOSTERIOR = "inferoposterior"
    INFEROPOSTEROLATERAL = "inferoposterolateral"


class Voltage(StrEnum):
    """The size of the QRS."""

    NORMAL = "normal"
    LOW = "low"
    LEFT_HYPERTROPHY = "left_hypertrophy"
    RIGHT_HYPERTROPHY = "right_hypertrophy"


class Axis(StrEnum):
    """The direction of the QRS in the frontal plane."""

    NORMAL = "normal"
    LEFT = "left"
    RIGHT = "right"


class NoiseKind(StrEnum):
    """What disturbs a recording."""

    WANDER = "wander"
    MOTION = "motion"
    MUSCLE = "muscle"
    TREMOR = "tremor"


RATE_LIMITS_BPM: Final[Mapping[Rhythm, tuple[float, float]]] = {
    Rhythm.SINUS: (25, 220),
    Rhythm.SINUS_ARRHYTHMIA: (30, 150),
    Rhythm.ATRIAL_FIBRILLATION: (30, 220),
    Rhythm.ATRIAL_FLUTTER: (40, 220),
    Rhythm.SUPRAVENTRICULAR_TACHYCARDIA: (100, 250),
    Rhythm.JUNCTIONAL: (25, 140),
    Rhythm.PACED: (40, 140),
}
"""Of the ventricles: beyond them there is no such rhythm in a living adult."""

USUAL_RATES_BPM: Final[Mapping[Rhythm, tuple[float, ...]]] = {
    Rhythm.SINUS: (50, 62, 68, 74, 82, 99),
    Rhythm.SINUS_ARRHYTHMIA: (50, 88),
    Rhythm.ATRIAL_FIBRILLATION: (45, 68, 79, 91, 110, 165),
    Rhythm.ATRIAL_FLUTTER: (55, 75, 100, 150),
    Rhythm.SUPRAVENTRICULAR_TACHYCARDIA: (130, 210),
    Rhythm.JUNCTIONAL: (38, 95),
    Rhythm.PACED: (58, 62, 72, 95),
}
"""Quantiles at evenly spaced probabilities, of adults at rest."""

_WITHOUT_P: Final = frozenset({Rhythm.ATRIAL_FIBRILLATION, Rhythm.ATRIAL_FLUTTER})
_OWN_ATRIA: Final = frozenset({Rhythm.SINUS, Rhythm.SINUS_ARRHYTHMIA})


def why_impossible(
    rhythm: Rhythm,
    av: AvConduction = AvConduction.NORMAL,
    ventricular: VentricularConduction = VentricularConduction.NORMAL,
    ectopy: Ectopy = Ectopy.NONE,
) -> str | None:
    """Why these can't go together; None where they can."""
    if av is not AvConduction.NORMAL and rhythm not in _OWN_ATRIA:
        without = "has no P waves" if rhythm in _WITHOUT_P else "is not led by the sinus node"
        return f"{av} needs conducted P waves, {rhythm} {without}"
    if ectopy in (Ectopy.ATRIAL, Ectopy.BOTH) and rhythm not in _OWN_ATRIA:
        return f"atrial premature beats need sinus rhythm, found {rhythm}"
    if ectopy is not Ectopy.NONE and rhythm is Rhythm.SUPRAVENTRICULAR_TACHYCARDIA:
        return f"{ectopy} premature beats are not modelled in {rhythm}"
    if ventricular is VentricularConduction.PREEXCITATION and (
        rhythm not in _OWN_ATRIA or av is not AvConduction.NORMAL
    ):
        return f"{ventricular} needs conducted P waves, found {rhythm} with {av} AV conduction"
    if rhythm is Rhythm.PACED and ventricular is not VentricularConduction.NORMAL:
        return f"a paced ventricle has no {ventricular}"
    return None
