"""`chiron models`: the registered models, which of them is the champion, who made it that, and why."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table

from cli.options import JsonOption, NameOption, WorkdirOption, print_json
from cli.screen import console, say_line, stage_progress
from schemas.registry import ModelGate, Signed, Step

if TYPE_CHECKING:
    from chiron.models.registry import TaggedModel

__all__ = ["models"]

_WORKDIR = Path("data")
_ModelArgument = Annotated[str, typer.Argument(help="NAME (the champion), NAME@challenger or NAME@3.")]
_BareArgument = Annotated[str, typer.Argument(help="The model's name.")]
_WhyOption = Annotated[str, typer.Option("--why", help="Kept for good, so it must name no patient.")]
_ByOption = Annotated[str | None, typer.Option("--by", help="Who decides this; default: the user's name.")]

models = typer.Typer(help="Registered models: list, show, register, promote, rollback, history.", no_args_is_help=True)


def _uri(workdir: Path) -> str:
    from chiron.models.tracking import default_tracking_uri
    from chiron.settings import settings

    return settings().mlflow_tracking_uri or default_tracking_uri(workdir)


@models.command("list")
def list_(workdir: WorkdirOption = _WORKDIR, as_json: JsonOption = False) -> None:
    """List every version of every model."""
    from chiron.models.registry import list_models

    found = list_models(_uri(workdir))
    if as_json:
        print_json([model.model_dump(mode="json") for model in found])
        return
    table = Table("model", "alias", "SHA-256")
    for model in found:
        table.add_row(f"{model.name}@{model.version}", ", ".join(model.aliases), model.sha256)
    console.print(table if found else "No model is registered.")


@models.command()
def show(model: _ModelArgument, workdir: WorkdirOption = _WORKDIR, as_json: JsonOption = False) -> None:
    """Tell what a version was made from, and what its gate found."""
    from chiron.models.registration import GATE_TAG
    from chiron.models.registry import find_version, model_file

    found = find_version(_uri(workdir), model)
    file = model_file(_uri(workdir), f"{found.model.name}@{found.model.version}")
    text = found.tags.get(GATE_TAG)
    gate = ModelGate.model_validate_json(text) if text else None
    if as_json:
        tags = {key: value for key, value in found.tags.items() if key != GATE_TAG}
        decided = gate and gate.model_dump(mode="json")
        told = found.model.model_dump(mode="json") | {"file": str(file), "tags": tags, "gate": decided}
        print_json(told)
    else:
        console.print(_shown(found, file, gate))


@models.command()
def history(model: _BareArgument, workdir: WorkdirOption = _WORKDIR, as_json: JsonOption = False) -> None:
    """Tell which version was the champion when, by whom and why."""
    from chiron.models.promotion import history as steps_of

    steps = steps_of(_uri(workdir), model)
    if as_json:
        print_json([step.model_dump(mode="json") for step in steps])
        return
    table = Table("when", "version", "what", "champion then", "by", "why")
    for step in steps:
        said = step.kind if step.counted else f"{step.kind}, too late: another was made the champion before"
        after = (step.champion_after or "none") if step.counted else ""
        table.add_row(f"{step.at:%Y-%m-%d %H:%M:%S} UTC", step.version, said, after, step.by, step.why)
    console.print(table)


@models.command()
def promote(
    model: Annotated[str, typer.Argument(help="NAME@challenger or NAME@3.")],
    why: _WhyOption,
    by: _ByOption = None,
    workdir: WorkdirOption = _WORKDIR,
    as_json: JsonOption = False,
) -> None:
    """Make a registered version the champion."""
    from chiron.models.promotion import promote as take

    _tell(model, take(_uri(workdir), model, _signed(by, why)), as_json=as_json)


@models.command()
def rollback(
    model: _BareArgument,
    why: _WhyOption,
    by: _ByOption = None,
    workdir: WorkdirOption = _WORKDIR,
    as_json: JsonOption = False,
) -> None:
    """Make the champion before this one the champion again; a second rollback goes further back."""
    from chiron.models.promotion import rollback as go_back

    _tell(model, go_back(_uri(workdir), model, _signed(by, why)), as_json=as_json)


@models.command()
def register(
    name: NameOption = None,
    by: Annotated[str | None, typer.Option("--by", help="Who registers it in spite of a closed gate.")] = None,
    why: Annotated[str | None, typer.Option("--why", help="Why they do; kept for good.")] = None,
    workdir: WorkdirOption = _WORKDIR,
    as_json: JsonOption = False,
) -> None:
    """Register the newest training; with --by and --why also in spite of its gate, as a challenger."""
    from chiron.datasets.refs import read_ref
    from chiron.errors import BadParameters
    from chiron.models.registration import register_candidate, require_registered
    from chiron.progress import show_progress_with
    from chiron.releases.released_as import release_tags
    from chiron.report.stages import registration_line
    from chiron.settings import settings
    from cli.datasets import registry_of
    from cli.parameters import stage_params

    if (by is None) != (why is None):
        raise BadParameters("register: expected --by and --why together, found one of them")
    chosen = stage_params(None, workdir=workdir, name=name).name
    trained, real, cohort = (read_ref(workdir, chosen, stage) for stage in ("train", "validate", "synthesize"))
    released = registry_of(workdir, None)
    tags = release_tags(released, real.content_sha256, what="validated")
    tags |= release_tags(released, cohort.content_sha256, what="cohort")
    with stage_progress() as sink, show_progress_with(sink, say_line):
        registration = register_candidate(
            workdir,
            trained,
            real,
            chosen,
            tracking_uri=settings().mlflow_tracking_uri,
            tags=tags,
            override=_signed(by, why) if why is not None else None,
        )
    require_registered(registration)
    if as_json:
        print_json(registration)
    else:
        console.print(registration_line(registration))


def _signed(by: str | None, why: str) -> Signed:
    from cli.parameters import valid

    return valid(Signed, {"by": getpass.getuser() if by is None else by, "why": why})


def _tell(model: str, step: Step, *, as_json: bool) -> None:
    from chiron.report.stages import step_line

    if as_json:
        print_json(step)
    else:
        console.print(step_line(model.partition("@")[0], step))


def _shown(found: "TaggedModel", file: Path, gate: ModelGate | None) -> RenderableType:
    model, facts = found.model, Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("model", f"{model.name}@{model.version} {', '.join(model.aliases)}")
    facts.add_row("file", str(file))
    for key, value in sorted(found.tags.items()):
        if key != "gate":
            facts.add_row(key.replace("_", " "), value)
    return Group(facts, *_gate_rows(gate)) if gate else facts


def _gate_rows(gate: ModelGate) -> list[RenderableType]:
    checks = Table("gate", "", "expected", "found")
    for check in gate.checks:
        checks.add_row(check.name, "passed" if check.passed else "FAILED", check.expected, check.found)
    return [checks, *gate.notes]
