"""The command that scores a model on recordings that it never saw."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table

from cli.options import JsonOption, WorkdirOption, print_json
from schemas.codes import SplitName
from schemas.evaluation import EvaluationReport

__all__ = ["evaluate"]


class _Split(StrEnum):
    """A split, or all of them."""

    TRAIN = "train"
    VALID = "valid"
    TEST = "test"
    ALL = "all"


def evaluate(
    model: Annotated[Path, typer.Argument(help="A model's .safetensors file.")],
    folder: Annotated[Path, typer.Argument(help="A dataset's folder, with labels.")],
    split: Annotated[_Split, typer.Option(help="Of the dataset.")] = _Split.TEST,
    workdir: WorkdirOption = Path("data"),  # noqa: ARG001 - every command takes it
    as_json: JsonOption = False,
) -> None:
    """Score a model on a dataset; refused where it was trained on any patient or recording of it."""
    from chiron.datasets.dataset import open_dataset
    from chiron.models.evaluate import evaluate_model
    from chiron.progress import show_progress_with
    from cli.screen import console, stage_progress

    with stage_progress() as sink, show_progress_with(sink):
        chosen = None if split is _Split.ALL else SplitName(split.value)
        report = evaluate_model(model, open_dataset(folder), chosen)
    if as_json:
        print_json(report)
    else:
        console.print(_screen(report))


def _screen(report: EvaluationReport) -> RenderableType:
    from chiron.report.formats import count, interval

    table = Table("finding", "records", "with it", "AUROC [95 %]")
    for result in report.results:
        area = interval(result.auroc) if result.auroc else "of one kind only"
        table.add_row(result.name, count(result.n_records), count(result.n_positive), area)
    of = f"split {report.split.value}" if report.split else "all splits"
    head = f"{report.dataset}, {of}: {count(report.n_records)} records, intervals over {report.unit}s"
    return Group(head, f"overlap with training: {report.level}", table)
