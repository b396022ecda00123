"""The command that scores a model on recordings that it never saw."""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.options import JsonOption, WorkdirOption, print_json, require_html
from schemas.base import Interval
from schemas.codes import SplitName
from schemas.evaluation import Answered, ClassesResult, EvaluationReport, Measure, OutputResult

__all__ = ["evaluate", "evaluation_screen"]

_SHOWN_COVERAGES: Final = (1.0, 0.9, 0.8, 0.5)
_LEADING_ZERO: Final = re.compile(r"(?<!\d)0\.")
_WORKDIR: Final = Path("data")


class _Split(StrEnum):
    """A split, or all of them."""

    TRAIN = "train"
    VALID = "valid"
    TEST = "test"
    ALL = "all"


def evaluate(
    model: Annotated[Path, typer.Argument(help="A model's .safetensors file.")],
    folder: Annotated[Path, typer.Argument(help="A dataset's folder, with labels.")],
    split: Annotated[_Split, typer.Option(help="Of the dataset. Looks at test records are counted.")] = _Split.VALID,
    against: Annotated[Path | None, typer.Option(help="Another model, compared on the same records.")] = None,
    workdir: WorkdirOption = _WORKDIR,
    out: Annotated[Path | None, typer.Option("--out", help="An .html page with plots.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Score a model on a dataset; refused where it was trained on any patient or recording of it."""
    from chiron.datasets.dataset import open_dataset
    from chiron.models.evaluate import evaluate_model
    from chiron.models.registry import default_tracking_uri
    from chiron.progress import show_progress_with
    from chiron.settings import settings
    from cli.screen import console, stage_progress

    require_html(out)
    uri = settings().mlflow_tracking_uri or default_tracking_uri(workdir)
    with stage_progress() as sink, show_progress_with(sink):
        chosen = None if split is _Split.ALL else SplitName(split.value)
        report = evaluate_model(model, open_dataset(folder), chosen, tracking_uri=uri, against=against)
    if out:
        from chiron.report.evaluation import write_evaluation

        write_evaluation(out, report)
    if as_json:
        print_json(report)
    else:
        console.print(evaluation_screen(report))


def evaluation_screen(report: EvaluationReport) -> RenderableType:
    """What came of an evaluation, on one screen."""
    parts: list[RenderableType] = [_facts(report), "", _findings(report.results)]
    if report.classes:
        parts += ["", _of_classes(report.classes)]
    if any(stratum.auroc for result in report.results for stratum in result.strata):
        parts += ["", _strata(report.results)]
    if report.differences:
        parts += ["", _differences(report)]
    return Group(*parts)


def _facts(report: EvaluationReport) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, fact in _told(report):
        facts.add_row(name, fact)
    return facts


def _told(report: EvaluationReport) -> Iterator[tuple[str, str | Text]]:
    from chiron.report.formats import count, interval

    of = f"split {report.split.value}" if report.split else "all splits"
    refused = f"; {count(report.n_refused)} more that the model refuses to read" if report.n_refused else ""
    yield "dataset", f"{report.dataset}, {of}: {count(report.n_records)} records{refused}"
    unknown = "; patients are unknown" if report.unit == "record" else ""
    yield "intervals", f"95 %, over {report.unit}s{unknown}"
    yield "overlap", f"with training: {report.level}"
    if report.challenge:
        yield "CinC 2021", f"{interval(report.challenge)}, over {report.n_challenge_classes} of its 26 classes"
    if report.n_looks is not None:
        yield "looks", f"number {report.n_looks} at this test split"
    if report.warning:
        yield "warning", Text(report.warning, style="yellow")


def _findings(results: tuple[OutputResult, ...]) -> Table:
    """One column for each finding, one row for each number; findings of one kind only have counts."""
    from chiron.report.formats import count

    table = _table("", *(result.name for result in results))
    table.add_row("records, with it", *(f"{count(r.n_records)}, {count(r.n_positive)}" for r in results))
    table.add_row(Measure.AUROC.value, *(_tight(r.auroc) if r.auroc else "of one kind only" for r in results))
    found = [{each.measure: each.estimate for each in result.measured} for result in results]
    for measure in Measure:
        if any(measure in each for each in found):
            table.add_row(measure.value, *(_tight(each[measure]) if measure in each else "" for each in found))
    table.add_row("called from", *("not chosen" if r.threshold is None else f"{r.threshold:.3f}" for r in results))
    table.add_row("told, wrong of it", *(f"{count(r.n_told)}, {count(r.n_told_wrong)}" for r in results))
    shown = ", ".join(f"{coverage:.0%}" for coverage in _SHOWN_COVERAGES)
    table.add_row("errors, % of answers", *(_errors(r.answered) if r.answered else "" for r in results))
    table.caption = f"Errors where the surest {shown} are answered."
    table.caption_justify = "left"
    return table


def _errors(answered: Answered) -> str:
    return "\N{NO-BREAK SPACE}".join(_risk(answered, coverage) for coverage in _SHOWN_COVERAGES)


def _tight(estimate: Interval) -> str:
    """As `interval`, without zeros before the point and without breaks: several stand beside each other."""
    from chiron.report.formats import interval

    return _LEADING_ZERO.sub(".", interval(estimate)).replace(" ", "\N{NO-BREAK SPACE}")


def _of_classes(classes: ClassesResult) -> Table:
    from chiron.report.formats import count, interval

    scored = ", ".join(classes.names[: classes.n_scored])
    table = _table("each record is one of", *(f"called {name}" for name in classes.names), "F1")
    for name, row, f1 in zip(classes.names, classes.confusion, classes.f1, strict=True):
        table.add_row(name, *(count(n) for n in row), f"{f1:.3f}")
    told = "; ".join(f"{each.measure.value} {interval(each.estimate)}" for each in classes.measured)
    table.caption = f"{told}. The mean is of {scored}. Errors, % of answers: {_errors(classes.answered)}."
    table.caption_justify = "left"
    return table


def _strata(results: tuple[OutputResult, ...]) -> Table:
    """Groups for which a finding has an area; of the others there are counts in the JSON."""
    from chiron.report.formats import count, interval

    table = _table("finding", "group", "records", "with it", "AUROC")
    for result in results:
        for stratum in result.strata:
            if stratum.auroc:
                group = f"{stratum.kind}: {stratum.group}"
                counts = count(stratum.n_records), count(stratum.n_positive)
                table.add_row(result.name, group, *counts, interval(stratum.auroc))
    return table


def _differences(report: EvaluationReport) -> Table:
    from chiron.report.formats import p_value, signed_interval

    table = _table("this model less the other", "", "difference", "p (DeLong)")
    for each in report.differences:
        p = "" if each.p_value is None else p_value(each.p_value)
        table.add_row(each.name, each.measure.value, signed_interval(each.estimate), p)
    return table


def _risk(answered: Answered, coverage: float) -> str:
    return f"{100 * answered.risk[answered.coverage.index(coverage)]:.1f}"


def _table(*columns: str) -> Table:
    return Table(*columns, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
