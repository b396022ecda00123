"""Commands that copy what can't be made again, and bring it back."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.datasets import RegistryOption, RemoteOption, registry_of
from cli.housekeeping import facts_table
from cli.options import JsonOption, WorkdirOption, print_json
from cli.screen import console, stage_progress
from schemas.housekeeping import BackupManifest

__all__ = ["backup", "restore"]

_WORKDIR = Path("data")
_PREFECT = ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL")


def backup(
    dest: Annotated[Path, typer.Argument(help="A folder that is not there yet, or empty.")],
    workdir: WorkdirOption = _WORKDIR,
    registry: RegistryOption = None,
    remote: RemoteOption = None,
    objects: Annotated[
        bool | None, typer.Option(help="Also the bytes of releases; default: where the remote is a folder.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the registry, the bytes of its releases, MLflow's and Prefect's databases into one folder."""
    from chiron.progress import show_progress_with
    from chiron.settings import settings
    from chiron.upkeep.backup import Sources, back_up

    sources = Sources(
        workdir=workdir,
        registry=registry_of(workdir, registry),
        remote=remote or settings().remote,
        objects=objects,
        tracking_uri=settings().mlflow_tracking_uri,
        prefect_url=_prefect_database(),
    )
    with stage_progress() as sink, show_progress_with(sink):
        manifest = back_up(dest, sources)
    if as_json:
        print_json(manifest)
    else:
        _show(
            manifest, f"{dest}: {len(manifest.files):,} files. Keys of pseudonyms are not in it: keep them elsewhere."
        )


def restore(
    source: Annotated[Path, typer.Argument(help="The folder of a backup.")],
    workdir: WorkdirOption = _WORKDIR,
    as_json: JsonOption = False,
) -> None:
    """Make a workdir from a backup, every byte verified; nothing that is there is overwritten."""
    from chiron.progress import show_progress_with
    from chiron.settings import settings
    from chiron.upkeep.restoring import restore as restore_into

    given = {"mlflow": settings().mlflow_tracking_uri, "prefect": _prefect_database()}
    databases = {name: url for name, url in given.items() if url}
    with stage_progress() as sink, show_progress_with(sink):
        manifest = restore_into(source, workdir, databases=databases)
    if as_json:
        print_json(manifest)
        return
    moved = str(workdir.resolve()) != manifest.workdir
    remedy = f" It was {manifest.workdir}: pull with --remote {workdir / 'remote'} where releases name the old place."
    _show(manifest, f"{workdir}: restored.{remedy if moved else ''}")


def _prefect_database() -> str | None:
    """The address of Prefect's database, where its server was given another than the workdir's."""
    return next((os.environ[name] for name in _PREFECT if os.environ.get(name)), None)


def _show(manifest: BackupManifest, last: str) -> None:
    facts = facts_table()
    for part in manifest.parts:
        facts.add_row(part.name, f"{part.kind}, from {part.origin}")
    console.print(facts)
    console.print(last, soft_wrap=True)
