"""The missingness passport: what is missing, for which reason, and which kinds of patient are too few."""

from typing import ClassVar

from schemas.base import Frozen, Interval, Report

__all__ = [
    "AbsenceModel",
    "ColumnMissingness",
    "Completeness",
    "Dependence",
    "Group",
    "GroupCompleteness",
    "Hole",
    "LittleTest",
    "Passport",
    "PrevalenceBounds",
    "ShiftedPrevalence",
]


class Group(Frozen):
    """The records with one value (or band of values) of a column, and the share of them where another is missing."""

    name: str
    n_records: int
    share_missing: float


class Dependence(Frozen):
    """A column, label or reader on which *being missing* depends.

    p from Pearson's chi-square test, q after false-discovery control. effect: Cramer's V, in [0, 1], corrected for
    chance. spread: by how much it moves the log-odds of being missing when everything else is held (standard
    deviation over the records); null without a model. fullest, emptiest: the groups with the least and most missing.
    """

    on: str
    p_value: float
    q_value: float
    effect: float = 0.0
    spread: float | None = None
    fullest: Group | None = None
    emptiest: Group | None = None


class AbsenceModel(Frozen):
    """How well absence can be told from all that was recorded: logistic regression, out-of-fold."""

    n_records: int
    n_missing: int
    auroc: Interval
    p_value: float
    q_value: float


class ColumnMissingness(Frozen):
    """One column: how much is missing, and for what reason as far as the data can say.

    column: of `records`, a fact, or `unread ...` with a finding's name. same_as: further columns that are missing in
    just the same records; what is said here is said of them too. together_with: columns whose absence mostly coincides.
    """

    column: str
    n_missing: int
    share: float
    depends_on: tuple[Dependence, ...]
    verdict: str
    for_a_reason: bool = False
    model: AbsenceModel | None = None
    same_as: tuple[str, ...] = ()
    together_with: tuple[str, ...] = ()


class GroupCompleteness(Frozen):
    """How many values are missing among the records of one group, for each of `Completeness.columns`."""

    by: str
    group: str
    n_records: int
    n_missing: tuple[int, ...]


class Completeness(Frozen):
    """Partly missing columns by site, device, reader, label, year and age: counts of all records."""

    columns: tuple[str, ...] = ()
    groups: tuple[GroupCompleteness, ...] = ()


class LittleTest(Frozen):
    """Little's test (1988) that numeric values are missing completely at random, with what was tested.

    statistic, p_value: null where there was nothing to test; `note` says why, and what was left out.
    """

    columns: tuple[str, ...]
    n_records: int
    n_patterns: int
    statistic: float | None
    df: int
    p_value: float | None
    note: str


class ShiftedPrevalence(Frozen):
    """The prevalence if the odds of the finding in unlabelled records were exp(shift) times those in the others."""

    shift_log_odds: float
    prevalence: float


class PrevalenceBounds(Frozen):
    """How far unlabelled records could move the prevalence of one finding.

    prevalence: of the labelled records, with its interval. lowest, highest: if no, if every unlabelled record had the
    finding (Manski 1989). tips_at: the shifts of the log-odds nearest to zero, down and up, at which the prevalence of
    all records leaves that interval; null where no shift does.
    """

    code_system: str
    code: str
    n_positive: int
    n_negative: int
    n_unlabelled: int
    prevalence: Interval
    lowest: float
    highest: float
    shifted: tuple[ShiftedPrevalence, ...]
    tips_at: tuple[float | None, float | None]
    verdict: str


class Hole(Frozen):
    """A stratum with too few records: a cohort can be made from it. A band is `any` where the source never states it.

    n_expected: how many there would be if the finding's ages, sexes, rates and qualities were combined by chance; of
    two empty strata the one with more expected is the more surprising.
    """

    code_system: str
    code: str
    age_band: str
    sex: str
    rate_band: str = "any"
    quality: str = "any"
    n_found: int
    n_wanted: int
    n_expected: float = 0.0

    @property
    def n_lacking(self) -> int:
        """Records to be made."""
        return self.n_wanted - self.n_found


class Passport(Report):
    """The missingness passport: travels with the dataset. Holes come the most lacking first; `n_holes` counts all."""

    file_name: ClassVar[str] = "passport.json"
    n_records: int
    columns: tuple[ColumnMissingness, ...]
    holes: tuple[Hole, ...]
    n_holes: int
    holes_counted_in: str = "all records"
    completeness: Completeness = Completeness()
    little: LittleTest | None = None
    bounds: tuple[PrevalenceBounds, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def has_strata(self) -> bool:
        """False where age or sex was never recorded: then no hole can be seen."""
        missing = {c.column for c in self.columns if c.n_missing == self.n_records}
        return not missing & {"age_years", "sex"}
