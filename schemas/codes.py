"""Clinical codes and the closed vocabularies of the tables.

A code always carries its system. Annotations keep the code as the source wrote it; `CANONICAL` says which code of
a shared system means the same, and labels are made from those. Where each mapping comes from: `schemas.code_mappings`.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from schemas.code_mappings import CODE_TEST_TO_SNOMED, SCP_TO_SNOMED, SNOMED_SYNONYMS, WFDB_RHYTHM_TO_SNOMED
from schemas.code_names import CODE_TEST, SCP_ECG, SNOMED_CT, WFDB_RHYTHMS
from schemas.snomed import is_concept_id

__all__ = [
    "ATRIAL_FIBRILLATION",
    "CANONICAL",
    "CONCEPT_NAMES",
    "NOISE",
    "OTHER_RHYTHM",
    "PREMATURE_ATRIAL",
    "PREMATURE_VENTRICULAR",
    "SINUS_RHYTHM",
    "T_WAVE_ALTERNANS",
    "AnnotatorKind",
    "Code",
    "CodeSystem",
    "LabelMethod",
    "QuarantineReason",
    "Sex",
    "SplitName",
    "canonical",
    "concept_name",
    "is_code",
]


class CodeSystem(StrEnum):
    """Who defines a code."""

    SNOMED_CT = "SNOMED-CT"
    SCP_ECG = "SCP-ECG"
    WFDB = "WFDB"  # annotation codes and rhythm strings of PhysioNet
    CODE_TEST = "CODE-TEST"  # the six abbreviations of the CODE study
    CINC2017 = "CINC2017"
    CHIRON = "CHIRON"


class AnnotatorKind(StrEnum):
    """Who or what made a reading."""

    PERSON = "person"
    GROUP = "group"
    ALGORITHM = "algorithm"
    ADJUDICATED = "adjudicated"
    CLINICIAN_FEEDBACK = "clinician_feedback"
    SIMULATOR = "simulator"


class Sex(StrEnum):
    """Sex as the source states it; unknown is null, never a letter."""

    FEMALE = "F"
    MALE = "M"


class SplitName(StrEnum):
    """The part of a dataset that a patient belongs to, for good."""

    TRAIN = "train"
    VALID = "valid"
    TEST = "test"


class LabelMethod(StrEnum):
    """How readings became a label."""

    ADJUDICATED = "adjudicated"
    MAJORITY = "majority"
    DAWID_SKENE = "dawid_skene"
    SINGLE_READER = "single_reader"
    GROUND_TRUTH = "ground_truth"


class QuarantineReason(StrEnum):
    """Why an input was refused."""

    UNREADABLE_FILE = "unreadable_file"
    UNREADABLE_HEADER = "unreadable_header"
    MISSING_HEADER = "missing_header"
    MISSING_SIGNAL_FILE = "missing_signal_file"
    TRUNCATED_SIGNAL = "truncated_signal"
    UNSUPPORTED_FORMAT = "unsupported_format"
    UNSAFE_PATH = "unsafe_path"
    IMPLAUSIBLE_HEADER = "implausible_header"
    TOO_LARGE = "too_large"
    UNREADABLE_LABELS = "unreadable_labels"
    LABEL_WITHOUT_RECORD = "label_without_record"
    WITHDRAWN = "withdrawn"  # counted only: neither kept nor listed


class Code(NamedTuple):
    """A clinical code: `system` says who defines it."""

    system: CodeSystem
    code: str

    def __str__(self) -> str:
        return f"{self.system.value}:{self.code}"


SINUS_RHYTHM: Final = Code(CodeSystem.SNOMED_CT, "426783006")
ATRIAL_FIBRILLATION: Final = Code(CodeSystem.SNOMED_CT, "164889003")
PREMATURE_ATRIAL: Final = Code(CodeSystem.SNOMED_CT, "284470004")
PREMATURE_VENTRICULAR: Final = Code(CodeSystem.SNOMED_CT, "427172004")
OTHER_RHYTHM: Final = Code(CodeSystem.CHIRON, "other-rhythm")
T_WAVE_ALTERNANS: Final = Code(CodeSystem.CHIRON, "t-wave-alternans")
NOISE: Final = Code(CodeSystem.CHIRON, "too-noisy")


def _of(system: CodeSystem, names: dict[str, str]) -> dict[Code, str]:
    return {Code(system, code): name for code, name in names.items()}


CONCEPT_NAMES: Final[dict[Code, str]] = {
    **_of(CodeSystem.SNOMED_CT, SNOMED_CT),
    **_of(CodeSystem.SCP_ECG, SCP_ECG),
    **_of(CodeSystem.WFDB, WFDB_RHYTHMS),
    **_of(CodeSystem.CODE_TEST, CODE_TEST),
    OTHER_RHYTHM: "other rhythm",
    NOISE: "too noisy to read",
    T_WAVE_ALTERNANS: "T-wave alternans",
}


def _to_snomed(system: CodeSystem, mapping: dict[str, str]) -> dict[Code, Code]:
    return {Code(system, code): Code(CodeSystem.SNOMED_CT, snomed) for code, snomed in mapping.items()}


CANONICAL: Final[dict[Code, Code]] = {
    Code(CodeSystem.CINC2017, "N"): SINUS_RHYTHM,
    Code(CodeSystem.CINC2017, "A"): ATRIAL_FIBRILLATION,
    Code(CodeSystem.CINC2017, "O"): OTHER_RHYTHM,
    Code(CodeSystem.CINC2017, "~"): NOISE,
    **_to_snomed(CodeSystem.SCP_ECG, SCP_TO_SNOMED),
    **_to_snomed(CodeSystem.WFDB, WFDB_RHYTHM_TO_SNOMED),
    **_to_snomed(CodeSystem.CODE_TEST, CODE_TEST_TO_SNOMED),
    **_to_snomed(CodeSystem.SNOMED_CT, SNOMED_SYNONYMS),
}


def canonical(code: Code) -> Code:
    """The code of a shared system with the same meaning; the code itself where there is none."""
    return CANONICAL.get(code, code)


def concept_name(code: Code) -> str:
    """A name to show to people."""
    return CONCEPT_NAMES.get(canonical(code), str(code))


def is_code(code: Code) -> bool:
    """Whether the system has, or can have, such a code; so that no other text passes for one.

    SNOMED CT is open: every well-formed identifier of a concept counts. The other systems are closed lists.
    """
    if code.system is CodeSystem.SNOMED_CT:
        return is_concept_id(code.code)
    return code in CONCEPT_NAMES or code in CANONICAL
