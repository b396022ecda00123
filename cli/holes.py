"""One screen about the holes of a dataset: what a cohort is aimed at, and what it fills."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chiron.report.formats import clipped, count, finding
from schemas.missingness import Hole, Passport
from schemas.populations import Compiled, FilledReport

__all__ = ["filled_screen", "holes_screen"]

_MOST_ROWS: Final = 10
_LONGEST: Final = 80
_NO_COHORT: Final = "none: no hole can be filled"
_NOTHING: Final = "none: nothing is to be filled"


def holes_screen(name: str, passport: Passport, plan: Compiled) -> RenderableType:
    """What a cohort would be made for, and what can't be."""
    facts = _facts()
    facts.add_row("holes", _counted(passport))
    if plan.spec is None:
        facts.add_row("cohort", _NO_COHORT if passport.holes else _NOTHING)
    else:
        spec = plan.spec
        facts.add_row("aimed at", count(len(plan.aimed)))
        facts.add_row("cohort", f"{spec.name}: {count(spec.n_records)} records")
        facts.add_row("groups", count(len(spec.groups)))
        facts.add_row("recorded", f"{spec.duration_s:g} s at {spec.fs_hz:g} Hz in {', '.join(spec.leads)}")
    facts.add_row("refused", count(len(plan.refused)))
    return Group(_heading(name, "Nothing is made."), facts, *_refused(each.reason for each in plan.refused))


def filled_screen(name: str, passport: Passport, report: FilledReport, *, folder: str) -> RenderableType:
    """What a cohort filled. folder: of the report."""
    facts = _facts()
    facts.add_row("holes", _counted(passport))
    if report.n_refused < report.n_holes:
        aimed = [each.n_still_lacking == 0 for each in report.holes if each.refused is None]
        made_for = f"{count(sum(aimed))} of the {count(len(aimed))} that it was made for"
        closed = f"{count(report.n_closed)} of {count(report.n_holes)}, by records as they are measured; {made_for}"
        facts.add_row("cohort", f"{name}-holes, validated")
        facts.add_row("closed", closed)
    else:
        facts.add_row("cohort", _NO_COHORT if report.n_holes else _NOTHING)
    if report.n_holes:
        facts.add_row("refused", f"{count(report.n_refused)}: no record is made for them")
        facts.add_row("lacking", f"{count(report.n_lacking)} records before, {count(report.n_still_lacking)} now")
    facts.add_row("report", f"{folder}/{FilledReport.file_name}")
    reasons = (each.refused for each in report.holes if each.refused is not None)
    return Group(_heading(name), facts, *_refused(reasons), *_still_lacking(report))


def _counted(passport: Passport) -> str:
    if not passport.has_strata:
        return "can't be seen: age or sex was never recorded"
    listed, there = count(len(passport.holes)), count(passport.n_holes)
    which = listed if listed == there else f"the {listed} most lacking, which the passport lists, of {there}"
    return f"{which}, counted in {passport.holes_counted_in}"


def _heading(name: str, note: str = "") -> Text:
    heading = Text(f"\n{name}", style="bold")
    return (heading.append(f"  {note}", style="yellow") if note else heading).append("\n")


def _facts() -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    return facts


def _refused(reasons: Iterable[str]) -> Iterable[RenderableType]:
    """The most frequent reasons."""
    found = Counter(reasons)
    if found:
        table = _table("refused because", "holes")
        for reason, n in found.most_common(_MOST_ROWS):
            table.add_row(clipped(reason, longest=_LONGEST), count(n))
        yield Group("", table, _rest(len(found)))


def _still_lacking(report: FilledReport) -> Iterable[RenderableType]:
    """The findings that lack most records even so, refused ones among them."""
    lacking: Counter[str] = Counter()
    n_holes: Counter[str] = Counter()
    for each in report.holes:
        if each.n_still_lacking:
            lacking[_name(each.hole)] += each.n_still_lacking
            n_holes[_name(each.hole)] += 1
    if lacking:
        table = _table("still lacking", "holes", "records")
        for name, n in lacking.most_common(_MOST_ROWS):
            table.add_row(clipped(name, longest=60), count(n_holes[name]), count(n))
        yield Group("", table, _rest(len(lacking)))


def _name(hole: Hole) -> str:
    return finding(hole.code, hole.code_system)


def _rest(n: int) -> str:
    return f"and {count(n - _MOST_ROWS)} more" if n > _MOST_ROWS else ""


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for other in others:
        table.add_column(other, justify="right", no_wrap=True)
    return table
