"""The command `chiron`."""

import sys

import typer

from chiron.errors import ChironError
from cli import datasets, doctor, models, pipeline, services

__all__ = ["app", "main"]

app = typer.Typer(
    name="chiron",
    help="A data platform for medical machine learning. `chiron run` does the main job.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for command in (
    pipeline.run,
    pipeline.ingest,
    pipeline.validate,
    pipeline.synthesize,
    pipeline.release,
    pipeline.train,
):
    app.command()(command)
app.command(name="list")(datasets.list_releases)
for command in (datasets.pull, datasets.verify, datasets.show, datasets.quarantine):
    app.command()(command)
app.command()(models.predict)
app.command()(doctor.doctor)
for command in (services.up, services.down):
    app.command()(command)


def main() -> None:
    """Run a command; an error that people can do something about is one line and an exit code of its own."""
    try:
        app()
    except ChironError as error:
        line = " ".join(str(error).split())
        typer.echo(f"chiron: {line}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("chiron: stopped; run the same command again to go on", err=True)
        sys.exit(130)
