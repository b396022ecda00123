"""Commands that run flows: the whole pipeline, or one of its stages."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import (
    JsonOption,
    NameOption,
    ParamsOption,
    ProfileOption,
    RelatedOption,
    SourceOption,
    WorkdirOption,
    prefect_for,
    print_json,
)
from cli.parameters import run_params, stage_params, valid
from schemas.params import RunParams

__all__ = ["ingest", "release", "run", "train", "validate"]

_WORKDIR = Path("data")


def run(
    source: SourceOption = None,
    workdir: WorkdirOption = _WORKDIR,
    name: NameOption = None,
    profile: ProfileOption = None,
    params: ParamsOption = None,
    related: RelatedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run everything: ingest, validate, synthesize, release, train, report. Without a source: a simulated hospital."""
    from cli.screen import print_summary

    asked = run_params(params, source=source, name=name, profile=profile, related=related or ())
    chosen = _begin(asked, workdir)
    with prefect_for(workdir, "flows.pipeline", quiet=as_json):
        from flows.pipeline import pipeline

        report = pipeline(chosen, str(workdir))
    if as_json:
        print_json(report)
    else:
        print_summary(report)


def ingest(
    source: SourceOption = None,
    workdir: WorkdirOption = _WORKDIR,
    name: NameOption = None,
    profile: ProfileOption = None,
    params: ParamsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read recordings and labels; what can't be read goes to quarantine. Without a source: a simulated hospital."""
    from chiron.datasets.refs import write_params

    chosen = _begin(run_params(params, source=source, name=name, profile=profile), workdir)
    write_params(workdir, chosen)
    with prefect_for(workdir, "flows.ingest", quiet=as_json):
        from flows.ingest import ingest as flow

        outcome = flow(chosen.name, chosen.source, chosen.profile, str(workdir))
    if as_json:
        print_json(outcome)


def _begin(params: RunParams, workdir: Path) -> RunParams:
    """Refuse a workdir or a source that can't be used, before anything is started or written."""
    from chiron.datasets.workdir import check_workdir
    from chiron.records.landing import check_source

    check_workdir(workdir)
    for source in (params.source, *(each.source for each in params.related)):
        if source:
            check_source(source)
    return params


def validate(
    workdir: WorkdirOption = _WORKDIR,
    name: NameOption = None,
    params: ParamsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Agree on labels, split patients, describe missingness, and run the gate on the newest ingested data."""
    from chiron.datasets.refs import read_ref

    chosen = stage_params(params, workdir=workdir, name=name)
    dataset = read_ref(workdir, chosen.name, "ingest")
    with prefect_for(workdir, "flows.validate", quiet=as_json):
        from flows.validate import validate as flow

        outcome = flow(chosen.validation, dataset, chosen.name, str(workdir))
    if as_json:
        print_json(outcome)


def release(
    stage: Annotated[str, typer.Argument(help="`validate` or `synthesize`: which newest result.")] = "validate",
    workdir: WorkdirOption = _WORKDIR,
    name: NameOption = None,
    params: ParamsOption = None,
    version: Annotated[str | None, typer.Option(help="A version such as 1.2.0; default: the next.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Publish the newest validated dataset or cohort under a version that never changes."""
    from chiron.datasets.refs import read_ref
    from chiron.errors import BadParameters
    from schemas.params import ReleaseParams

    if stage not in ("validate", "synthesize"):
        raise BadParameters(f"release: expected `validate` or `synthesize`, found `{stage}`")
    chosen = stage_params(params, workdir=workdir, name=name)
    names = {"validate": chosen.name, "synthesize": chosen.cohort_name}
    wanted = valid(ReleaseParams, {"name": names[stage], "version": version})
    dataset = read_ref(workdir, chosen.name, stage)
    with prefect_for(workdir, "flows.release", quiet=as_json):
        from flows.release import release as flow

        released = flow(wanted, dataset, str(workdir))
    if as_json:
        print_json(released)


def train(
    workdir: WorkdirOption = _WORKDIR,
    name: NameOption = None,
    params: ParamsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train with and without the cohort, compare on the test split, register the model if its gate is open."""
    from chiron.datasets.refs import read_ref
    from chiron.models.registration import require_registered
    from schemas.params import TrainingData

    chosen = stage_params(params, workdir=workdir, name=name)
    real, cohort = (read_ref(workdir, chosen.name, stage) for stage in ("validate", "synthesize"))
    related = tuple(read_ref(workdir, each.name, "validate") for each in chosen.related)
    data = TrainingData(real=real, cohort=cohort, related=related)
    with prefect_for(workdir, "flows.train", quiet=as_json):
        from flows.train import train as flow

        outcome, registration = flow(chosen.training, data, chosen.name, str(workdir))
    if as_json:
        print_json({"stage": outcome.model_dump(mode="json"), **registration.model_dump(mode="json")})
    require_registered(registration)
