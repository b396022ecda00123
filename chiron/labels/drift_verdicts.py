"""What a difference of prevalence comes from, and the sentence that says so."""

from math import log
from typing import Final, NamedTuple

from schemas.drift import DriftBy, DriftVerdict, OddsRatio

__all__ = ["Evidence", "SameRecords", "sentence_of", "verdict_of"]

_ALPHA: Final = 0.05
_MIN_SAME: Final = 20  # records that an annotator and others read


class SameRecords(NamedTuple):
    """An annotator against others on the records that both read."""

    odds: OddsRatio
    only_here: int  # records that the annotator finds to have it, and others do not
    only_there: int

    @property
    def difference(self) -> float:
        """Of the two prevalences."""
        return (self.only_here - self.only_there) / self.odds.n_records


class Evidence(NamedTuple):
    """One difference, plain and where like is compared with like; none where that can't be done."""

    difference: float  # of the two prevalences
    crude: OddsRatio
    adjusted: OddsRatio | None
    with_readers: OddsRatio | None
    same: SameRecords | None


def verdict_of(by: DriftBy, evidence: Evidence) -> DriftVerdict:
    """What the difference comes from, as far as the data can say."""
    by_case_mix = _explained(evidence.crude, evidence.adjusted)
    if by is DriftBy.ANNOTATOR:
        return _of_annotator(evidence, by_case_mix)
    if by_case_mix:
        return DriftVerdict.CASE_MIX
    if by_case_mix is None:
        return DriftVerdict.CANNOT_TELL
    by_readers = _explained(evidence.crude, evidence.with_readers)
    if by_readers is None:
        return DriftVerdict.CANNOT_TELL
    return DriftVerdict.READERS if by_readers else DriftVerdict.UNEXPLAINED


def _of_annotator(evidence: Evidence, by_case_mix: bool | None) -> DriftVerdict:
    """On the same records there is no difference of cases: what is left is the annotator."""
    same = evidence.same
    if same is None or same.odds.n_records < _MIN_SAME:
        return DriftVerdict.CASE_MIX if by_case_mix else DriftVerdict.CANNOT_TELL
    if same.odds.p_value < _ALPHA:
        return DriftVerdict.ANNOTATOR
    is_smaller = abs(same.difference) <= abs(evidence.difference) / 2
    return DriftVerdict.CASE_MIX if is_smaller else DriftVerdict.CANNOT_TELL


def _explained(crude: OddsRatio, adjusted: OddsRatio | None) -> bool | None:
    """Whether a difference vanishes where like is compared with like; none where that can't be said.

    It vanishes where less than half of it is left (of the logarithm), and that is no more than chance.
    """
    before = crude.estimate.value
    after = adjusted.estimate.value if adjusted else None
    if not before or not after or adjusted is None:
        return None
    if adjusted.p_value < _ALPHA:
        return False if (before > 1) == (after > 1) else None
    return True if abs(log(after)) <= abs(log(before)) / 2 else None


_REASONS: Final = {
    DriftVerdict.CASE_MIX: "the patients explain it",
    DriftVerdict.READERS: "who read explains it",
    DriftVerdict.ANNOTATOR: "it is how this annotator reads",
    DriftVerdict.UNEXPLAINED: "neither the patients nor who read explains it",
    DriftVerdict.CANNOT_TELL: "what explains it can't be told from these records",
}


def sentence_of(verdict: DriftVerdict, evidence: Evidence) -> str:
    """The verdict with the odds ratios that it rests on."""
    compared = [("odds ratio", evidence.crude)]
    if evidence.adjusted:
        compared.append((f"among records of like {_listed(evidence.adjusted)}", evidence.adjusted))
    if evidence.with_readers:
        compared.append((f"among records of like {_listed(evidence.with_readers)}", evidence.with_readers))
    figures = [f"{what} {odds.estimate.text('.2f', 'not finite')}" for what, odds in compared]
    if same := evidence.same:
        where = f"of {same.odds.n_records} records that others read too"
        figures.append(f"{where}, {same.only_here} have it for this annotator only, {same.only_there} for others only")
    return f"{_REASONS[verdict]}: " + "; ".join(figures)


def _listed(odds: OddsRatio) -> str:
    return " and ".join(odds.adjusted_for)
