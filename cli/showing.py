"""One screen about a cohort, a record, or a cohort that is only planned."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chiron.report.cohort import GROUP, Cohort, kinds_of, quantiles
from chiron.report.forecast import Forecast
from chiron.report.formats import clipped, count, percent
from chiron.report.quantities import figure_of, name_and_unit, quantity, with_unit
from chiron.report.records import RecordView
from chiron.report.truth import BEAT_NAMES, rhythm_name
from schemas.cohort import CohortSpec
from schemas.gate import CheckStatus

__all__ = ["cohort_facts", "cohort_screen", "plan_facts", "plan_screen", "record_facts", "record_screen"]

_BESIDE: Final = ("age_years", "heart_rate_bpm", "snr_db")  # in the groups' table, where they are
_MOST_ROWS: Final = 20
_MOST_RHYTHMS: Final = 6
_SHOWN: Final = (0, 2, 4)  # of the quantiles: 5, 50 and 95 %


def cohort_screen(cohort: Cohort) -> RenderableType:
    """A cohort's groups, findings and distributions."""
    manifest = cohort.manifest
    heading = _heading(manifest.name, "All recordings are simulated." if manifest.simulated else "")
    passed = sum(check.status is CheckStatus.PASSED for check in cohort.checks)
    length = figure_of(cohort.longest_s)
    if cohort.shortest_s < cohort.longest_s:
        length = f"{figure_of(cohort.shortest_s)} to {length}"
    size = (
        f"{count(cohort.n_records)} records of {length} s, {_leads(cohort.leads)}, "
        f"{', '.join(map(figure_of, cohort.fs_hz))} Hz; {passed} of {len(cohort.checks)} checks passed"
    )
    below = Table.grid(padding=(0, 4))
    below.add_row(_findings(cohort), _parameters(cohort))
    legend = "Three numbers: 5, 50 and 95 % of the records are below."
    return Group(heading, size, f"content {manifest.content_sha256}", "", _groups(cohort), "", below, "", legend)


def cohort_facts(cohort: Cohort) -> dict[str, Any]:
    """The same, for JSON."""
    return {
        "manifest": cohort.manifest.model_dump(mode="json"),
        "n_records": cohort.n_records,
        "groups": {g.name: {"share": g.share, "n_records": g.n_records} for g in cohort.groups},
        "findings": cohort.findings,
        "checks": [check.model_dump(mode="json") for check in cohort.checks],
        "quantiles_5_25_50_75_95": {name: quantiles(cohort.values, name) for name in cohort.parameters},
    }


def record_screen(view: RecordView, *, page: str | None = None, to_s: float | None = None) -> RenderableType:
    """What is known about a record, and where its drawing is."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, fact in _record_rows(view):
        facts.add_row(name, fact)
    if page:
        facts.add_row("drawn in", page)
    if to_s is not None and to_s < view.duration_s:
        facts.add_row("goes on", f"--at {to_s:g}")
    return Group(_heading(view.record_id, "This recording is simulated." if view.simulated else ""), facts)


def record_facts(view: RecordView, *, page: str | None = None) -> dict[str, Any]:
    """The same, for JSON."""
    return {
        "record_id": view.record_id,
        "simulated": view.simulated,
        "signal_sha256": view.signal_sha256,
        "group": view.group,
        "facts": view.facts,
        "findings": [{"name": f.name, "probability": f.probability, "by": f.by} for f in view.findings],
        "parameters": view.parameters,
        "beats": view.truth.beats,
        "picture": page,
    }


def plan_screen(spec: CohortSpec, plan: Forecast) -> RenderableType:
    """What a specification would make."""
    table = _table("group", "share", "records", "rhythm", "heart rate, bpm", "age, years")
    for name, n_records in plan.groups.items():
        group = spec.groups[name]
        rate, age = (f"{values[0]:g} to {values[-1]:g}" for values in (group.rate_quantiles_bpm, group.age_years))
        expected = count(round(n_records))
        table.add_row(
            clipped(name),
            percent(group.share),
            expected,
            clipped(group.rhythm.replace("_", " "), longest=20),
            rate,
            age,
        )
    size = (
        f"{count(plan.n_records)} records of {spec.duration_s:g} s, {_leads(spec.leads)}, {spec.fs_hz:g} Hz\n"
        f"{count(plan.n_samples)} samples, {figure_of(plan.hours)} hours; "
        f"about {plan.n_bytes / 1e9:.3g} GB on the disk, at most {2.2 * plan.n_samples / 1e9:.3g} GB of samples"
    )
    return Group(_heading(spec.name, "Nothing is made."), size, "", table)


def plan_facts(spec: CohortSpec, plan: Forecast) -> dict[str, Any]:
    """The same, for JSON."""
    return {
        "name": spec.name,
        "n_records": plan.n_records,
        "n_samples": plan.n_samples,
        "n_bytes": plan.n_bytes,
        "hours": plan.hours,
        "groups": plan.groups,
    }


def _heading(name: str, note: str) -> Text:
    heading = Text(f"\n{name}", style="bold")
    if note:
        heading.append(f"  {note}", style="yellow")
    return heading.append("\n")


def _leads(leads: Sequence[str]) -> str:
    return f"lead {leads[0]}" if len(leads) == 1 else f"{len(leads)} leads"


def _table(first: str, *others: str) -> Table:
    """The first column for names, the others for numbers."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for other in others:
        table.add_column(other, justify="right", no_wrap=True)
    return table


def _groups(cohort: Cohort) -> Table:
    """Each group with its share, and how its most telling parameters are distributed."""
    beside = [name for name in _BESIDE if name in kinds_of(cohort).numbers]
    table = _table("group", "records", "found", "specified", *map(with_unit, beside))
    specified = {group.name: group for group in cohort.groups}
    for name in [*specified] or cohort.group_names:
        own = cohort.values.filter(cohort.values[GROUP] == name)
        group = specified.get(name)
        n_records = group.n_records if group else own.height
        asked = percent(group.share) if group else ""
        spread = [_three(quantiles(own, parameter)) for parameter in beside]
        table.add_row(clipped(name), count(n_records), percent(n_records / cohort.n_records), asked, *spread)
    return table


def _findings(cohort: Cohort) -> Table:
    table = _table("finding", "records", "share")
    found = {name: n for name, n in cohort.findings.items() if n}
    for name, n in islice(found.items(), _MOST_ROWS):
        table.add_row(clipped(name, longest=26), count(n), percent(n / cohort.n_records))
    return _with_rest(table, len(found))


def _parameters(cohort: Cohort) -> Table:
    table = _table("parameter", "5 %", "50 %", "95 %")
    names = kinds_of(cohort).numbers
    for name in names[:_MOST_ROWS]:
        at = quantiles(cohort.values, name)
        table.add_row(clipped(with_unit(name), longest=26), *(figure_of(at[i]) if at else "" for i in _SHOWN))
    return _with_rest(table, len(names))


def _with_rest(table: Table, n: int) -> Table:
    """A line that says how many more there are."""
    if n > _MOST_ROWS:
        table.add_row(f"and {n - _MOST_ROWS} more")
    return table


def _three(at: tuple[float, ...] | None) -> str:
    """In whole numbers, which are enough to compare groups by."""
    return " ".join(f"{at[i]:4.0f}" for i in _SHOWN).replace("-", "−") if at else ""


def _record_rows(view: RecordView) -> Iterable[tuple[str, str]]:
    """Line by line."""
    there = ", ".join(dict.fromkeys(finding.name for finding in view.present)) or "none"
    looked_for = len({finding.name for finding in view.findings})
    yield "findings", f"{there} (of {looked_for} looked for)"
    if view.group:
        yield "group", view.group
    if view.facts:
        yield (
            "person",
            ", ".join(text if name in _PLAIN else f"{_name(name)} {text}" for name, text in view.facts.items()),
        )
    leads = f"{'lead' if len(view.leads) == 1 else 'leads'} {', '.join(view.leads)}"
    yield "recording", f"{figure_of(view.duration_s)} s, {figure_of(view.fs_hz)} Hz, {leads}"
    if view.truth.rhythms:
        yield "rhythms", _rhythms(view)
    if view.truth.beats:
        yield "beats", ", ".join(f"{count(n)} {BEAT_NAMES[code]} ({code})" for code, n in view.truth.beats.items())
    if view.parameters:
        yield (
            "parameters",
            ", ".join(f"{_name(name)} {quantity(name, value)}" for name, value in view.parameters.items()),
        )
    if view.signal_sha256:
        yield "samples", f"SHA-256 {view.signal_sha256}"


_PLAIN: Final = ("age_years", "sex")  # facts that say themselves what they are


def _name(parameter: str) -> str:
    return name_and_unit(parameter)[0]


def _rhythms(view: RecordView) -> str:
    """Which, from when to when."""
    spans = view.truth.rhythms
    shown = [
        f"{rhythm_name(span.what)} {figure_of(span.start / view.fs_hz)} to {figure_of(span.stop / view.fs_hz)} s"
        for span in spans[:_MOST_RHYTHMS]
    ]
    return ", ".join(shown) + (f" and {len(spans) - _MOST_RHYTHMS} more" if len(spans) > _MOST_RHYTHMS else "")
