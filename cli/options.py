"""Options that commands share."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

__all__ = [
    "JsonOption",
    "NameOption",
    "ParamsOption",
    "ProfileOption",
    "RelatedOption",
    "SourceOption",
    "WorkdirOption",
    "prefect_for",
    "print_json",
    "require_html",
]

WorkdirOption = Annotated[Path, typer.Option("--workdir", help="The folder that holds every stage.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
NameOption = Annotated[str | None, typer.Option("--name", help="The dataset's name; default: the source's.")]
ParamsOption = Annotated[Path | None, typer.Option("--params", help="A YAML file with the run's parameters.")]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="A name or a YAML file; default: recognised.")]
RelatedOption = Annotated[
    list[str] | None,
    typer.Option("--related", help="A source of other real recordings that networks may learn from first; may repeat."),
]
SourceOption = Annotated[str | None, typer.Option("--source", help="A landing folder or s3:// prefix.")]


def print_json(value: BaseModel | list[Any] | dict[str, Any]) -> None:
    """Print one JSON document, and nothing else."""
    import json

    data = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    typer.echo(json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True))


def require_html(page: Path | None) -> None:
    """Refuse a page whose name no browser would open. Raises BadParameters."""
    from chiron.errors import BadParameters

    if page and page.suffix.lower() != ".html":
        raise BadParameters(f"page: expected a name that ends in .html, found {page.suffix or 'no ending'}")


@contextmanager
def prefect_for(workdir: Path, flow_module: str, *, quiet: bool = False) -> Iterator[None]:
    """A Prefect server to run a flow on, and a screen that shows its progress.

    The flow's module is imported while the server starts. With `quiet`, nothing is shown: the answer will be JSON.
    """
    from chiron.progress import show_progress_with
    from cli.screen import say_line, stage_progress
    from tasks.server import private_prefect

    with private_prefect(workdir, meanwhile=lambda: import_module(flow_module)):
        if quiet:
            yield
            return
        with stage_progress() as sink, show_progress_with(sink, say_line):
            yield
