"""The rows of the page's section on missingness: columns, reasons, groups, bounds and holes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from chiron.labels.readings import code_name
from schemas.missingness import ColumnMissingness, Dependence, GroupCompleteness, Hole, Passport, PrevalenceBounds

__all__ = ["HoleGrid", "PassportTables", "bounded", "hole_grid", "passport_tables"]

_MOST_REASONS: Final = 6  # of one column; passport.json has all
_MOST_BOUNDS: Final = 30
_ANY: Final = "any"


@dataclass(frozen=True)
class HoleGrid:
    """Strata with too few records: `rows` holds, for each finding and age band, how many records each sex lacks."""

    bands: tuple[str, ...]
    rows: dict[str, dict[str, dict[str, int]]]
    wanted: tuple[int, ...]
    divided_by: tuple[str, ...]


@dataclass(frozen=True)
class PassportTables:
    """What the section shows. reasons: of each column the strongest; groups: by what they are, in the passport's order.

    bounds: findings that some record has no label of, the most unlabelled first.
    """

    incomplete: tuple[ColumnMissingness, ...]
    n_complete: int
    reasons: dict[str, tuple[Dependence, ...]]
    groups: dict[str, tuple[GroupCompleteness, ...]]
    bounds: tuple[PrevalenceBounds, ...]
    holes: HoleGrid


def passport_tables(passport: Passport) -> PassportTables:
    """Everything that the section needs."""
    incomplete = tuple(c for c in passport.columns if c.n_missing)
    by = groupby(passport.completeness.groups, key=lambda group: group.by)
    return PassportTables(
        incomplete=incomplete,
        n_complete=len(passport.columns) - len(incomplete),
        reasons={c.column: c.depends_on[:_MOST_REASONS] for c in incomplete if c.depends_on},
        groups={name: tuple(groups) for name, groups in by},
        bounds=bounded(passport.bounds),
        holes=hole_grid(passport),
    )


def bounded(bounds: Sequence[PrevalenceBounds]) -> tuple[PrevalenceBounds, ...]:
    """The findings whose prevalence unlabelled records leave open, the most open first."""
    uncertain = sorted((b for b in bounds if b.n_unlabelled), key=lambda b: (-b.n_unlabelled, b.code_system, b.code))
    return tuple(uncertain[:_MOST_BOUNDS])


def hole_grid(passport: Passport) -> HoleGrid:
    """The holes as a grid, findings down and ages across; strata that differ in rate or quality only, added up."""
    bands = sorted({hole.age_band for hole in passport.holes}, key=_first_year)
    rows: dict[str, dict[str, dict[str, int]]] = {}
    for hole in sorted(passport.holes, key=lambda hole: (hole.code_system, hole.code, hole.sex)):
        cells = rows.setdefault(code_name(hole.code_system, hole.code), {band: {} for band in bands})
        cells[hole.age_band][hole.sex] = cells[hole.age_band].get(hole.sex, 0) + hole.n_lacking
    return HoleGrid(
        bands=tuple(bands),
        rows=rows,
        wanted=tuple(sorted({hole.n_wanted for hole in passport.holes})),
        divided_by=_divided_by(passport.holes),
    )


def _divided_by(holes: Sequence[Hole]) -> tuple[str, ...]:
    names = {"age_band": "age", "sex": "sex", "rate_band": "heart rate", "quality": "signal quality"}
    return tuple(name for field, name in names.items() if any(getattr(hole, field) != _ANY for hole in holes))


def _first_year(band: str) -> tuple[float, str]:
    """The order of age bands; what is no age comes last."""
    digits = band.partition("-")[0].rstrip("+")
    return (float(digits) if digits.isdigit() else float("inf")), band
