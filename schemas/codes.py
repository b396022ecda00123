"""Clinical codes and the closed vocabularies of the tables.

A code always carries its system. Annotations keep the code as the source wrote it; `CANONICAL` says which code of
a shared system means the same, and labels are made from those.
"""

from enum import StrEnum
from typing import Final, NamedTuple

__all__ = [
    "ATRIAL_FIBRILLATION",
    "CANONICAL",
    "CONCEPT_NAMES",
    "NOISE",
    "OTHER_RHYTHM",
    "PREMATURE_ATRIAL",
    "PREMATURE_VENTRICULAR",
    "SINUS_RHYTHM",
    "AnnotatorKind",
    "Code",
    "CodeSystem",
    "LabelMethod",
    "QuarantineReason",
    "Sex",
    "SplitName",
    "canonical",
    "concept_name",
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
NOISE: Final = Code(CodeSystem.CHIRON, "too-noisy")

CONCEPT_NAMES: Final[dict[Code, str]] = {
    SINUS_RHYTHM: "normal sinus rhythm",
    ATRIAL_FIBRILLATION: "atrial fibrillation",
    PREMATURE_ATRIAL: "premature atrial complexes",
    PREMATURE_VENTRICULAR: "premature ventricular complexes",
    OTHER_RHYTHM: "other rhythm",
    NOISE: "too noisy to read",
}

CANONICAL: Final[dict[Code, Code]] = {
    Code(CodeSystem.CINC2017, "N"): SINUS_RHYTHM,
    Code(CodeSystem.CINC2017, "A"): ATRIAL_FIBRILLATION,
    Code(CodeSystem.CINC2017, "O"): OTHER_RHYTHM,
    Code(CodeSystem.CINC2017, "~"): NOISE,
}


def canonical(code: Code) -> Code:
    """The code of a shared system with the same meaning; the code itself where there is none."""
    return CANONICAL.get(code, code)


def concept_name(code: Code) -> str:
    """A name to show to people."""
    return CONCEPT_NAMES.get(canonical(code), str(code))
