"""The command that shows again what the boost experiment of a training found."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import JsonOption, WorkdirOption, print_json, require_html

if TYPE_CHECKING:
    from chiron.datasets.dataset import Dataset
    from schemas.boost import BoostReport

__all__ = ["boost"]

_WORKDIR = Path("data")


def boost(
    where: Annotated[str, typer.Argument(help="A training's folder, or under which name it was made.")] = "demo",
    workdir: WorkdirOption = _WORKDIR,
    out: Annotated[Path | None, typer.Option("--out", help="An .html page with learning curves.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how much a training gained from synthetic records, at each number of real ones."""
    from schemas.boost import BoostReport

    require_html(out)
    trained = _trained(workdir, where)
    report = trained.report(BoostReport)
    if out:
        from chiron.report.boost import write_boost_page

        write_boost_page(out, report, title=trained.manifest.name, simulated=trained.manifest.simulated)
    if as_json:
        print_json(report)
    else:
        _print(report, trained.manifest.name, out)


def _trained(workdir: Path, where: str) -> "Dataset":
    """A training's folder, or else the newest training under a name."""
    from chiron.datasets.dataset import open_dataset
    from chiron.datasets.manifest import MANIFEST
    from chiron.datasets.refs import read_ref

    folder = Path(where)
    return open_dataset(folder if (folder / MANIFEST).is_file() else read_ref(workdir, where, "train"))


def _print(report: "BoostReport", name: str, page: Path | None) -> None:
    from rich.table import Table

    from cli.boost_screen import boost_tables, test_split
    from cli.screen import console

    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("training", name)
    facts.add_row("verdict", report.verdict)
    facts.add_row("test split", test_split(report))
    if page:
        facts.add_row("page", str(page))
    console.print(facts, "", boost_tables(report), sep="\n")
