"""The page of a run: one HTML file that needs nothing else, neither a network nor a script."""

from pathlib import Path

from chiron.datasets.dataset import Dataset
from chiron.datasets.workdir import write_file
from chiron.report.boost import boost_values
from chiron.report.figures import draw_figures
from chiron.report.labels import (
    annotator_rows,
    compared_readings,
    drifts_by_verdict,
    label_rows,
    pairs_by_agreement,
)
from chiron.report.passport import passport_tables
from chiron.report.tables import checks_by_urgency
from chiron.report.templates import render_page, versions
from schemas.codes import SplitName
from schemas.results import RunReport
from schemas.vanishing import Hop

__all__ = ["render_report", "write_report_page"]


def render_report(report: RunReport, *, real: Dataset, cohort: Dataset, validated: Dataset) -> str:
    """The page as text. The same report and datasets give the same text.

    real: the ingested dataset; validated: the one made from it, with labels and splits.
    """
    open_checks, passed_checks = checks_by_urgency(report)
    return render_page(
        "page.html.j2",
        report=report,
        training=report.training,
        figures=draw_figures(report, validated=validated, cohort=cohort),
        **boost_values(report.training),
        comparisons=compared_readings(report.agreement),
        refused=[result for result in report.agreement if result.refused],
        pairs=pairs_by_agreement(report.agreement),
        annotators=annotator_rows(report.consensus.annotators),
        drift=report.drift,
        drifts=drifts_by_verdict(report.drift.findings),
        quality=report.quality,
        suspects=report.suspects,
        myth=report.myth,
        open_checks=open_checks,
        passed_checks=passed_checks,
        tables=passport_tables(report.passport),
        labels=label_rows((*report.vanishing.steps, *report.training.label_steps), validated),
        hops=list(Hop),
        splits=[split.value for split in SplitName],
        datasets=(("ingested", real.manifest), ("validated", validated.manifest), ("synthetic", cohort.manifest)),
        versions=versions(),
    )


def write_report_page(path: Path, report: RunReport, *, real: Dataset, cohort: Dataset, validated: Dataset) -> None:
    """Write the page; it appears whole or not at all."""
    text = render_report(report, real=real, cohort=cohort, validated=validated)
    write_file(path, text.encode())
