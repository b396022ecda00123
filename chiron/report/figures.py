"""The figures of the page, by name: what is drawn from a run's report, with which limits, and how words describe it."""

from collections.abc import Sequence
from math import ceil, floor
from typing import Final, NamedTuple

from markupsafe import Markup

from chiron.datasets.dataset import Dataset
from chiron.labels.readings import code_name
from chiron.report.examples import SHOWN_S, Example, real_example, synthetic_example
from chiron.report.formats import percent_interval, signed_interval
from chiron.report.labels import compared_readings
from chiron.report.passport import bounded
from chiron.report.plots import (
    IntervalRow,
    growth_plot,
    interval_plot,
    learning_plot,
    loss_plot,
    missingness_plot,
    roc_plot,
)
from chiron.report.tables import arm_order, arms_in_order
from chiron.report.templates import drawing
from chiron.report.traces import draw_record
from schemas.base import Interval
from schemas.codes import SINUS_RHYTHM, Code, CodeSystem, concept_name
from schemas.missingness import Passport, PrevalenceBounds
from schemas.myth import Measure, MythReport
from schemas.results import RunReport
from schemas.trained import ArmName, TrainReport

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
    """Every drawing of the page as SVG; none where there is nothing to draw."""

    arms: Markup | None
    differences: Markup | None
    learning: Markup | None
    roc: tuple[Markup, ...]
    losses: tuple[Markup, ...]
    agreement: Markup | None
    missingness: Markup | None
    bounds: Markup | None
    myth: tuple[Markup, ...]
    traces: tuple[TracePair, ...]


def draw_figures(report: RunReport, *, validated: Dataset, cohort: Dataset) -> Figures:
    """Draw everything."""
    training = report.training
    return Figures(
        arms=_arms(training) if training.arms else None,
        differences=_differences(training) if training.comparisons else None,
        learning=_learning(training) if training.arms else None,
        roc=_roc(training),
        losses=_losses(training),
        agreement=_agreement(report),
        missingness=_missingness(report) if any(c.n_missing for c in report.passport.columns) else None,
        bounds=_bounds_of_prevalence(report.passport),
        myth=_myth(report.myth),
        traces=_traces(report, validated, cohort),
    )


def _arms(training: TrainReport) -> Markup:
    order = arm_order(training)
    rows = [
        IntervalRow(f"{a.n_real:,} real records", a.arm, order.index(a.arm), a.auroc) for a in arms_in_order(training)
    ]
    lowest = min(_bounds(rows)[0], 0.9)
    figure = interval_plot(rows, x_label="AUROC", limits=(max(floor(lowest * 20) / 20, 0.0), 1.0))
    return drawing(figure, "arms", "AUROC of every arm on the test split with its interval; the table has the numbers.")


def _differences(training: TrainReport) -> Markup:
    order = arm_order(training)
    pairs = sorted(training.comparisons, key=lambda c: c.n_real)
    rows = [
        IntervalRow(f"{c.n_real:,} real records", f"{c.arm} − {c.reference}", _place(order, c.arm), c.difference)
        for c in pairs
    ]
    low, high = _bounds(rows)
    limits = (min(floor(low * 50) / 50, -0.02), max(ceil(high * 50) / 50, 0.02))
    figure = interval_plot(
        rows, x_label="difference of AUROC on the same records", limits=limits, reference=0.0, text=signed_interval
    )
    return drawing(
        figure, "differences", "Paired differences of AUROC with intervals; right of zero favours the first arm."
    )


def _learning(training: TrainReport) -> Markup:
    figure = learning_plot(training.arms, arm_order(training))
    return drawing(
        figure, "learning", "AUROC against the number of real training records, one line per arm, with intervals."
    )


def _roc(training: TrainReport) -> tuple[Markup, ...]:
    """One plot per number of real records; the arms that need none are in each."""
    order = [*dict.fromkeys([*arm_order(training), *(c.arm for c in training.roc)])]
    sizes = sorted({c.n_real for c in training.roc})
    return tuple(_roc_of(training, order, n) for n in sizes if n > 0 or len(sizes) == 1)


def _roc_of(training: TrainReport, order: list[ArmName], n_real: int) -> Markup:
    curves = [c for c in training.roc if c.n_real in (0, n_real)]
    figure = roc_plot(curves, order, title=f"{n_real:,} real records")
    alt = f"Receiver operating characteristics of the arms with {n_real:,} real training records."
    return drawing(figure, f"roc-{n_real}", alt)


def _losses(training: TrainReport) -> tuple[Markup, ...]:
    return tuple(
        drawing(loss_plot(curve, series=0), f"loss-{i}", f"Training loss by step: {curve.label}.")
        for i, curve in enumerate(training.losses)
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
    target = Code(CodeSystem(report.training.target_system), report.training.target_code)
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


def _place(order: list[ArmName], arm: ArmName) -> int:
    return order.index(arm) if arm in order else len(order)
