"""Which states of a simulated heart make a record positive for a code: what a hole is filled with.

The other way round, from states to codes, is `chiron.synthesis.findings`; a test holds the two together.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from chiron.synthesis.findings import NORMAL_BPM
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
    canonical,
)
from schemas.states import (
    RATE_LIMITS_BPM,
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

__all__ = ["AIMS", "Aim", "RateRange", "aims_of"]

RateRange = tuple[float, float]
_ANY_RATE: Final[RateRange] = (0.0, 300.0)
_SLOW: Final[RateRange] = (0.0, 60.0)
_FAST: Final[RateRange] = (100.0, 300.0)


class Aim(NamedTuple):
    """States that make a record positive for a code; what is not named is normal. None: whatever is usual.

    rate_bpm: within which the code is what it is. weight: how usual this way is among all ways to have the code.
    """

    rhythm: Rhythm = Rhythm.SINUS
    av: AvConduction = AvConduction.NORMAL
    ventricular: VentricularConduction = VentricularConduction.NORMAL
    ectopy: Ectopy = Ectopy.NONE
    ectopy_pattern: EctopyPattern | None = None
    qt: Qt = Qt.NORMAL
    repolarisation: Repolarisation = Repolarisation.NORMAL
    territory: Territory | None = None
    scar: bool = False
    voltage: Voltage = Voltage.NORMAL
    axis: Axis = Axis.NORMAL
    alternans: bool = False
    unreadable: bool = False
    rate_bpm: RateRange = _ANY_RATE
    weight: float = 1.0

    @property
    def possible_bpm(self) -> RateRange:
        """Where the code is what it is, and the rhythm is possible in a living adult."""
        low, high = RATE_LIMITS_BPM[self.rhythm]
        return max(low, self.rate_bpm[0]), min(high, self.rate_bpm[1])


def aims_of(code: Code) -> tuple[Aim, ...]:
    """The ways to have a code, or the shared code that means the same; none where no state makes it."""
    return AIMS.get(canonical(code), ())


def _scar_of(wall: Territory) -> Aim:
    return Aim(scar=True, territory=wall)


def _ischaemia_of(wall: Territory) -> tuple[Aim, ...]:
    depressed = Aim(repolarisation=Repolarisation.ST_DEPRESSION, territory=wall)
    return depressed._replace(repolarisation=Repolarisation.T_INVERSION), depressed


def _ectopy(origin: Ectopy, pattern: EctopyPattern | None = None, weight: float = 1.0) -> Aim:
    return Aim(ectopy=origin, ectopy_pattern=pattern, weight=weight)


_NORMAL: Final = Aim(rate_bpm=NORMAL_BPM)
_FIRST_DEGREE: Final = Aim(av=AvConduction.FIRST_DEGREE_BLOCK)
_WENCKEBACH, _MOBITZ, _COMPLETE = (
    Aim(av=AvConduction.WENCKEBACH, rate_bpm=(0, 85), weight=0.6),
    Aim(av=AvConduction.MOBITZ_II, rate_bpm=(0, 85), weight=0.4),
    Aim(av=AvConduction.COMPLETE_BLOCK, rate_bpm=(0, 60)),
)
_LBBB, _RBBB, _IRBBB, _LAFB, _DELAY, _PREEXCITATION, _ILBBB, _LPFB = (
    Aim(ventricular=conduction)
    for conduction in (
        VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK,
        VentricularConduction.RIGHT_BUNDLE_BRANCH_BLOCK,
        VentricularConduction.INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK,
        VentricularConduction.LEFT_ANTERIOR_FASCICULAR_BLOCK,
        VentricularConduction.UNSPECIFIC_DELAY,
        VentricularConduction.PREEXCITATION,
        VentricularConduction.INCOMPLETE_LEFT_BUNDLE_BRANCH_BLOCK,
        VentricularConduction.LEFT_POSTERIOR_FASCICULAR_BLOCK,
    )
)
_FLUTTER, _SVT, _JUNCTIONAL, _PACED, _ARRHYTHMIC = (
    Aim(rhythm=rhythm)
    for rhythm in (
        Rhythm.ATRIAL_FLUTTER,
        Rhythm.SUPRAVENTRICULAR_TACHYCARDIA,
        Rhythm.JUNCTIONAL,
        Rhythm.PACED,
        Rhythm.SINUS_ARRHYTHMIA,
    )
)
_FIBRILLATION: Final = Aim(rhythm=Rhythm.ATRIAL_FIBRILLATION)
_ELEVATED, _DEPRESSED, _INVERTED, _FLAT_T, _DIGITALIS, _MUCH_POTASSIUM, _LITTLE_POTASSIUM = (
    Aim(repolarisation=repolarisation)
    for repolarisation in (
        Repolarisation.ST_ELEVATION,
        Repolarisation.ST_DEPRESSION,
        Repolarisation.T_INVERSION,
        Repolarisation.FLAT_T,
        Repolarisation.DIGITALIS,
        Repolarisation.HYPERKALAEMIA,
        Repolarisation.HYPOKALAEMIA,
    )
)
_LVH, _RVH = Aim(voltage=Voltage.LEFT_HYPERTROPHY), Aim(voltage=Voltage.RIGHT_HYPERTROPHY)
_SCAR: Final = Aim(scar=True)
_ATRIAL, _VENTRICULAR = Ectopy.ATRIAL, Ectopy.VENTRICULAR
_OTHER: Final = (  # the weights of the usual groups of a cohort
    _ectopy(_ATRIAL, weight=0.11),
    _ectopy(_VENTRICULAR, weight=0.06),
    Aim(rate_bpm=(0, NORMAL_BPM[0]), weight=0.05),
    Aim(rate_bpm=_FAST, weight=0.04),
    _LBBB._replace(weight=0.015),
    _RBBB._replace(weight=0.015),
    _FIRST_DEGREE._replace(weight=0.02),
    _WENCKEBACH._replace(weight=0.012),
    _MOBITZ._replace(weight=0.008),
    _FLUTTER._replace(weight=0.02),
    _SVT._replace(weight=0.02),
    _JUNCTIONAL._replace(weight=0.01),
)

_SNOMED: Final[Mapping[str, tuple[Aim, ...]]] = {
    "195080001": (_FIBRILLATION, _FLUTTER),
    "314208002": (_FIBRILLATION._replace(rate_bpm=_FAST),),
    "164890007": (_FLUTTER,),
    "426761007": (_SVT,),
    "67198005": (_SVT,),
    "29320008": (_JUNCTIONAL,),
    "426995002": (_JUNCTIONAL._replace(rate_bpm=_SLOW),),
    "426664006": (_JUNCTIONAL._replace(rate_bpm=(60, 100)),),
    "426648003": (_JUNCTIONAL._replace(rate_bpm=_FAST),),
    "10370003": (_PACED,),
    "251266004": (_PACED,),
    "426627000": (Aim(rate_bpm=_SLOW),),
    "426177001": (Aim(rate_bpm=_SLOW),),
    "427084000": (Aim(rate_bpm=_FAST),),
    "427393009": (_ARRHYTHMIC,),
    "233917008": (_FIRST_DEGREE, _WENCKEBACH, _MOBITZ, _COMPLETE),
    "270492004": (_FIRST_DEGREE,),
    "164947007": (_FIRST_DEGREE,),
    "195042002": (_WENCKEBACH, _MOBITZ),
    "54016002": (_WENCKEBACH,),
    "426183003": (_MOBITZ,),
    "27885002": (_COMPLETE,),
    "50799005": (_COMPLETE,),
    "6374002": (_RBBB, _LBBB, _IRBBB, _ILBBB),
    "164909002": (_LBBB,),
    "733534002": (_LBBB,),
    "59118001": (_RBBB,),
    "713427006": (_RBBB,),
    "713426002": (_IRBBB,),
    "251120003": (_ILBBB,),
    "445118002": (_LAFB,),
    "445211001": (_LPFB,),
    "698252002": (_DELAY,),
    "74390002": (_PREEXCITATION,),
    "195060002": (_PREEXCITATION,),
    "164951009": (_DELAY, _LBBB, _RBBB),
    "63593006": (_ectopy(_ATRIAL),),
    "11157007": (_ectopy(_VENTRICULAR, EctopyPattern.BIGEMINY),),
    "251180001": (_ectopy(_VENTRICULAR, EctopyPattern.TRIGEMINY),),
    "251182009": (_ectopy(_VENTRICULAR, EctopyPattern.COUPLETS),),
    "251173003": (_ectopy(_ATRIAL, EctopyPattern.BIGEMINY),),
    "251168009": (_ectopy(_ATRIAL, EctopyPattern.BIGEMINY),),
    "111975006": (Aim(qt=Qt.LONG),),
    "77867006": (Aim(qt=Qt.SHORT),),
    "164930006": (_DEPRESSED, _ELEVATED),
    "55930002": (_DEPRESSED, _ELEVATED),
    "164931005": (_ELEVATED,),
    "429622005": (_DEPRESSED,),
    "704997005": (_DEPRESSED._replace(territory=Territory.INFERIOR),),
    "164934002": (_INVERTED, _FLAT_T),
    "59931005": (_INVERTED,),
    "164861001": (_INVERTED, _DEPRESSED),
    "426434006": _ischaemia_of(Territory.ANTERIOR),
    "425419005": _ischaemia_of(Territory.INFERIOR),
    "425623009": _ischaemia_of(Territory.LATERAL),
    "164865005": (_SCAR,),
    "164867002": (_SCAR,),
    "164917005": (_SCAR,),
    "54329005": (_scar_of(Territory.ANTERIOR),),
    "266249003": (_LVH, _RVH),
    "164873001": (_LVH,),
    "55827005": (_LVH,),
    "89792004": (_RVH,),
    "251146004": (Aim(voltage=Voltage.LOW),),
    "39732003": (Aim(axis=Axis.LEFT),),
    "47665007": (Aim(axis=Axis.RIGHT),),
}
_SCP_ECG: Final[Mapping[str, tuple[Aim, ...]]] = {
    "NORM": (_NORMAL,),
    "PRC(S)": (_ectopy(_ATRIAL), _ectopy(_VENTRICULAR)),
    # of unknown origin: atrial ones first, because rates are measured wrong where ventricular beats dwarf the others
    "BIGU": (_ectopy(_ATRIAL, EctopyPattern.BIGEMINY), _ectopy(_VENTRICULAR, EctopyPattern.BIGEMINY)),
    "TRIGU": (_ectopy(_ATRIAL, EctopyPattern.TRIGEMINY), _ectopy(_VENTRICULAR, EctopyPattern.TRIGEMINY)),
    "ASMI": (_scar_of(Territory.ANTERIOR),),
    "IMI": (_scar_of(Territory.INFERIOR),),
    "LMI": (_scar_of(Territory.LATERAL),),
    "PMI": (_scar_of(Territory.POSTERIOR),),
    "ALMI": (_scar_of(Territory.ANTEROLATERAL),),
    "ILMI": (_scar_of(Territory.INFEROLATERAL),),
    "IPMI": (_scar_of(Territory.INFEROPOSTERIOR),),
    "IPLMI": (_scar_of(Territory.INFEROPOSTEROLATERAL),),
    "ANEUR": (_SCAR._replace(repolarisation=Repolarisation.ST_ELEVATION, territory=Territory.ANTERIOR),),
    "ISC_": (_INVERTED, _DEPRESSED),
    "ISCAS": _ischaemia_of(Territory.ANTERIOR),
    "ISCAL": _ischaemia_of(Territory.ANTEROLATERAL),
    "ISCIL": _ischaemia_of(Territory.INFEROLATERAL),
    "INJAS": (_DEPRESSED._replace(territory=Territory.ANTERIOR),),
    "INJIN": (_DEPRESSED._replace(territory=Territory.INFERIOR),),
    "INJLA": (_DEPRESSED._replace(territory=Territory.LATERAL),),
    "INJAL": (_DEPRESSED._replace(territory=Territory.ANTEROLATERAL),),
    "INJIL": (_DEPRESSED._replace(territory=Territory.INFEROLATERAL),),
    "DIG": (_DIGITALIS,),
    "EL": (_LITTLE_POTASSIUM, _MUCH_POTASSIUM),
    "LOWT": (_FLAT_T,),
    "NT_": (_FLAT_T,),
    "NDT": (_FLAT_T,),
    "HVOLT": (_LVH,),
    "VCLVH": (_LVH,),
}

AIMS: Final[Mapping[Code, tuple[Aim, ...]]] = {
    ATRIAL_FIBRILLATION: (_FIBRILLATION,),
    SINUS_RHYTHM: (_NORMAL,),
    OTHER_RHYTHM: _OTHER,
    NOISE: (Aim(unreadable=True),),
    PREMATURE_ATRIAL: (_ectopy(_ATRIAL),),
    PREMATURE_VENTRICULAR: (_ectopy(_VENTRICULAR),),
    **{Code(CodeSystem.SNOMED_CT, code): aims for code, aims in _SNOMED.items()},
    **{Code(CodeSystem.SCP_ECG, code): aims for code, aims in _SCP_ECG.items()},
    T_WAVE_ALTERNANS: (Aim(alternans=True),),
}
"""By shared code, each with the most usual way first; every one of them makes the code."""
