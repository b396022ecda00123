"""Commands that keep house: check the registry, and remove what nothing needs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.datasets import RegistryOption, RemoteOption, registry_of
from cli.options import JsonOption, WorkdirOption, print_json
from cli.screen import console, stage_progress
from schemas.housekeeping import CollectReport, FsckReport

__all__ = ["facts_table", "fsck", "gc", "size_of"]

_WORKDIR = Path("data")
_SHOWN = 20


def fsck(
    workdir: WorkdirOption = _WORKDIR,
    registry: RegistryOption = None,
    remote: RemoteOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only whether objects are there, and their sizes.")] = False,
    repair_from: Annotated[
        Path | None, typer.Option(help="Put back what this folder holds whole: a pulled copy, a workdir, the cache.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check the registry and every object that a release needs, to the last bit."""
    from chiron.errors import BadParameters, Damaged
    from chiron.progress import show_progress_with
    from chiron.upkeep.fsck import check_registry
    from chiron.upkeep.mending import check_and_mend

    if quick and repair_from:
        raise BadParameters("fsck: expected --quick or --repair-from, found both; a repair reads every byte")
    address = registry_of(workdir, registry)
    with stage_progress() as sink, show_progress_with(sink):
        if repair_from:
            report = check_and_mend(address, repair_from, remote=remote)
        else:
            report = check_registry(address, remote=remote, quick=quick)
    if as_json:
        print_json(report)
    else:
        _show_fsck(report)
    if not report.is_sound:
        n_missing = sum(fault.kind == "missing" for fault in report.faults)
        raise Damaged(
            f"registry {report.registry}: expected every release whole, found {n_missing} objects missing, "
            f"{len(report.faults) - n_missing} damaged, {len(report.registry_faults)} faults of the registry itself; "
            "mend with --repair-from a whole copy"
        )


def _show_fsck(report: FsckReport) -> None:
    how = "present and of the right size" if report.quick else "read to the last byte"
    facts = facts_table()
    facts.add_row("registry", report.registry)
    facts.add_row("releases", f"{report.n_releases:,}, {report.n_withdrawn:,} of them withdrawn")
    for remote in report.remotes:
        facts.add_row("remote", remote)
    facts.add_row("objects", f"{report.n_objects:,} needed, {size_of(report.n_bytes)}, {how}")
    unreferenced = f"{report.n_unreferenced:,} objects, {size_of(report.n_unreferenced_bytes)}: no fault; see chiron gc"
    facts.add_row("unreferenced", unreferenced if report.n_unreferenced else "none")
    for line in report.registry_faults:
        facts.add_row("damaged", line)
    for oid in report.repaired:
        facts.add_row("put back", oid)
    facts.add_row("verdict", "whole and unaltered" if report.is_sound else "damaged")
    console.print(facts)
    for fault in report.faults[:_SHOWN]:
        console.print(f"{fault.kind} {fault.oid}", soft_wrap=True)
        console.print(f"  {_few(fault.files)} of {_few(fault.releases)}: {fault.why}", soft_wrap=True)
    _say_rest(len(report.faults))


def gc(
    workdir: WorkdirOption = _WORKDIR,
    registry: RegistryOption = None,
    apply: Annotated[bool, typer.Option("--apply", help="Remove it; without this, only say what would go.")] = False,
    older_than_days: Annotated[
        float, typer.Option(help="What was made or used later is never touched.", min=1.0)
    ] = 7.0,
    cache_gb: Annotated[
        float | None, typer.Option(help="How large the cache of pulls may stay; default: only by age.", min=0.0)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what no release, model, reference or running job needs; with --apply, remove it."""
    from chiron.progress import show_progress_with
    from chiron.settings import settings
    from chiron.upkeep.collect import collect_garbage

    with stage_progress() as sink, show_progress_with(sink):
        report = collect_garbage(
            workdir,
            registry=registry_of(workdir, registry),
            tracking_uri=settings().mlflow_tracking_uri,
            older_than_days=older_than_days,
            cache_bytes=None if cache_gb is None else int(cache_gb * 1e9),
            apply=apply,
        )
    if as_json:
        print_json({**report.model_dump(mode="json"), "n_bytes": report.n_bytes})
    else:
        _show_collected(report)


def _show_collected(report: CollectReport) -> None:
    kinds = {"object": "objects", "stage": "stages", "partial": "left over", "cache": "pull cache"}
    facts = facts_table()
    for kind, name in kinds.items():
        of_kind = [item for item in report.collected if item.kind == kind]
        facts.add_row(name, f"{len(of_kind):,}, {size_of(sum(item.n_bytes for item in of_kind))}")
    kept = ", ".join(f"{n:,} {why}" for why, n in sorted(report.n_kept.items()))
    facts.add_row("stages kept", kept or "none")
    facts.add_row("age", f"nothing younger than {report.older_than_days:g} days was looked at")
    for note in report.notes:
        facts.add_row("note", note)
    if report.collected:
        table = Table()
        table.add_column("what", overflow="fold")
        table.add_column("bytes", justify="right")
        table.add_column("why it may go", overflow="fold")
        for item in report.collected[:_SHOWN]:
            table.add_row(item.what, f"{item.n_bytes:,}", item.why)
        console.print(table)
        _say_rest(len(report.collected))
    console.print(facts)
    verb = "Removed" if report.applied else "Would go (nothing was removed; --apply removes it)"
    console.print(f"{verb}: {size_of(report.n_bytes)}")


def facts_table() -> Table:
    """A table of facts, each after its name."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    return facts


def size_of(n_bytes: int) -> str:
    """A number of bytes, as people read it."""
    return f"{n_bytes / 1e9:,.2f} GB" if n_bytes >= 1e7 else f"{n_bytes:,} bytes"


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _say_rest(n: int) -> None:
    if n > _SHOWN:
        console.print(f"... and {n - _SHOWN:,} more; --json has all")
