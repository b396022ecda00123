"""The missingness passport: what is missing, for which reason, and which kinds of patient are too few."""

from typing import ClassVar

from schemas.base import Frozen, Report

__all__ = [
    "ColumnMissingness",
    "Dependence",
    "Hole",
    "Passport",
]


class Dependence(Frozen):
    """A column on which *being missing* depends. p from a chi-square test, q after false-discovery control."""

    on: str
    p_value: float
    q_value: float


class ColumnMissingness(Frozen):
    """One column of `records`: how much is missing, and for what reason as far as the data can say."""

    column: str
    n_missing: int
    share: float
    depends_on: tuple[Dependence, ...]
    verdict: str


class Hole(Frozen):
    """A stratum with too few records: a cohort can be made from it."""

    code_system: str
    code: str
    age_band: str
    sex: str
    n_found: int
    n_wanted: int


class Passport(Report):
    """The missingness passport: travels with the dataset."""

    file_name: ClassVar[str] = "passport.json"
    n_records: int
    columns: tuple[ColumnMissingness, ...]
    holes: tuple[Hole, ...]

    @property
    def has_strata(self) -> bool:
        """False where age or sex was never recorded: then no hole can be seen."""
        missing = {c.column for c in self.columns if c.n_missing == self.n_records}
        return not missing & {"age_years", "sex"}
