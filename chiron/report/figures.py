"""The figures of a run's page but for its training: what is drawn, with which limits, and how words describe it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

from chiron.datasets.dataset import Dataset
from chiron.labels.readings import code_name
from chiron.report.examples import SHOWN_S, Example, real_example, synthetic_example
from chiron.report.formats import percent_interval
from chiron.report.labels import compared_readings
from chiron.report.passport import bounded
from chiron.report.plots import (
    IntervalRow,
    growth_plot,
    interval_plot,
    missingness_plot,
)
from chiron.report.templates import drawing
from chiron.report.traces import draw_record
from schemas.base import Interval
from schemas.codes import SINUS_RHYTHM, concept_name
from schemas.missingness import Passport, PrevalenceBounds
from schemas.myth import Measure, MythReport
from schemas.results import RunReport

__all__ = ["Figures", "Trace", "TracePair", "draw_figures"]


_MOST_COMPARISONS: Final = 4
_MOST_SUBJECTS: Final = 15  # of each; the tables have all


class Trace(NamedTuple):
    """One recording and where it comes from; without a drawing where there is none to show."""

    origin: str
    example: Example | None
    drawing: Markup | None


class TracePair(NamedTuple):
    """A real and a synthetic recording with the same finding."""

    finding: str
    traces: tuple[Trace, Trace]


class Figures(NamedTuple):
    """Drawings as SVG; none where there is nothing to draw."""

    agreement: Markup | None
    missingness: Markup | None
    bounds: Markup | None
    myth: tuple[Markup, ...]
    traces: tuple[TracePair, ...]


def draw_figures(report: RunReport, *, validated: Dataset, cohort: Dataset) -> Figures:
    """Draw everything."""
    return Figures(
        agreement=_agreement(report),
        missingness=_missingness(report) if any(c.n_missing for c in report.passport.columns) else None,
        bounds=_bounds_of_prevalence(report.passport),
        myth=_myth(report.myth),
        traces=_traces(report, validated, cohort),
    )


def _agreement(report: RunReport) -> Markup | None:
    """Only what is corrected for chance: shares would not stand on the same axis. Overall, and the first findings."""
    rows = [
        IntervalRow(comparison.title, subject, place, result.estimate)
        for place, comparison in enumerate(compared_readings(report.agreement)[:_MOST_COMPARISONS])
        for subject, results in list(comparison.rows.items())[:_MOST_SUBJECTS]
        for result in results
        if result.statistic.is_kappa
    ]
    if not rows:
        return None
    figure = interval_plot(rows, x_label="agreement beyond chance (kappa)", limits=(min(_bounds(rows)[0], 0.0), 1.0))
    return drawing(figure, "agreement", "Kappa by finding with its interval; the tables have the numbers.")


def _missingness(report: RunReport) -> Markup:
    figure = missingness_plot([column for column in report.passport.columns if column.n_missing])
    return drawing(figure, "missingness", "Share of records without a value, per column; the table has the numbers.")


def _bounds_of_prevalence(passport: Passport) -> Markup | None:
    rows = [
        IntervalRow("", code_name(b.code_system, b.code), 0, b.prevalence.model_copy(update=_worst_case(b)))
        for b in bounded(passport.bounds)
    ]
    if not rows:
        return None
    figure = interval_plot(rows, x_label="share of records with the finding", limits=(0.0, 1.0), text=percent_interval)
    return drawing(
        figure, "bounds", "Prevalence of each finding with its worst-case bounds; the table has the numbers."
    )


def _worst_case(bounds: PrevalenceBounds) -> dict[str, float]:
    return {"lower": bounds.lowest, "upper": bounds.highest}


def _myth(myth: MythReport) -> tuple[Markup, ...]:
    """One plot per measure that could be taken."""
    curves = {
        Measure.AGREEMENT: [(p.n_records, p.agreement) for p in myth.points],
        Measure.UNLABELLED: [(p.n_records, p.unlabelled) for p in myth.points],
        Measure.MISSING: [(p.n_records, p.missing) for p in myth.points],
    }
    return tuple(
        drawing(
            growth_plot(curve, title=measure.value, series=i),
            f"myth-{i}",
            f"{measure.value.capitalize()} of the first records, by how many they are; the table has the numbers.",
        )
        for i, (measure, curve) in enumerate(curves.items())
        if any(estimate.value is not None for _, estimate in curve)
    )


def _traces(report: RunReport, validated: Dataset, cohort: Dataset) -> tuple[TracePair, ...]:
    """Sinus rhythm and the target."""
    target = report.training.plan.target.key
    origin = "demo hospital" if report.simulated else "real"
    return tuple(
        TracePair(
            finding=concept_name(code),
            traces=(
                _trace(origin, real_example(validated, code), f"trace-{i}-landed", concept_name(code)),
                _trace("synthetic", synthetic_example(cohort, code), f"trace-{i}-synthetic", concept_name(code)),
            ),
        )
        for i, code in enumerate(dict.fromkeys((SINUS_RHYTHM, target)))
    )


def _trace(origin: str, example: Example | None, slug: str, finding: str) -> Trace:
    if example is None:
        return Trace(origin, None, None)
    figure = draw_record(example.signal_mv, example.fs_hz, (example.lead,), max_s=SHOWN_S)
    alt = f"Electrocardiogram, {origin}, {finding}: the first {SHOWN_S:g} seconds of lead {example.lead}."
    return Trace(origin, example, drawing(figure, slug, alt))


def _bounds(rows: Sequence[IntervalRow]) -> tuple[float, float]:
    """The lowest and the highest number that the rows draw; zeros where they draw none."""
    drawn = [v for row in rows for v in _numbers(row.estimate) if v is not None] or [0.0]
    return min(drawn), max(drawn)


def _numbers(estimate: Interval) -> tuple[float | None, ...]:
    return estimate.value, estimate.lower, estimate.upper
