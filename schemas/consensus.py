"""How readings became labels, as reported: the method of each code, and how well each annotator reads."""

from typing import ClassVar

from schemas.base import Frozen, Interval, Report
from schemas.codes import LabelMethod

__all__ = ["AnnotatorQuality", "CodeConsensus", "ConsensusReport"]


class CodeConsensus(Frozen):
    """How the votes on one code were counted. Adjudicated readings and simulated truth are the label without a vote."""

    code_system: str
    code: str
    name: str
    method: LabelMethod
    reason: str | None = None  # why the votes are counted and not weighed
    n_records: int  # with a vote
    n_annotators: int
    prevalence: float | None = None  # estimated with the annotators' errors
    n_against_majority: int = 0  # labels that differ from what most votes say


class AnnotatorQuality(Frozen):
    """How well one annotator reads one code.

    Judged by the truth that all votes together make likely (`dawid_skene`), or by adjudicated readings alone. A gold
    standard flatters those from whose readings it was made.
    """

    annotator: str
    code_system: str
    code: str
    name: str
    by: LabelMethod
    n_readings: int
    sensitivity: Interval
    specificity: Interval


class ConsensusReport(Report):
    """How the labels of a dataset were made."""

    file_name: ClassVar[str] = "consensus.json"
    codes: tuple[CodeConsensus, ...]
    annotators: tuple[AnnotatorQuality, ...] = ()
