"""The boost experiment for people: its page, and the same sections for the page of a run."""

from collections.abc import Sequence
from math import ceil, floor
from pathlib import Path
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from chiron.datasets.workdir import write_file
from chiron.report.boost_plots import curve_plot, series_of
from chiron.report.boost_tables import (
    TwoByTwo,
    at_size,
    by_arm,
    efficiencies_by_size,
    metric_title,
    short_name,
    sizes_of,
    sorted_contrasts,
    two_by_two,
)
from chiron.report.formats import capital, count, signed_interval
from chiron.report.plots import IntervalRow, interval_plot, loss_plot
from chiron.report.templates import drawing, render_page, versions
from schemas.boost import Arm, BoostReport, Contrast, CurvePoint, Efficiency, MetricTable
from schemas.boost_words import ARM_MEANINGS, CONTROL_MEANINGS, METRIC_MEANINGS, MIX_MEANINGS

__all__ = ["BoostView", "boost_values", "render_boost", "view_of_boost", "write_boost_page"]

_HELD, _NOT_HELD = 2, 1  # series: colours and markers
_LEAST_SPAN: Final = 0.02  # of the axis of differences, to each side of zero


class MetricView(NamedTuple):
    """One metric's drawings and tables."""

    title: str
    curve: Markup | None
    caption: str
    sizes: dict[int, float]
    values: dict[Arm, list[CurvePoint | None]]
    n_runs: str
    differences: Markup | None
    contrasts: list[Contrast]


class Savings(NamedTuple):
    """Label efficiency by one metric: at each size against each reference."""

    title: str
    references: list[Arm]
    rows: dict[int, list[Efficiency | None]]


class Quarters(NamedTuple):
    """Related records, synthetic records, both or neither, by one metric."""

    title: str
    cells: TwoByTwo


class BoostView(NamedTuple):
    """What the templates show of a report."""

    report: BoostReport
    primary: Contrast
    beside: dict[Arm, CurvePoint]  # the two arms of the primary contrast
    metrics: list[MetricView]
    saving: Efficiency | None  # at the primary size, against the primary contrast's reference
    savings: list[Savings]
    quarters: list[Quarters]
    controls: Markup | None
    n_held: int
    losses: list[Markup]
    n_runs: str


def render_boost(report: BoostReport, *, title: str, simulated: bool = False) -> str:
    """The page as text. The same report gives the same text. `simulated`: so are the "real" records."""
    return render_page(
        "boost.html.j2",
        **boost_values(report),
        title=title,
        simulated="The records that stand for real ones are simulated too" if simulated else "",
        versions=versions(),
    )


def write_boost_page(path: Path, report: BoostReport, *, title: str, simulated: bool = False) -> None:
    """Write the page; it appears whole or not at all."""
    write_file(path, render_boost(report, title=title, simulated=simulated).encode())


def boost_values(report: BoostReport) -> dict[str, Any]:
    """What the templates `boost_*.html.j2` need, in whichever page they stand."""
    return {
        "boost": view_of_boost(report),
        "arms": ARM_MEANINGS,
        "controls": CONTROL_MEANINGS,
        "metric_meanings": {m: METRIC_MEANINGS[m] for m in dict.fromkeys(table.metric for table in report.tables)},
        "mixes": {mix.value: MIX_MEANINGS[mix] for mix in dict.fromkeys(table.mix for table in report.tables)},
    }


def view_of_boost(report: BoostReport) -> BoostView:
    """Draw and sort everything."""
    first, primary = report.tables[0], report.primary
    here = at_size(first, primary.n_real)
    return BoostView(
        report=report,
        primary=primary,
        beside={arm: here[arm] for arm in (primary.arm, primary.reference) if arm in here},
        metrics=[_metric(report, table, i) for i, table in enumerate(report.tables)],
        saving=_saving(first, primary),
        savings=[Savings(metric_title(t), *efficiencies_by_size(t)) for t in report.tables if t.efficiencies],
        quarters=_quarters(report),
        controls=_controls(report) if report.controls else None,
        n_held=sum(control.held for control in report.controls),
        losses=[
            drawing(loss_plot(curve, series=0), f"loss-{i}", f"Training loss by step: {curve.label}.")
            for i, curve in enumerate(report.losses)
            if curve.step
        ],
        n_runs=_runs(report),
    )


def _quarters(report: BoostReport) -> list[Quarters]:
    """The interaction was estimated for the first metric only."""
    n = report.primary.n_real
    estimated = [report.interaction, *(None for _ in report.tables[1:])]
    cells = [two_by_two(table, n, found) for table, found in zip(report.tables, estimated, strict=True)]
    return [Quarters(metric_title(t), found) for t, found in zip(report.tables, cells, strict=True) if found]


def _metric(report: BoostReport, table: MetricTable, place: int) -> MetricView:
    title, n = metric_title(table), report.plan.primary_size
    figure = curve_plot(
        table.points,
        y_label=title,
        strong=(report.primary.arm, report.primary.reference),
        primary_size=n if place == 0 else None,
    )
    alt = f"{title} by number of real training records, one line per arm, with intervals; the table has the numbers."
    return MetricView(
        title=title,
        curve=drawing(figure, f"curve-{place}", alt) if figure else None,
        caption=_caption(report, table, marked=place == 0),
        sizes=sizes_of(table),
        values=by_arm(table),
        n_runs=_runs(report),
        differences=_differences(table, n, place),
        contrasts=sorted_contrasts(table),
    )


def _caption(report: BoostReport, table: MetricTable, *, marked: bool) -> str:
    """What a learning curve shows."""
    dots = " Small dots are single runs." if any(len(point.runs) > 1 for point in table.points) else ""
    line = " The dotted line is at the size declared primary." if marked else ""
    return (
        f"{capital(metric_title(table))}, on the test split by number of real training records; below it how many of "
        f"them have {report.target_name}. Bars and bands are 95\N{NO-BREAK SPACE}% intervals.{dots}{line}"
    )


def _runs(report: BoostReport) -> str:
    """5 draws of training records with 2 initialisations each."""
    n_draws, n_starts = report.plan.n_draws, report.plan.n_initialisations
    if n_draws == n_starts == 1:
        return "a single run"
    draws = f"{count(n_draws)} {'draw' if n_draws == 1 else 'draws'} of training records"
    return f"{draws} with {count(n_starts)} {'initialisation' if n_starts == 1 else 'initialisations'} each"


def _saving(table: MetricTable, primary: Contrast) -> Efficiency | None:
    wanted = (primary.n_real, primary.reference)
    return next((e for e in table.efficiencies if (e.n_real, e.reference) == wanted), None)


def _differences(table: MetricTable, n_real: int, place: int) -> Markup | None:
    """Every comparison at the primary size."""
    rows = [
        IntervalRow(f"{capital(c.arm.value)} minus", short_name(c.reference), series_of(c.reference), c.difference)
        for c in sorted(table.contrasts, key=lambda c: c.arm is not Arm.SYNTHETIC_FIRST)
        if c.n_real == n_real and c.difference.value is not None
    ]
    if not rows:
        return None
    figure = interval_plot(
        rows,
        x_label=f"difference of {table.metric.value}",
        limits=_around_zero(rows),
        reference=0.0,
        text=signed_interval,
    )
    alt = f"Differences of {metric_title(table)} with intervals; right of zero favours the first arm."
    return drawing(figure, f"differences-{place}", alt)


def _controls(report: BoostReport) -> Markup | None:
    rows = [
        IntervalRow("", c.control.value, _HELD if c.held else _NOT_HELD, c.difference)
        for c in report.controls
        if c.difference.value is not None
    ]
    if not rows:
        return None
    figure = interval_plot(
        rows, x_label=f"loss of {report.tables[0].metric.value}", limits=_around_zero(rows), reference=0.0,
        text=signed_interval,
    )  # fmt: skip
    return drawing(figure, "lost", "What each control loses, with its interval; the table has the numbers.")


def _around_zero(rows: Sequence[IntervalRow]) -> tuple[float, float]:
    """Limits that hold every interval, and zero."""
    drawn = [v for row in rows for v in (row.estimate.value, row.estimate.lower, row.estimate.upper) if v is not None]
    low, high = min(drawn, default=0.0), max(drawn, default=0.0)
    return min(floor(low * 50) / 50, -_LEAST_SPAN), max(ceil(high * 50) / 50, _LEAST_SPAN)
