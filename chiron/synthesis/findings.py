"""Which findings a simulated heart has: one rule per code, of its states and of the beats within the recording.

What a reader would write is not said here: who knows the heart knows every finding that can be seen. Of a recording
that can't be read, noise is all that can be said. Whatever one heart may have at the same time is present together.

Definitions: bradycardia below 60 and tachycardia above 100 per minute (the PhysioNet/CinC Challenge 2021); ischaemia,
injury and scars by wall, and normal limits, as in the AHA/ACCF/HRS recommendations for ECG interpretation (Surawicz
et al. 2009, Hancock et al. 2009, Wagner et al. 2009). Shapes: N records, C codes of `VOCABULARY`.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

import numpy as np

from chiron.synthesis.facts import Facts, Flags, in_state
from chiron.synthesis.structures import Ints
from schemas.codes import (
    ATRIAL_FIBRILLATION,
    NOISE,
    OTHER_RHYTHM,
    PREMATURE_ATRIAL,
    PREMATURE_VENTRICULAR,
    SINUS_RHYTHM,
    T_WAVE_ALTERNANS,
    Code,
    CodeSystem,
)
from schemas.states import (
    AvConduction,
    Axis,
    Ectopy,
    EctopyPattern,
    Qt,
    Repolarisation,
    Rhythm,
    Territory,
    VentricularConduction,
    Voltage,
)

__all__ = ["NORMAL_BPM", "VOCABULARY", "Facts", "findings_of"]

NORMAL_BPM: Final = (50.0, 100.0)  # of a normal rhythm; below 60 it is a bradycardia too
_SLOW_BELOW_BPM: Final = 60.0
_FAST_ABOVE_BPM: Final = 100.0


def _slow(f: Facts) -> Flags:
    return f.heart_rate_bpm < _SLOW_BELOW_BPM


def _fast(f: Facts) -> Flags:
    return f.heart_rate_bpm > _FAST_ABOVE_BPM


def _sinus(f: Facts) -> Flags:
    """The sinus node leads the ventricles, beat by beat."""
    led = in_state(f, Rhythm.SINUS, Rhythm.SINUS_ARRHYTHMIA)
    return led & in_state(f, AvConduction.NORMAL, AvConduction.FIRST_DEGREE_BLOCK)


def _n_supraventricular(f: Facts) -> Ints:
    return f.n_atrial + f.n_aberrant


def _noise(f: Facts) -> Flags:
    return np.asarray((f.unreadable != 0) | (f.inaudible != 0))


def _normal(f: Facts) -> Flags:
    """Sinus rhythm at an ordinary rate, and nothing else to be seen; alternans of microvolts can't be."""
    low, high = NORMAL_BPM
    usual = (f.heart_rate_bpm >= low) & (f.heart_rate_bpm <= high)
    conducted = _sinus(f) & in_state(f, AvConduction.NORMAL) & in_state(f, VentricularConduction.NORMAL)
    no_ectopy = (_n_supraventricular(f) == 0) & (f.n_ventricular == 0)
    return np.asarray(usual & conducted & no_ectopy & _usual_shapes(f))


def _usual_shapes(f: Facts) -> Flags:
    usual = [in_state(f, state) for state in (Qt.NORMAL, Repolarisation.NORMAL, Voltage.NORMAL, Axis.NORMAL)]
    return np.asarray(np.all(usual, axis=0) & (f.scar == 0))


def _any_block(f: Facts) -> Flags:
    return ~in_state(f, AvConduction.NORMAL)


def _wide(f: Facts) -> Flags:
    return in_state(
        f,
        VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK,
        VentricularConduction.RIGHT_BUNDLE_BRANCH_BLOCK,
        VentricularConduction.UNSPECIFIC_DELAY,
        VentricularConduction.PREEXCITATION,
    ) | in_state(f, Rhythm.PACED)


def _every(f: Facts, pattern: EctopyPattern, premature: Ints) -> Flags:
    """A pattern that holds through the recording, seen twice at least."""
    return np.asarray(in_state(f, pattern) & (premature >= 2))


def _ischaemia(f: Facts) -> Flags:
    return in_state(f, Repolarisation.ST_DEPRESSION, Repolarisation.T_INVERSION)


def _ischaemia_of(wall: Territory) -> "_Rule":
    return lambda f: _ischaemia(f) & in_state(f, wall)


def _injury_of(wall: Territory) -> "_Rule":
    return lambda f: in_state(f, Repolarisation.ST_DEPRESSION) & in_state(f, wall)


def _scar(f: Facts) -> Flags:
    return np.asarray(f.scar != 0)


def _scar_of(wall: Territory) -> "_Rule":
    return lambda f: _scar(f) & in_state(f, wall)


def _in(*states: StrEnum) -> "_Rule":
    return lambda f: in_state(f, *states)


_Rule = Callable[[Facts], Flags]

_RHYTHMS: Final[Mapping[str, _Rule]] = {
    "195080001": _in(Rhythm.ATRIAL_FIBRILLATION, Rhythm.ATRIAL_FLUTTER),
    "314208002": lambda f: in_state(f, Rhythm.ATRIAL_FIBRILLATION) & _fast(f),
    "164890007": _in(Rhythm.ATRIAL_FLUTTER),
    "426761007": _in(Rhythm.SUPRAVENTRICULAR_TACHYCARDIA),
    "67198005": _in(Rhythm.SUPRAVENTRICULAR_TACHYCARDIA),  # by re-entry, so it begins and ends at once
    "29320008": _in(Rhythm.JUNCTIONAL),
    "426995002": lambda f: in_state(f, Rhythm.JUNCTIONAL) & _slow(f),
    "426664006": lambda f: in_state(f, Rhythm.JUNCTIONAL) & ~_slow(f) & ~_fast(f),
    "426648003": lambda f: in_state(f, Rhythm.JUNCTIONAL) & _fast(f),
    "10370003": _in(Rhythm.PACED),
    "251266004": _in(Rhythm.PACED),
    "426627000": _slow,
    "426177001": lambda f: _sinus(f) & _slow(f),
    "427084000": lambda f: _sinus(f) & _fast(f),
    "427393009": _in(Rhythm.SINUS_ARRHYTHMIA),
}
_CONDUCTION: Final[Mapping[str, _Rule]] = {
    "233917008": _any_block,
    "270492004": _in(AvConduction.FIRST_DEGREE_BLOCK),
    "164947007": _in(AvConduction.FIRST_DEGREE_BLOCK),
    "195042002": _in(AvConduction.WENCKEBACH, AvConduction.MOBITZ_II),
    "54016002": _in(AvConduction.WENCKEBACH),
    "426183003": _in(AvConduction.MOBITZ_II),
    "27885002": _in(AvConduction.COMPLETE_BLOCK),
    "50799005": _in(AvConduction.COMPLETE_BLOCK),
    "6374002": _in(
        VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK,
        VentricularConduction.RIGHT_BUNDLE_BRANCH_BLOCK,
        VentricularConduction.INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK,
        VentricularConduction.INCOMPLETE_LEFT_BUNDLE_BRANCH_BLOCK,
    ),
    "164909002": _in(VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK),
    "733534002": _in(VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK),
    "59118001": _in(VentricularConduction.RIGHT_BUNDLE_BRANCH_BLOCK),
    "713427006": _in(VentricularConduction.RIGHT_BUNDLE_BRANCH_BLOCK),
    "713426002": _in(VentricularConduction.INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK),
    "251120003": _in(VentricularConduction.INCOMPLETE_LEFT_BUNDLE_BRANCH_BLOCK),
    "445211001": _in(VentricularConduction.LEFT_POSTERIOR_FASCICULAR_BLOCK),
    "445118002": _in(VentricularConduction.LEFT_ANTERIOR_FASCICULAR_BLOCK),
    "698252002": _in(VentricularConduction.UNSPECIFIC_DELAY),
    "74390002": _in(VentricularConduction.PREEXCITATION),
    "195060002": _in(VentricularConduction.PREEXCITATION),
    "164951009": lambda f: _wide(f) | _scar(f),
}
_ECTOPY: Final[Mapping[str, _Rule]] = {
    PREMATURE_ATRIAL.code: lambda f: _n_supraventricular(f) > 0,
    "63593006": lambda f: _n_supraventricular(f) > 0,
    PREMATURE_VENTRICULAR.code: lambda f: f.n_ventricular > 0,
    "11157007": lambda f: _every(f, EctopyPattern.BIGEMINY, f.n_ventricular) & in_state(f, Ectopy.VENTRICULAR),
    "251180001": lambda f: _every(f, EctopyPattern.TRIGEMINY, f.n_ventricular) & in_state(f, Ectopy.VENTRICULAR),
    "251182009": lambda f: _every(f, EctopyPattern.COUPLETS, f.n_ventricular) & in_state(f, Ectopy.VENTRICULAR),
    "251173003": lambda f: _every(f, EctopyPattern.BIGEMINY, _n_supraventricular(f)) & in_state(f, Ectopy.ATRIAL),
    "251168009": lambda f: _every(f, EctopyPattern.BIGEMINY, _n_supraventricular(f)) & in_state(f, Ectopy.ATRIAL),
}
_ST_MOVED: Final = (
    Repolarisation.ST_ELEVATION,
    Repolarisation.ST_DEPRESSION,
    Repolarisation.DIGITALIS,
    Repolarisation.HYPOKALAEMIA,
)
_T_CHANGED: Final = (
    Repolarisation.T_INVERSION,
    Repolarisation.FLAT_T,
    Repolarisation.DIGITALIS,
    Repolarisation.HYPERKALAEMIA,
    Repolarisation.HYPOKALAEMIA,
)
_MORPHOLOGY: Final[Mapping[str, _Rule]] = {
    "111975006": _in(Qt.LONG),
    "77867006": _in(Qt.SHORT),
    "164930006": _in(*_ST_MOVED),
    "55930002": _in(*_ST_MOVED),
    "164931005": _in(Repolarisation.ST_ELEVATION),
    "429622005": _in(Repolarisation.ST_DEPRESSION),
    "704997005": _injury_of(Territory.INFERIOR),
    "164934002": _in(*_T_CHANGED),
    "59931005": _in(Repolarisation.T_INVERSION),
    "164861001": _ischaemia,
    "426434006": _ischaemia_of(Territory.ANTERIOR),
    "425419005": _ischaemia_of(Territory.INFERIOR),
    "425623009": _ischaemia_of(Territory.LATERAL),
    "164865005": _scar,
    "164867002": _scar,
    "164917005": _scar,
    "54329005": _scar_of(Territory.ANTERIOR),
    "266249003": _in(Voltage.LEFT_HYPERTROPHY, Voltage.RIGHT_HYPERTROPHY),
    "164873001": _in(Voltage.LEFT_HYPERTROPHY),
    "55827005": _in(Voltage.LEFT_HYPERTROPHY),
    "89792004": _in(Voltage.RIGHT_HYPERTROPHY),
    "251146004": _in(Voltage.LOW),
    "39732003": lambda f: in_state(f, Axis.LEFT) | in_state(f, VentricularConduction.LEFT_ANTERIOR_FASCICULAR_BLOCK),
    "47665007": lambda f: in_state(f, Axis.RIGHT) | in_state(f, VentricularConduction.LEFT_POSTERIOR_FASCICULAR_BLOCK),
}
_SCP_ECG: Final[Mapping[str, _Rule]] = {
    "NORM": _normal,
    "PRC(S)": lambda f: (_n_supraventricular(f) > 0) | (f.n_ventricular > 0),
    "BIGU": lambda f: _every(f, EctopyPattern.BIGEMINY, _n_supraventricular(f) + f.n_ventricular),
    "TRIGU": lambda f: _every(f, EctopyPattern.TRIGEMINY, _n_supraventricular(f) + f.n_ventricular),
    "ASMI": _scar_of(Territory.ANTERIOR),  # the model's anterior wall is seen in V1 to V4
    "IMI": _scar_of(Territory.INFERIOR),
    "LMI": _scar_of(Territory.LATERAL),
    "PMI": _scar_of(Territory.POSTERIOR),
    "ALMI": _scar_of(Territory.ANTEROLATERAL),
    "ILMI": _scar_of(Territory.INFEROLATERAL),
    "IPMI": _scar_of(Territory.INFEROPOSTERIOR),
    "IPLMI": _scar_of(Territory.INFEROPOSTEROLATERAL),
    "ANEUR": lambda f: _scar(f) & in_state(f, Repolarisation.ST_ELEVATION),  # it stays, and where the scar is
    "ISC_": _ischaemia,
    "ISCAS": _ischaemia_of(Territory.ANTERIOR),
    "ISCAL": _ischaemia_of(Territory.ANTEROLATERAL),
    "ISCIL": _ischaemia_of(Territory.INFEROLATERAL),
    "INJAS": _injury_of(Territory.ANTERIOR),
    "INJIN": _injury_of(Territory.INFERIOR),
    "INJLA": _injury_of(Territory.LATERAL),
    "INJAL": _injury_of(Territory.ANTEROLATERAL),
    "INJIL": _injury_of(Territory.INFEROLATERAL),
    "DIG": _in(Repolarisation.DIGITALIS),
    "EL": _in(Repolarisation.HYPERKALAEMIA, Repolarisation.HYPOKALAEMIA),
    "LOWT": _in(Repolarisation.FLAT_T),  # what an unspecific T wave usually is
    "NT_": _in(Repolarisation.FLAT_T),
    "NDT": _in(Repolarisation.FLAT_T),
    "HVOLT": _in(Voltage.LEFT_HYPERTROPHY),
    "VCLVH": _in(Voltage.LEFT_HYPERTROPHY),
}

_SEEN: Final[Mapping[Code, _Rule]] = {
    ATRIAL_FIBRILLATION: _in(Rhythm.ATRIAL_FIBRILLATION),
    SINUS_RHYTHM: _normal,
    OTHER_RHYTHM: lambda f: ~in_state(f, Rhythm.ATRIAL_FIBRILLATION) & ~_normal(f),
    **{
        Code(CodeSystem.SNOMED_CT, code): rule
        for table in (_RHYTHMS, _CONDUCTION, _ECTOPY, _MORPHOLOGY)
        for code, rule in table.items()
    },
    **{Code(CodeSystem.SCP_ECG, code): rule for code, rule in _SCP_ECG.items()},
    T_WAVE_ALTERNANS: lambda f: f.alternans_uv > 0,
}

VOCABULARY: Final[tuple[Code, ...]] = (*_SEEN, NOISE)
"""Every code that is known of a simulated recording, present or not.

Exactly one of fibrillation, sinus rhythm (a normal one, as in the PhysioNet/CinC Challenge 2017), other rhythm and
noise is present.
"""


def findings_of(facts: Facts) -> Flags:
    """(N, C) whether each record has each code of `VOCABULARY`."""
    noise = _noise(facts)
    seen = np.column_stack([rule(facts) for rule in _SEEN.values()]) & ~noise[:, None]
    return np.column_stack([seen, noise])
