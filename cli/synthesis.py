"""The command that makes a synthetic cohort, plans one, or makes a single record of it."""

from pathlib import Path
from typing import Annotated

import typer

from chiron.errors import BadParameters
from cli.options import JsonOption, NameOption, ParamsOption, WorkdirOption, prefect_for, print_json
from cli.parameters import cohort_spec, name_of_only, stage_params
from schemas.cohort import CohortSpec
from schemas.params import SynthesizeParams

__all__ = ["synthesize"]

_WORKDIR = Path("data")


def synthesize(
    workdir: WorkdirOption = _WORKDIR,
    name: NameOption = None,
    params: ParamsOption = None,
    spec: Annotated[Path | None, typer.Option("--spec", help="A YAML file with the cohort's specification.")] = None,
    only: Annotated[int | None, typer.Option("--only", help="Make this record, and no cohort.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="With --only: draw it, .html, .svg or .png.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and make nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make the synthetic cohort that the parameters, or a specification, ask for."""
    from chiron.datasets.workdir import check_workdir

    if (params and spec) or (dry_run and only is not None) or (out and only is None):
        raise BadParameters("synthesize: expected one of --params and --spec, one of --only and --dry-run, "
                            "and --out with --only, found others together")  # fmt: skip
    if dry_run or only is not None:
        _look(_chosen(workdir, name, params, spec)[1].cohort, only, out, as_json=as_json)
        return
    check_workdir(workdir)
    begun_as, chosen = _chosen(workdir, name, params, spec)
    with prefect_for(workdir, "flows.synthesize", quiet=as_json):
        from flows.synthesize import synthesize as flow

        outcome = flow(chosen, begun_as, str(workdir))
    if as_json:
        print_json(outcome)


def _chosen(workdir: Path, name: str | None, params: Path | None, spec: Path | None) -> tuple[str, SynthesizeParams]:
    """The dataset that the cohort belongs to, and what is asked for."""
    if spec:
        wanted = cohort_spec(spec)
        return name or name_of_only(workdir) or wanted.name, SynthesizeParams(cohort=wanted)
    run = stage_params(params, workdir=workdir, name=name)
    return run.name, run.synthesis


def _look(spec: CohortSpec, only: int | None, out: Path | None, *, as_json: bool) -> None:
    """Plan the cohort, or make a single record; nothing goes into the workdir."""
    if only is None:
        _say_plan(spec, as_json=as_json)
    else:
        _make_one(spec, only, out, as_json=as_json)


def _say_plan(spec: CohortSpec, *, as_json: bool) -> None:
    from chiron.report.forecast import forecast
    from cli.screen import console
    from cli.showing import plan_facts, plan_screen

    plan = forecast(spec)
    if as_json:
        print_json(plan_facts(spec, plan))
    else:
        console.print(plan_screen(spec, plan))


def _make_one(spec: CohortSpec, index: int, out: Path | None, *, as_json: bool) -> None:
    if not 0 <= index < spec.n_records:
        raise BadParameters(f"only: expected a record from 0 to {spec.n_records - 1}, found {index}")
    from chiron.report.record_page import write_record
    from chiron.report.records import view_of_simulated
    from chiron.synthesis.record import synthesize_record
    from cli.screen import console
    from cli.showing import record_facts, record_screen

    view = view_of_simulated(spec, synthesize_record(spec, index))
    if out:
        write_record(view, out)
    page = str(out) if out else None
    if as_json:
        print_json(record_facts(view, page=page))
    else:
        console.print(record_screen(view, page=page))
