import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.code_mappings import SCP_TO_SNOMED
from schemas.code_names import SCP_ECG, SNOMED_CT
from schemas.codes import CANONICAL, CONCEPT_NAMES, Code, CodeSystem, canonical, concept_name, is_code
from schemas.snomed import is_concept_id

# Records of PTB-XL with a statement: tables 6 to 8 of Wagner et al. 2020 (doi 10.1038/s41597-020-0495-6).
RECORDS_IN_PTB_XL = {
    "1AVB": 797,
    "2AVB": 14,
    "3AVB": 16,
    "AFIB": 1514,
    "AFLT": 73,
    "AMI": 354,
    "CLBBB": 536,
    "CRBBB": 542,
    "ILBBB": 77,
    "INVT": 294,
    "IRBBB": 1118,
    "ISCAN": 44,
    "ISCIN": 219,
    "ISCLA": 142,
    "IVCD": 789,
    "LAFB": 1626,
    "LAO/LAE": 427,
    "LNGQT": 118,
    "LPFB": 177,
    "LPR": 340,
    "LVOLT": 182,
    "PAC": 398,
    "PACE": 296,
    "PSVT": 24,
    "QWAVE": 548,
    "RVH": 126,
    "SARRH": 772,
    "SBRAD": 637,
    "STACH": 826,
    "STD_": 1009,
    "STE_": 28,
    "SVTAC": 27,
    "WPW": 80,
}

# Records of PTB-XL with a diagnosis: column PTB_XL of dx_mapping_scored.csv and dx_mapping_unscored.csv (CinC 2021).
RECORDS_IN_CHALLENGE = {
    "10370003": 296,
    "111975006": 118,
    "164889003": 1514,
    "164890007": 73,
    "164909002": 536,
    "164917005": 548,
    "164931005": 28,
    "164947007": 340,
    "195042002": 14,
    "251120003": 77,
    "251146004": 182,
    "270492004": 797,
    "27885002": 16,
    "284470004": 398,
    "425419005": 219,
    "425623009": 142,
    "426177001": 637,
    "426434006": 44,
    "426761007": 27,
    "427084000": 826,
    "427393009": 772,
    "429622005": 1009,
    "445118002": 1626,
    "445211001": 177,
    "54329005": 354,
    "59931005": 294,
    "67198005": 24,
    "67741000119109": 427,
    "698252002": 789,
    "713426002": 1118,
    "713427006": 542,
    "74390002": 80,
    "89792004": 126,
}
OTHERWISE_COUNTED = {"ABQRS", "LVH", "PVC", "SR", "TAB_"}  # schemas/code_mappings.py says how


def test_a_statement_and_its_snomed_code_stand_for_as_many_records_of_ptb_xl():
    assert SCP_TO_SNOMED.keys() == RECORDS_IN_PTB_XL.keys() | OTHERWISE_COUNTED
    for statement, n in RECORDS_IN_PTB_XL.items():
        assert RECORDS_IN_CHALLENGE[SCP_TO_SNOMED[statement]] == n


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (Code(CodeSystem.SCP_ECG, "AFIB"), "atrial fibrillation"),
        (Code(CodeSystem.WFDB, "(AFIB"), "atrial fibrillation"),
        (Code(CodeSystem.CODE_TEST, "AF"), "atrial fibrillation"),
        (Code(CodeSystem.CINC2017, "A"), "atrial fibrillation"),
        (Code(CodeSystem.SNOMED_CT, "17338001"), "premature ventricular complexes"),
        (Code(CodeSystem.SCP_ECG, "NORM"), "normal ECG"),
        (Code(CodeSystem.WFDB, "(SVTA"), "supraventricular tachyarrhythmia"),
        (Code(CodeSystem.SNOMED_CT, "404684003"), "SNOMED-CT:404684003"),
    ],
)
def test_what_means_the_same_has_the_same_name(code, name):
    assert concept_name(code) == name


def test_a_mapping_ends_where_it_leads():
    assert all(canonical(target) == target and target in CONCEPT_NAMES for target in CANONICAL.values())
    assert all(is_code(code) for code in [*CANONICAL, *CONCEPT_NAMES])


def test_there_are_as_many_names_as_published():
    assert (len(SCP_ECG), len(SNOMED_CT)) == (71, 133)  # Wagner et al. 2020; 30 scored and 103 unscored diagnoses


@pytest.mark.parametrize("concept", ["138875005", "404684003", "73211009", "24700007", "67741000119109"])
def test_concepts_of_snomed_ct_are_codes(concept):
    """The root, clinical finding, diabetes mellitus, multiple sclerosis (SNOMED CT browser); one of CinC 2021."""
    assert is_concept_id(concept)


@pytest.mark.parametrize("text", ["", "A", "138875006", "121589010", "0138875005", "１３８８７５００５", "138875005\n"])
def test_other_numbers_are_no_concepts(text):
    """A wrong check digit, a description (partition 01), a leading zero, digits of another script, a line's end."""
    assert not is_concept_id(text)


@settings(deadline=None)
@given(st.sampled_from(sorted(SNOMED_CT)), st.data())
def test_one_wrong_digit_or_two_swapped_are_found(concept, data):
    """Verhoeff 1969: all single errors and all transpositions of neighbours."""
    at = data.draw(st.integers(0, len(concept) - 2))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != concept[at]]))
    assert not is_concept_id(concept[:at] + wrong + concept[at + 1 :])
    if concept[at] != concept[at + 1]:
        assert not is_concept_id(concept[:at] + concept[at + 1] + concept[at] + concept[at + 2 :])


@pytest.mark.parametrize("code", [Code(CodeSystem.SCP_ECG, "SMITH"), Code(CodeSystem.CINC2017, "X")])
def test_systems_that_are_closed_have_no_other_codes(code):
    assert not is_code(code)
