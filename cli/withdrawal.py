"""The command that takes a patient out of every release."""

from pathlib import Path
from typing import Annotated

import typer

from cli.datasets import RegistryOption, RemoteOption, registry_of
from cli.housekeeping import facts_table, size_of
from cli.options import JsonOption, WorkdirOption, print_json
from cli.screen import console, stage_progress
from schemas.housekeeping import WithdrawReport

__all__ = ["withdraw"]

_WORKDIR = Path("data")


def withdraw(
    name: Annotated[str, typer.Argument(help="The dataset that holds them.")],
    reason: Annotated[str, typer.Option(help="Why; it is published, so it must name nobody.")],
    patient: Annotated[list[str] | None, typer.Option(help="A patient's pseudonym, as in the dataset.")] = None,
    record: Annotated[list[str] | None, typer.Option(help="A record's id, where patients are unknown.")] = None,
    patients_from: Annotated[
        str | None, typer.Option(help="A file of pseudonyms, one a line; - reads them from stdin.")
    ] = None,
    source_ids_from: Annotated[
        str | None, typer.Option(help="A file of the source's own patient ids, one a line, or -; needs --profile.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Of the source whose own ids are given.")] = None,
    workdir: WorkdirOption = _WORKDIR,
    registry: RegistryOption = None,
    remote: RemoteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take patients out: new versions without them, old ones withdrawn, their bytes removed, models listed."""
    from chiron.errors import BadParameters
    from chiron.progress import show_progress_with
    from chiron.records.pseudonyms import patient_pseudonyms
    from chiron.records.sources import load_profile
    from chiron.settings import settings
    from chiron.upkeep.holding import Sought
    from chiron.upkeep.withdraw import withdraw as withdraw_from

    if (source_ids_from is None) != (profile is None):
        raise BadParameters("withdraw: expected --source-ids-from and --profile together, found one of them")
    patients = {*(patient or ()), *_lines(patients_from)}
    if profile is not None:
        patients |= patient_pseudonyms(load_profile(profile), _lines(source_ids_from))
    with stage_progress() as sink, show_progress_with(sink):
        report = withdraw_from(
            workdir,
            name,
            Sought(frozenset(patients), frozenset(record or ())),
            reason=reason,
            registry=registry_of(workdir, registry),
            remote=remote,
            tracking_uri=settings().mlflow_tracking_uri,
        )
    if as_json:
        print_json(report)
    else:
        _show_withdrawn(report)


def _lines(where: str | None) -> set[str]:
    """The lines of a file, or of stdin."""
    import sys

    if where is None:
        return set()
    text = sys.stdin.read() if where == "-" else Path(where).read_text(encoding="utf-8")
    return {line.strip() for line in text.splitlines() if line.strip()}


def _show_withdrawn(report: WithdrawReport) -> None:
    facts = facts_table()
    for note in report.withdrawn:
        instead = f"use {note.name}@{note.replaced_by}" if note.replaced_by else "nothing replaces it"
        facts.add_row("withdrawn", f"{note.tag}, {note.n_records:,} records of it; {instead}")
    for note in report.withdrawn:
        facts.add_row("to delete", note.content_sha256)
    facts.add_row("released", ", ".join(report.released) or "nothing new")
    facts.add_row(
        "removed", f"{report.n_objects_removed:,} objects, {size_of(report.n_bytes_removed)}, from the remote"
    )
    for folder in report.folders_removed:
        facts.add_row("removed", folder)
    for model in report.models:
        splits = ", ".join(f"{n:,} in {split}" for split, n in model.splits.items())
        facts.add_row("model", f"{model.model} was made from {model.release} ({splits or 'split unknown'})")
    for line in report.notes:
        facts.add_row("note", line)
    console.print(facts)
