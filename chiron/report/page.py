"""The page of a run: one HTML file that needs nothing else, neither a network nor a script."""

import platform
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from chiron.datasets.dataset import Dataset
from chiron.datasets.workdir import write_file
from chiron.labels.readings import code_name
from chiron.report import formats
from chiron.report.figures import draw_figures
from chiron.report.labels import (
    annotator_rows,
    compared_readings,
    drifts_by_verdict,
    label_rows,
    pairs_by_agreement,
)
from chiron.report.passport import passport_tables
from chiron.report.tables import auroc_by_size, best_result, checks_by_urgency, real_sizes
from schemas.codes import SplitName
from schemas.gate import CheckStatus
from schemas.results import RunReport
from schemas.vanishing import Hop

__all__ = ["render_report", "write_report_page"]

_PARTS: Final = ("numpy", "polars", "torch", "scikit-learn", "great_expectations", "dvc", "matplotlib")


def render_report(report: RunReport, *, real: Dataset, cohort: Dataset, validated: Dataset) -> str:
    """The page as text. The same report and datasets give the same text.

    real: the ingested dataset; validated: the one made from it, with labels and splits.
    """
    open_checks, passed_checks = checks_by_urgency(report)
    template = _environment().get_template("page.html.j2")
    return template.render(
        report=report,
        training=report.training,
        figures=draw_figures(report, validated=validated, cohort=cohort),
        auroc=auroc_by_size(report.training),
        best=best_result(report.training),
        sizes=real_sizes(report.training),
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
        style=Markup(files(__package__).joinpath("page.css").read_text("utf-8")),  # noqa: S704 - our own file
        versions=_versions(),
    )


def write_report_page(path: Path, report: RunReport, *, real: Dataset, cohort: Dataset, validated: Dataset) -> None:
    """Write the page; it appears whole or not at all."""
    text = render_report(report, real=real, cohort=cohort, validated=validated)
    write_file(path, text.encode())


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("chiron.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["passed"] = CheckStatus.PASSED
    environment.filters["code_name"] = lambda code, code_system: code_name(code_system, code)
    environment.filters |= {name: getattr(formats, name) for name in formats.__all__}
    return environment


def _versions() -> dict[str, str]:
    """Python and the parts that compute the numbers."""
    return {"Python": platform.python_version()} | {part: version(part) for part in _PARTS}
