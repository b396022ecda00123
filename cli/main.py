"""The command `chiron`."""

import sys
from collections.abc import Callable
from typing import Annotated, Final

import typer

from chiron import __version__
from chiron.errors import ChironError, EnvironmentFault
from cli import (
    backups,
    boost,
    card,
    datasets,
    doctor,
    evaluation,
    fidelity,
    housekeeping,
    interchange,
    keys,
    lineage,
    models,
    pipeline,
    populations,
    registry,
    services,
    synthesis,
    withdrawal,
)

__all__ = ["app", "main"]

app = typer.Typer(
    name="chiron",
    help="A data platform for medical machine learning. `chiron run` does the main job.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "run": pipeline.run,
    "ingest": pipeline.ingest,
    "validate": pipeline.validate,
    "synthesize": synthesis.synthesize,
    "fill": populations.fill,
    "fit": populations.fit,
    "fidelity": fidelity.fidelity,
    "noise-bank": populations.noise_bank,
    "release": pipeline.release,
    "train": pipeline.train,
    "boost": boost.boost,
    "list": datasets.list_releases,
    "pull": datasets.pull,
    "verify": datasets.verify,
    "export": interchange.export,
    "show": datasets.show,
    "lineage": lineage.lineage,
    "diff": lineage.diff,
    "quarantine": datasets.quarantine,
    "predict": models.predict,
    "card": card.card,
    "evaluate": evaluation.evaluate,
    "fsck": housekeeping.fsck,
    "gc": housekeeping.gc,
    "withdraw": withdrawal.withdraw,
    "backup": backups.backup,
    "restore": backups.restore,
    "rotate-key": keys.rotate_key,
    "doctor": doctor.doctor,
    "up": services.up,
    "down": services.down,
}


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"chiron {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[bool, typer.Option("--version", help="Say which version this is.", callback=_say_version)] = False,
) -> None:
    """What comes before a command's name."""


for _name, _command in _COMMANDS.items():
    app.command(name=_name)(_command)
app.add_typer(registry.models, name="models")


def main() -> None:
    """Run a command; an error that people can do something about is one line and an exit code of its own."""
    try:
        app()
    except ChironError as error:
        line = " ".join(str(error).split())
        typer.echo(f"chiron: {line}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:  # a disk, a right, a network: no fault of the code
        typer.echo(
            f"chiron: {error.filename or 'this machine'}: expected to use it, found: {error.strerror or error}",
            err=True,
        )
        sys.exit(EnvironmentFault.exit_code)
    except KeyboardInterrupt:
        typer.echo("chiron: stopped; run the same command again to go on", err=True)
        sys.exit(130)
