"""The page of an evaluation: how a model does on recordings that it never saw."""

from math import floor
from pathlib import Path
from typing import Final, NamedTuple

from markupsafe import Markup

from chiron.datasets.workdir import write_file
from chiron.report.plots import IntervalRow, interval_plot, risk_plot
from chiron.report.templates import drawing, render_page, versions
from schemas.base import Interval
from schemas.evaluation import EvaluationReport, Measure, OutputResult

__all__ = ["render_evaluation", "write_evaluation"]

_ALL: Final = "all classes"


class MeasureRow(NamedTuple):
    """One measure of every finding; none where it could not be taken."""

    name: str
    estimates: list[Interval | None]


def render_evaluation(report: EvaluationReport) -> str:
    """The page as text. The same report gives the same text."""
    return render_page(
        "evaluation.html.j2",
        report=report,
        simulated="",
        rows=_rows(report.results),
        strata=[result for result in report.results if result.strata],
        areas=_areas(report),
        groups=_groups(report),
        risks=_risks(report),
        versions=versions(),
    )


def write_evaluation(path: Path, report: EvaluationReport) -> None:
    """Write the page; it appears whole or not at all."""
    write_file(path, render_evaluation(report).encode())


def _rows(results: tuple[OutputResult, ...]) -> list[MeasureRow]:
    """The area first, then every measure that any finding has."""
    found = [{each.measure: each.estimate for each in result.measured} for result in results]
    for each, result in zip(found, results, strict=True):
        if result.auroc:
            each[Measure.AUROC] = result.auroc
    return [MeasureRow(m.value, [each.get(m) for each in found]) for m in Measure if any(m in each for each in found)]


def _areas(report: EvaluationReport) -> Markup | None:
    rows = [IntervalRow("", result.name, 0, result.auroc) for result in report.results if result.auroc]
    return _forest(rows, "areas", "AUROC of every finding with its interval; the table has the numbers.")


def _groups(report: EvaluationReport) -> Markup | None:
    """Every group that has enough records, below its finding."""
    rows = [
        IntervalRow(result.name, f"{stratum.kind}: {stratum.group}", i, stratum.auroc)
        for i, result in enumerate(report.results)
        for stratum in result.strata
        if stratum.auroc
    ]
    return _forest(rows, "areas-by-group", "AUROC in groups of records with intervals; the table has the numbers.")


def _forest(rows: list[IntervalRow], slug: str, alt: str) -> Markup | None:
    if not rows:
        return None
    drawn = [v for row in rows for v in (row.estimate.value, row.estimate.lower) if v is not None]
    lowest = floor(20 * min([0.9, *drawn])) / 20
    return drawing(interval_plot(rows, x_label="AUROC", limits=(max(lowest, 0.0), 1.0)), slug, alt)


def _risks(report: EvaluationReport) -> Markup | None:
    curves = {result.name: result.answered for result in report.results if result.answered}
    figure = risk_plot(curves | ({_ALL: report.classes.answered} if report.classes else {}))
    return drawing(figure, "risks", "Errors by the share of records that is answered.") if figure else None
