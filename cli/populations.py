"""Commands that make cohorts for a real dataset: for its holes, or like it; and the bank of recorded noise."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chiron.errors import BadParameters, NotFound
from cli.options import JsonOption, NameOption, WorkdirOption, prefect_for, print_json
from cli.parameters import name_of_only, valid
from schemas.cohort import CohortSpec
from schemas.manifest import DatasetRef
from schemas.params import FillParams

if TYPE_CHECKING:
    from chiron.datasets.dataset import Dataset

__all__ = ["fill", "fit", "noise_bank"]

_WORKDIR = Path("data")


def fill(
    workdir: WorkdirOption = _WORKDIR,
    name: NameOption = None,
    margin: Annotated[float, typer.Option(help="Times as many records as a hole lacks.")] = 1.5,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and make nothing.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="With --dry-run: the specification, as YAML.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Fill the newest validated dataset's holes with a cohort, validate it alike, and count what it fills."""
    if out and not dry_run:
        raise BadParameters("fill: expected --out with --dry-run, found it alone")
    params = valid(FillParams, {"margin": margin})
    chosen, real = _validated(workdir, name)
    if dry_run:
        _say_plan(real, params, out, as_json=as_json)
        return
    with prefect_for(workdir, "flows.fill", quiet=as_json):
        from flows.fill import fill as flow

        outcome = flow(params, real, chosen, str(workdir))
    _say_filled(real, outcome.ref, as_json=as_json)


def _validated(workdir: Path, name: str | None) -> tuple[str, DatasetRef]:
    """The name and the newest validated dataset of it."""
    from chiron.datasets.refs import names_in, read_ref

    chosen = name or name_of_only(workdir)
    if chosen is None:
        found = ", ".join(names_in(workdir)) or "none"
        raise NotFound(
            f"workdir {workdir}: expected one dataset, or a --name, found {found}; run `chiron ingest` first"
        )
    return chosen, read_ref(workdir, chosen, "validate")


def _say_plan(real: DatasetRef, params: FillParams, out: Path | None, *, as_json: bool) -> None:
    from chiron.datasets.dataset import open_dataset
    from chiron.populations.stage import plan_filling
    from cli.holes import holes_screen
    from cli.screen import console
    from schemas.missingness import Passport

    dataset = open_dataset(real)
    plan = plan_filling(dataset, params)
    if out and plan.spec:
        _write_spec(out, plan.spec, f"For the holes of {_identity(dataset)}, with a margin of {params.margin:g}.")
    if as_json:
        print_json(plan)
        return
    console.print(holes_screen(dataset.manifest.name, dataset.report(Passport), plan))
    if out and plan.spec:
        console.print(f"\nwritten to {out}; make it with `chiron synthesize --spec {out}`", soft_wrap=True)


def _say_filled(real: DatasetRef, counted: DatasetRef, *, as_json: bool) -> None:
    from chiron.datasets.dataset import open_dataset
    from cli.holes import filled_screen
    from cli.screen import console
    from schemas.missingness import Passport
    from schemas.populations import FilledReport

    report = open_dataset(counted).report(FilledReport)
    if as_json:
        print_json(report)
        return
    dataset = open_dataset(real)
    console.print(filled_screen(dataset.manifest.name, dataset.report(Passport), report, folder=counted.path))


def fit(
    out: Annotated[Path, typer.Option("--out", help="The YAML file to write.")],
    workdir: WorkdirOption = _WORKDIR,
    name: NameOption = None,
    records: Annotated[int, typer.Option("--records", help="How many records the cohort has.")] = 20_000,
    factor: Annotated[float, typer.Option("--stretch", help="Times as wide as what was found.")] = 1.0,
    with_readers: Annotated[bool, typer.Option("--imitate", help="Add readers as good as those found.")] = False,
    shapes: Annotated[Path | None, typer.Option("--shapes", help="Fit the shapes of waves too, to this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the specification of a cohort like the newest validated dataset; its test split is not looked at."""
    from chiron.datasets.dataset import open_dataset
    from cli.screen import console

    _, real = _validated(workdir, name)
    dataset = open_dataset(real)
    spec = _fitted(dataset, records, factor, with_readers=with_readers)
    if shapes:
        spec = _with_shapes(dataset, spec, shapes)
    how = "".join((f", {factor:g} times as wide" if factor > 1 else "", ", with its readers" if spec.readers else ""))
    _write_spec(out, spec, f"Fitted to {_identity(dataset)}{how}.")
    if as_json:
        print_json(spec)
        return
    n_groups = f"{len(spec.groups)} groups" if len(spec.groups) > 1 else "1 group"
    console.print(f"{out}: {spec.name}, {spec.n_records:,} records, {n_groups}, {len(spec.readers)} readers")
    if shapes:
        console.print(f"where cohorts are made: export CHIRON_SHAPES={shapes.resolve()}", soft_wrap=True)
    if with_readers and not spec.readers:
        console.print("no reader could be judged: all read apart, and no truth is known")


def _fitted(dataset: "Dataset", n_records: int, factor: float, *, with_readers: bool) -> CohortSpec:
    from chiron.populations.fitting import fit_cohort
    from chiron.populations.imitation import imitate
    from chiron.populations.stage import cohort_name
    from chiron.populations.stretching import stretch
    from chiron.progress import show_progress_with
    from cli.screen import stage_progress

    valid(CohortSpec, {"n_records": n_records})
    with stage_progress() as sink, show_progress_with(sink):
        found = fit_cohort(dataset, name=cohort_name(dataset, "fitted"), n_records=n_records, seed=1)
        readers = imitate(dataset) if with_readers else ()
    return stretch(found, factor).model_copy(update={"readers": readers})


def _with_shapes(dataset: "Dataset", spec: CohortSpec, path: Path) -> CohortSpec:
    """The specification with shapes of waves, written to a file, and recorders' bands like the dataset's."""
    from chiron.fidelity.adapting import adapt_shapes
    from chiron.progress import show_progress_with
    from chiron.synthesis.morphology_model import write_model
    from cli.screen import stage_progress

    with stage_progress() as sink, show_progress_with(sink):
        found = adapt_shapes(dataset)
    sha256 = write_model(found.model, path, source=f"Chiron's shipped shapes, fitted to {_identity(dataset)}.")
    bands = {"low_pass_hz": found.low_pass_hz, "high_pass_hz": found.high_pass_hz}
    groups = {
        name: group.model_copy(update={"noise": group.noise.model_copy(update=bands)})
        for name, group in spec.groups.items()
    }
    return spec.model_copy(update={"groups": groups, "shapes_sha256": sha256})


def _identity(dataset: "Dataset") -> str:
    return f"{dataset.manifest.name}, content {dataset.manifest.content_sha256}"


def _write_spec(path: Path, spec: CohortSpec, comment: str) -> None:
    """What differs from the shipped values, after a line that says where it is from."""
    import yaml

    values = spec.model_dump(mode="json", exclude_defaults=True)
    path.write_text(f"# {comment}\n{yaml.safe_dump(values, sort_keys=False)}", encoding="utf-8")


def noise_bank(
    folder: Annotated[Path, typer.Argument(help="A folder with bw, em and ma, each a .mat or .npy file.")],
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    fs_hz: Annotated[float, typer.Option("--fs-hz", help="The recordings' sampling rate.")] = 360.0,
    as_json: JsonOption = False,
) -> None:
    """Make a bank of recorded noise; cohorts name it by its SHA-256. 360 Hz: the MIT-BIH Noise Stress Test database."""
    from chiron.synthesis.recorded_bank import read_recordings, write_bank
    from cli.screen import console

    recordings = read_recordings(folder)
    sha256 = write_bank(out, recordings, fs_hz)
    if as_json:
        print_json({"path": str(out), "sha256": sha256, "kinds": sorted(recordings)})
        return
    console.print(f"{out}: {', '.join(recordings)} at {fs_hz:g} Hz")
    console.print(f"in a specification: noise_bank_sha256: {sha256}", soft_wrap=True)
    console.print(f"where cohorts are made: export CHIRON_NOISE_BANK={out.resolve()}", soft_wrap=True)
