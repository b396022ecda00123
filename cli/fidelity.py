"""The command that compares a cohort with a real dataset."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.options import JsonOption, WorkdirOption, print_json, require_html
from schemas.fidelity import FidelityReport, Side

if TYPE_CHECKING:
    from chiron.datasets.dataset import Dataset

__all__ = ["fidelity"]

_WORKDIR = Path("data")


def fidelity(
    real: Annotated[str, typer.Argument(help="A validated dataset: its folder, or its name in the workdir.")],
    cohort: Annotated[str, typer.Argument(help="A cohort: its folder, or under which name it was made.")],
    workdir: WorkdirOption = _WORKDIR,
    out: Annotated[Path | None, typer.Option("--out", help="An .html page with drawings.")] = None,
    seed: Annotated[int, typer.Option(help="Of the records that are drawn.", min=0)] = 0,
    as_json: JsonOption = False,
) -> None:
    """Say how like a real dataset a cohort is, and how far it reaches beyond; the test split is never read."""
    from chiron.fidelity.compare import compare
    from chiron.progress import show_progress_with
    from cli.screen import console, stage_progress

    require_html(out)
    sides = _dataset(workdir, real, "validate"), _dataset(workdir, cohort, "synthesize")
    with stage_progress() as sink, show_progress_with(sink):
        report = compare(*sides, seed=seed)
    if out:
        from chiron.report.fidelity import write_fidelity_page

        write_fidelity_page(report, out)
    if as_json:
        print_json(report)
    else:
        console.print(_screen(report, out))


def _dataset(workdir: Path, where: str, stage: str) -> "Dataset":
    """A folder that holds a dataset, or else the newest result of a stage under a name."""
    from chiron.datasets.dataset import open_dataset
    from chiron.datasets.manifest import MANIFEST
    from chiron.datasets.refs import read_ref

    folder = Path(where)
    return open_dataset(folder if (folder / MANIFEST).is_file() else read_ref(workdir, where, stage))


def _screen(report: FidelityReport, page: Path | None) -> RenderableType:
    """The verdicts, and who was compared."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("real", _side(report.real))
    facts.add_row("synthetic", _side(report.synthetic))
    facts.add_row("findings", ", ".join(condition.name for condition in report.conditions[1:]) or "none")
    for verdict in report.verdicts:
        facts.add_row("verdict", verdict)
    for note in report.notes:
        facts.add_row("note", note)
    if page:
        facts.add_row("page", str(page))
    return Group(Text(f"\n{report.synthetic.name} beside {report.real.name}\n", style="bold"), facts)


def _side(side: Side) -> str:
    return f"{side.name}: {side.n_compared:,} of {side.n_records:,} records, leads {', '.join(side.leads)}"
