"""Commands about the history of a dataset: where it comes from, and what changed between two versions."""

from pathlib import Path
from typing import Annotated

import typer

from cli.datasets import RegistryOption, RemoteOption, registry_of
from cli.options import JsonOption, WorkdirOption, print_json

__all__ = ["diff", "lineage"]

_WORKDIR = Path("data")


def lineage(
    dataset: Annotated[str, typer.Argument(help="NAME or NAME@VERSION, a content hash, or a dataset's folder.")],
    workdir: WorkdirOption = _WORKDIR,
    registry: RegistryOption = None,
    remote: RemoteOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="A picture: .svg, or .html with all that is known.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell where a dataset comes from, which checks it passed, and what was trained on it."""
    from chiron.errors import BadParameters
    from chiron.provenance.lineage import lineage_of
    from chiron.settings import settings
    from cli.screen import console

    if out and out.suffix.lower() not in (".svg", ".html"):
        raise BadParameters(f"picture: expected a name that ends in .svg or .html, found {out.suffix or 'no ending'}")
    told = lineage_of(
        dataset,
        workdir,
        registry=registry_of(workdir, registry),
        remote=remote or settings().remote,
        tracking_uri=settings().mlflow_tracking_uri,
    )
    if out:
        from chiron.report.lineage_page import write_lineage

        write_lineage(told, out)
    if as_json:
        print_json(told)
        return
    from cli.lineage_screen import lineage_screen

    console.print(lineage_screen(told))
    if out:
        console.print(f"\ndrawn in {out}", soft_wrap=True)


def diff(
    before: Annotated[str, typer.Argument(help="NAME@VERSION, a content hash, or a dataset's folder.")],
    after: Annotated[str, typer.Argument(help="The same, of what is newer.")],
    workdir: WorkdirOption = _WORKDIR,
    registry: RegistryOption = None,
    remote: RemoteOption = None,
    records: Annotated[bool, typer.Option("--records", help="Name the records that differ.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what changed between two versions: records, samples, labels, schema, splits, statistics."""
    from chiron.progress import show_progress_with
    from chiron.provenance.diff import diff_of
    from chiron.settings import settings
    from cli.screen import console, stage_progress

    with stage_progress() as sink, show_progress_with(sink):
        difference = diff_of(
            before,
            after,
            registry=registry_of(workdir, registry),
            remote=remote or settings().remote,
            with_ids=records,
        )
    if as_json:
        print_json(difference)
        return
    from cli.diff_screen import diff_screen

    console.print(diff_screen(difference))
