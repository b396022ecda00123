"""Which findings follow from which states: cases as a cardiologist would name them."""

import numpy as np
import pytest

from chiron.synthesis.facts import Facts
from chiron.synthesis.findings import VOCABULARY, findings_of
from chiron.synthesis.structures import position
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
    is_code,
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

CLASSES = (SINUS_RHYTHM, ATRIAL_FIBRILLATION, OTHER_RHYTHM, NOISE)
HEALTHY = {
    "rhythm": Rhythm.SINUS,
    "av": AvConduction.NORMAL,
    "ventricular": VentricularConduction.NORMAL,
    "ectopy": Ectopy.NONE,
    "pattern": EctopyPattern.RARE,
    "qt": Qt.NORMAL,
    "repolarisation": Repolarisation.NORMAL,
    "territory": Territory.ANTERIOR,
    "scar": 0,
    "voltage": Voltage.NORMAL,
    "axis": Axis.NORMAL,
    "alternans_uv": 0.0,
    "heart_rate_bpm": 72.0,
    "inaudible": 0,
    "unreadable": 0,
    "n_atrial": 0,
    "n_ventricular": 0,
    "n_aberrant": 0,
}


def number(value):
    return position(value) if isinstance(value, str) else value


def facts(**changes):
    return Facts(**{name: np.array([number(value)]) for name, value in (HEALTHY | changes).items()})


def found(**changes):
    """The codes that a heart with these changes to a healthy one has."""
    (row,) = findings_of(facts(**changes))
    return {code for code, present in zip(VOCABULARY, row, strict=True) if present}


def snomed(*codes):
    return {Code(CodeSystem.SNOMED_CT, code) for code in codes}


def scp(*codes):
    return {Code(CodeSystem.SCP_ECG, code) for code in codes}


def test_a_healthy_heart_is_normal_and_nothing_else():
    assert found() == {SINUS_RHYTHM} | scp("NORM")


@pytest.mark.parametrize(
    ("rate_bpm", "expected"),
    [
        (49.9, {OTHER_RHYTHM} | snomed("426177001", "426627000")),
        (50.0, {SINUS_RHYTHM} | scp("NORM") | snomed("426177001", "426627000")),
        (60.0, {SINUS_RHYTHM} | scp("NORM")),
        (100.0, {SINUS_RHYTHM} | scp("NORM")),
        (100.1, {OTHER_RHYTHM} | snomed("427084000")),
    ],
)
def test_sinus_rhythm_is_slow_below_60_and_fast_above_100(rate_bpm, expected):
    assert found(heart_rate_bpm=rate_bpm) == expected


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"rhythm": Rhythm.ATRIAL_FLUTTER}, snomed("164890007", "195080001")),
        ({"rhythm": Rhythm.SUPRAVENTRICULAR_TACHYCARDIA, "heart_rate_bpm": 170.0}, snomed("426761007", "67198005")),
        ({"rhythm": Rhythm.JUNCTIONAL, "heart_rate_bpm": 45.0}, snomed("29320008", "426995002", "426627000")),
        ({"rhythm": Rhythm.JUNCTIONAL}, snomed("29320008", "426664006")),
        ({"rhythm": Rhythm.JUNCTIONAL, "heart_rate_bpm": 110.0}, snomed("29320008", "426648003")),
        ({"rhythm": Rhythm.PACED}, snomed("10370003", "251266004", "164951009")),
        ({"av": AvConduction.FIRST_DEGREE_BLOCK}, snomed("270492004", "164947007", "233917008")),
        ({"av": AvConduction.WENCKEBACH}, snomed("54016002", "195042002", "233917008")),
        ({"av": AvConduction.MOBITZ_II}, snomed("426183003", "195042002", "233917008")),
        (
            {"av": AvConduction.COMPLETE_BLOCK, "heart_rate_bpm": 38.0},
            snomed("27885002", "50799005", "233917008", "426627000"),
        ),
        (
            {"ventricular": VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK},
            snomed("164909002", "733534002", "6374002", "164951009"),
        ),
        (
            {"ventricular": VentricularConduction.RIGHT_BUNDLE_BRANCH_BLOCK},
            snomed("59118001", "713427006", "6374002", "164951009"),
        ),
        ({"ventricular": VentricularConduction.INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK}, snomed("713426002", "6374002")),
        ({"ventricular": VentricularConduction.LEFT_ANTERIOR_FASCICULAR_BLOCK}, snomed("445118002", "39732003")),
        ({"ventricular": VentricularConduction.INCOMPLETE_LEFT_BUNDLE_BRANCH_BLOCK}, snomed("251120003", "6374002")),
        ({"ventricular": VentricularConduction.LEFT_POSTERIOR_FASCICULAR_BLOCK}, snomed("445211001", "47665007")),
        ({"ventricular": VentricularConduction.UNSPECIFIC_DELAY}, snomed("698252002", "164951009")),
        ({"ventricular": VentricularConduction.PREEXCITATION}, snomed("74390002", "195060002", "164951009")),
        ({"qt": Qt.LONG}, snomed("111975006")),
        ({"qt": Qt.SHORT}, snomed("77867006")),
        ({"repolarisation": Repolarisation.ST_ELEVATION}, snomed("164931005", "164930006", "55930002")),
        (
            {"repolarisation": Repolarisation.ST_DEPRESSION, "territory": Territory.INFERIOR},
            snomed("429622005", "164930006", "55930002", "704997005", "164861001", "425419005") | scp("INJIN", "ISC_"),
        ),
        (
            {"repolarisation": Repolarisation.T_INVERSION, "territory": Territory.ANTERIOR},
            snomed("59931005", "164934002", "164861001", "426434006") | scp("ISCAS", "ISC_"),
        ),
        ({"repolarisation": Repolarisation.FLAT_T}, snomed("164934002") | scp("LOWT", "NT_", "NDT")),
        (
            {"repolarisation": Repolarisation.ST_DEPRESSION, "territory": Territory.INFEROLATERAL},
            snomed("429622005", "164930006", "55930002", "164861001") | scp("INJIL", "ISCIL", "ISC_"),
        ),
        ({"repolarisation": Repolarisation.DIGITALIS}, snomed("164930006", "55930002", "164934002") | scp("DIG")),
        ({"repolarisation": Repolarisation.HYPERKALAEMIA}, snomed("164934002") | scp("EL")),
        ({"repolarisation": Repolarisation.HYPOKALAEMIA}, snomed("164930006", "55930002", "164934002") | scp("EL")),
        (
            {"scar": 1, "territory": Territory.ANTEROLATERAL},
            snomed("164865005", "164867002", "164917005", "164951009") | scp("ALMI"),
        ),
        (
            {"scar": 1, "territory": Territory.POSTERIOR, "repolarisation": Repolarisation.ST_ELEVATION},
            snomed("164865005", "164867002", "164917005", "164951009", "164931005", "164930006", "55930002")
            | scp("PMI", "ANEUR"),
        ),
        (
            {"scar": 1, "territory": Territory.INFERIOR},
            snomed("164865005", "164867002", "164917005", "164951009") | scp("IMI"),
        ),
        ({"voltage": Voltage.LEFT_HYPERTROPHY}, snomed("164873001", "55827005", "266249003") | scp("HVOLT", "VCLVH")),
        ({"voltage": Voltage.RIGHT_HYPERTROPHY}, snomed("89792004", "266249003")),
        ({"voltage": Voltage.LOW}, snomed("251146004")),
        ({"axis": Axis.LEFT}, snomed("39732003")),
        ({"axis": Axis.RIGHT}, snomed("47665007")),
    ],
)
def test_a_state_has_its_codes_and_is_no_normal_rhythm(changes, codes):
    assert found(**changes) == codes | {OTHER_RHYTHM}


@pytest.mark.parametrize(("rate_bpm", "codes"), [(90.0, ()), (130.0, ("314208002",)), (50.0, ("426627000",))])
def test_fibrillation_is_a_class_of_its_own_at_every_rate(rate_bpm, codes):
    expected = {ATRIAL_FIBRILLATION} | snomed("195080001", *codes)
    assert found(rhythm=Rhythm.ATRIAL_FIBRILLATION, heart_rate_bpm=rate_bpm) == expected


def test_premature_beats_count_only_within_the_recording():
    """One premature beat is enough; a heart that has some, but none here, is normal."""
    assert PREMATURE_ATRIAL in found(ectopy=Ectopy.ATRIAL, n_atrial=1)
    assert PREMATURE_ATRIAL in found(ectopy=Ectopy.ATRIAL, n_aberrant=1)
    assert PREMATURE_VENTRICULAR not in found(ectopy=Ectopy.ATRIAL, n_aberrant=1)
    assert found(ectopy=Ectopy.VENTRICULAR, n_ventricular=1) == {PREMATURE_VENTRICULAR, OTHER_RHYTHM} | scp("PRC(S)")
    assert found(ectopy=Ectopy.VENTRICULAR) == {SINUS_RHYTHM} | scp("NORM")


@pytest.mark.parametrize(
    ("ectopy", "pattern", "codes"),
    [
        (Ectopy.VENTRICULAR, EctopyPattern.BIGEMINY, snomed("11157007") | scp("BIGU")),
        (Ectopy.VENTRICULAR, EctopyPattern.TRIGEMINY, snomed("251180001") | scp("TRIGU")),
        (Ectopy.VENTRICULAR, EctopyPattern.COUPLETS, snomed("251182009")),
        (Ectopy.ATRIAL, EctopyPattern.BIGEMINY, snomed("251173003", "251168009") | scp("BIGU")),
        (Ectopy.ATRIAL, EctopyPattern.COUPLETS, set()),
    ],
)
def test_patterns_of_premature_beats_are_named_by_their_origin(ectopy, pattern, codes):
    counts = {"n_ventricular": 4} if ectopy is Ectopy.VENTRICULAR else {"n_atrial": 4}
    plain = found(ectopy=ectopy, **counts)
    assert found(ectopy=ectopy, pattern=pattern, **counts) == plain | codes


def test_what_one_heart_can_have_together_is_found_together():
    both = found(
        rhythm=Rhythm.ATRIAL_FIBRILLATION,
        ventricular=VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK,
        voltage=Voltage.LEFT_HYPERTROPHY,
        repolarisation=Repolarisation.T_INVERSION,
        territory=Territory.LATERAL,
    )
    assert both >= {ATRIAL_FIBRILLATION} | snomed("164909002", "164873001", "425623009")
    assert not both & {SINUS_RHYTHM, OTHER_RHYTHM, NOISE}


def test_alternans_of_microvolts_is_named_but_no_reader_sees_it():
    assert found(alternans_uv=30.0) == {SINUS_RHYTHM, T_WAVE_ALTERNANS} | scp("NORM")


@pytest.mark.parametrize("changes", [{"unreadable": 1}, {"inaudible": 1, "heart_rate_bpm": 0.0}])
def test_of_a_recording_that_cannot_be_read_only_noise_is_said(changes):
    assert found(rhythm=Rhythm.ATRIAL_FIBRILLATION, n_ventricular=3, alternans_uv=50.0, **changes) == {NOISE}


def test_exactly_one_of_four_classes_is_present_whatever_the_states():
    rng = np.random.default_rng(3)
    sizes = {"rhythm": 7, "av": 5, "ventricular": 7, "ectopy": 4, "pattern": 7, "qt": 3, "repolarisation": 5}
    sizes |= {"territory": 3, "voltage": 4, "axis": 3, "scar": 2, "inaudible": 2, "unreadable": 2}
    sizes |= {"n_atrial": 3, "n_ventricular": 3, "n_aberrant": 2}
    n = 5000
    drawn = {name: rng.integers(0, size, n) for name, size in sizes.items()}
    many = findings_of(Facts(**drawn, alternans_uv=rng.random(n), heart_rate_bpm=rng.uniform(30, 180, n)))
    assert many.shape == (n, len(VOCABULARY))
    assert (many[:, [VOCABULARY.index(code) for code in CLASSES]].sum(axis=1) == 1).all()


def test_the_vocabulary_names_each_meaning_once_and_by_a_shared_code():
    assert len(set(VOCABULARY)) == len(VOCABULARY)
    assert [code for code in VOCABULARY if canonical(code) != code] == []
    assert [code for code in VOCABULARY if not is_code(code) and code != T_WAVE_ALTERNANS] == []
