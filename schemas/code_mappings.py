"""Codes of other systems that mean exactly what a SNOMED CT code means, by the code's name.

What is broader, narrower or only similar has no mapping, and keeps its own code.

SCP-ECG: statements whose name is that of a diagnosis of the PhysioNet/CinC Challenge 2021. Its organisers coded PTB-XL
in SNOMED CT, and for all but SR, LVH, TAB_, ABQRS and PVC the number of records is the same in their dx_mapping tables
(column PTB_XL) and in tables 6 to 8 of Wagner et al. 2020 (doi 10.1038/s41597-020-0495-6): they gave SR also to normal
ECGs, LVH also to voltage criteria, and TAB_ to other T-wave changes; ABQRS and PVC differ by 62 and 8. They coded CLBBB
as left, and CRBBB as complete right bundle branch block. Statements that they folded into a broader code (infarctions
by place, SVARR, BIGU of unknown origin, NDT, RAO/RAE) are left as they are.

WFDB: rhythms of the MIT-BIH Arrhythmia Database Directory. (SVTA is a group of tachyarrhythmias, and has no mapping.

CODE-TEST: the six abnormalities that Ribeiro et al. 2020 define in words (doi 10.1038/s41467-020-15432-4).

SNOMED CT itself has several codes for a premature ventricular complex: the Challenge scores 17338001 and 427172004 as
one, and coded PTB-XL's PVC as 164884008.
"""

from typing import Final

__all__ = ["CODE_TEST_TO_SNOMED", "SCP_TO_SNOMED", "SNOMED_SYNONYMS", "WFDB_RHYTHM_TO_SNOMED"]

SCP_TO_SNOMED: Final[dict[str, str]] = {
    "1AVB": "270492004",
    "2AVB": "195042002",
    "3AVB": "27885002",
    "ABQRS": "164951009",
    "AFIB": "164889003",
    "AFLT": "164890007",
    "AMI": "54329005",
    "CLBBB": "164909002",
    "CRBBB": "713427006",
    "ILBBB": "251120003",
    "INVT": "59931005",
    "IRBBB": "713426002",
    "ISCAN": "426434006",
    "ISCIN": "425419005",
    "ISCLA": "425623009",
    "IVCD": "698252002",
    "LAFB": "445118002",
    "LAO/LAE": "67741000119109",
    "LNGQT": "111975006",
    "LPFB": "445211001",
    "LPR": "164947007",
    "LVH": "164873001",
    "LVOLT": "251146004",
    "PAC": "284470004",
    "PACE": "10370003",
    "PSVT": "67198005",
    "PVC": "427172004",
    "QWAVE": "164917005",
    "RVH": "89792004",
    "SARRH": "427393009",
    "SBRAD": "426177001",
    "SR": "426783006",
    "STACH": "427084000",
    "STD_": "429622005",
    "STE_": "164931005",
    "SVTAC": "426761007",
    "TAB_": "164934002",
    "WPW": "74390002",
}

WFDB_RHYTHM_TO_SNOMED: Final[dict[str, str]] = {
    "(AB": "251173003",
    "(AFIB": "164889003",
    "(AFL": "164890007",
    "(B": "11157007",
    "(BII": "195042002",
    "(IVR": "49260003",
    "(N": "426783006",
    "(NOD": "29320008",
    "(P": "10370003",
    "(PREX": "195060002",
    "(SBR": "426177001",
    "(T": "251180001",
    "(VFL": "111288001",
    "(VT": "164895002",
}

CODE_TEST_TO_SNOMED: Final[dict[str, str]] = {
    "1dAVb": "270492004",
    "RBBB": "59118001",
    "LBBB": "164909002",
    "SB": "426177001",
    "AF": "164889003",
    "ST": "427084000",
}

SNOMED_SYNONYMS: Final[dict[str, str]] = {"17338001": "427172004", "164884008": "427172004"}
