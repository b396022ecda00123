"""Commands that look at datasets, fetch them and check them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.options import JsonOption, WorkdirOption, prefect_for, print_json
from cli.parts import RecordsOption, SplitOption, TablesOption, chosen_part, what_came
from cli.screen import console, readable_bytes, stage_progress
from schemas.manifest import Kind
from schemas.params import IngestParams
from schemas.splits import SplitReport

if TYPE_CHECKING:
    from chiron.datasets.dataset import Dataset
    from schemas.results import Pulled

__all__ = [
    "RegistryOption",
    "RemoteOption",
    "list_releases",
    "pull",
    "quarantine",
    "registry_of",
    "show",
    "verify",
]

_WORKDIR = Path("data")
RegistryOption = Annotated[str | None, typer.Option("--registry", help="Git address; default: the workdir's.")]
RemoteOption = Annotated[str | None, typer.Option("--remote", help="Folder or s3:// address of the bytes.")]


def registry_of(workdir: Path, registry: str | None) -> str:
    """The registry that is named, that of the settings, or the workdir's."""
    from chiron.settings import settings

    return registry or settings().registry or str(workdir / "registry.git")


def list_releases(
    workdir: WorkdirOption = _WORKDIR, registry: RegistryOption = None, as_json: JsonOption = False
) -> None:
    """List released datasets."""
    from chiron.releases.registry import list_releases as released

    releases = released(registry_of(workdir, registry))
    if as_json:
        print_json([r.model_dump(mode="json") for r in releases])
        return
    table = Table("release", "content", title=None)
    for release in releases:
        note = release.withdrawn
        table.add_row(release.tag, f"withdrawn: {note.reason}; {note.remedy}" if note else release.content_sha256)
    console.print(table)


def pull(
    release: Annotated[str, typer.Argument(help="NAME (the latest), NAME@VERSION, or a content hash.")],
    dest: Annotated[Path, typer.Argument(help="A folder that is not there yet, or empty.")],
    workdir: WorkdirOption = _WORKDIR,
    registry: RegistryOption = None,
    remote: RemoteOption = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make a cohort anew from its specification; check its content hash.")
    ] = False,
    split: SplitOption = None,
    tables: TablesOption = None,
    records: RecordsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch a released dataset, or a part of one, and verify every byte; or rebuild a cohort and verify its content."""
    from chiron.progress import show_progress_with
    from chiron.releases.partial import pull_part
    from chiron.releases.pull import pull_release
    from chiron.settings import settings

    where, from_remote = registry_of(workdir, registry), remote or settings().remote
    part = chosen_part(split, tables, records, rebuild=rebuild)
    pulled: Pulled
    with stage_progress() as sink, show_progress_with(sink):
        if part is not None:
            pulled = pull_part(release, dest, part, registry=where, remote=from_remote)
        elif rebuild:
            pulled = _rebuilt(release, dest, where, from_remote)
        else:
            pulled = pull_release(release, dest, registry=where, remote=from_remote)
    if as_json:
        print_json(pulled)
        return
    how = "rebuilt" if rebuild else "verified"
    what, content = what_came(pulled)
    console.print(f"{what} is in {dest}, {how}, content {content}", soft_wrap=True)
    moved, cached = readable_bytes(pulled.n_bytes_moved), readable_bytes(pulled.n_bytes_cached)
    console.print(f"{moved} from the remote, {cached} from the cache, {pulled.seconds:.1f} s", soft_wrap=True)


def _rebuilt(release: str, dest: Path, registry: str, remote: str | None) -> "Pulled":
    from chiron.releases.rebuild import rebuild_release
    from tasks.cluster import process_map

    with process_map() as over_processes:
        return rebuild_release(release, dest, registry=registry, remote=remote, map=over_processes)


def verify(
    folder: Annotated[Path, typer.Argument(help="A dataset's folder.")],
    workdir: WorkdirOption = _WORKDIR,  # noqa: ARG001 - every command takes it
    content: Annotated[bool, typer.Option("--content", help="Unpack and check every record's samples too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check a dataset to the last byte: manifest, files, tables; with --content each record's samples too."""
    from chiron.datasets.verify import verify_dataset
    from chiron.progress import show_progress_with

    with stage_progress() as sink, show_progress_with(sink):
        manifest = verify_dataset(folder, content=content)
    if as_json:
        print_json({"name": manifest.name, "content_sha256": manifest.content_sha256})
    else:
        console.print(f"{folder}: whole and unaltered, content {manifest.content_sha256}", soft_wrap=True)


def show(
    folder: Annotated[Path, typer.Argument(help="A dataset's folder.")],
    record: Annotated[str | None, typer.Argument(help="A record to draw; default: the dataset in numbers.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Where to: a record's .html (default: RECORD.html here), .svg or .png; a cohort's .html."),
    ] = None,
    at: Annotated[float, typer.Option(help="The second from which on a long record is drawn.")] = 0.0,
    workdir: WorkdirOption = _WORKDIR,  # noqa: ARG001 - every command takes it
    as_json: JsonOption = False,
) -> None:
    """Show what a dataset holds, or draw one record on ECG paper."""
    from chiron.datasets.dataset import open_dataset

    dataset = open_dataset(folder)
    if record is not None:
        _show_record(dataset, record, out or Path(f"{record}.html"), at_s=at, as_json=as_json)
    elif dataset.manifest.kind is Kind.COHORT:
        _show_cohort(dataset, out, as_json=as_json)
    else:
        _show_tables(dataset, as_json=as_json)


def _show_record(dataset: "Dataset", record_id: str, picture: Path, *, at_s: float, as_json: bool) -> None:
    from chiron.report.record_page import write_record
    from chiron.report.records import view_of_record
    from cli.showing import record_facts, record_screen

    view = view_of_record(dataset, record_id)
    write_record(view, picture, at_s=at_s)
    if as_json:
        print_json(record_facts(view, page=str(picture)))
    else:
        console.print(record_screen(view, page=str(picture), to_s=at_s + view.page_s))


def _show_cohort(dataset: "Dataset", out: Path | None, *, as_json: bool) -> None:
    from chiron.errors import BadParameters
    from chiron.report.cohort import read_cohort
    from chiron.report.cohort_page import write_cohort
    from cli.showing import cohort_facts, cohort_screen

    cohort = read_cohort(dataset)
    if out and out.suffix.lower() != ".html":
        raise BadParameters(f"drawing: expected a name that ends in .html, found {out.suffix or 'no ending'}")
    if out:
        write_cohort(dataset, out)
    if as_json:
        print_json(cohort_facts(cohort))
    else:
        console.print(cohort_screen(cohort))
    if out and not as_json:
        console.print(f"drawn in {out}", soft_wrap=True)


def _show_tables(dataset: "Dataset", *, as_json: bool) -> None:
    from cli.splits import splits_screen

    manifest = dataset.manifest
    if as_json:
        print_json(manifest)
        return
    note = ", simulated" if manifest.simulated else ""
    console.print(f"{manifest.name} ({manifest.kind.value}{note}), content {manifest.content_sha256}", soft_wrap=True)
    table = Table("table", "rows")
    for name, entry in manifest.tables.items():
        table.add_row(name, f"{entry.n_rows:,}")
    console.print(table)
    if SplitReport.file_name in manifest.files:
        console.print(splits_screen(dataset.report(SplitReport)))


def quarantine(
    action: Annotated[str, typer.Argument(help="`list` what was refused, or `retry` its sources.")] = "list",
    workdir: WorkdirOption = _WORKDIR,
    as_json: JsonOption = False,
) -> None:
    """List refused inputs with their original names, or ingest their sources again once the files are mended."""
    from chiron.errors import BadParameters
    from chiron.records.quarantine import list_quarantine

    if action not in ("list", "retry"):
        raise BadParameters(f"quarantine: expected `list` or `retry`, found `{action}`")
    entries = list_quarantine(workdir)
    if action == "retry":
        _ingest_again(workdir, {entry.ingested_as for entry in entries}, quiet=as_json)
    elif as_json:
        print_json([e.model_dump(mode="json") for e in entries])
    else:
        table = Table("input", "name", "reason", "message")
        for entry in entries:
            table.add_row(entry.input_id[:12], entry.name, entry.reason, entry.message)
        console.print(table)


def _ingest_again(workdir: Path, sources: set[IngestParams], *, quiet: bool) -> None:
    with prefect_for(workdir, "flows.ingest", quiet=quiet):
        from flows.ingest import ingest

        for params in sorted(sources, key=lambda p: (p.source, p.name)):
            ingest(params.name, params.source, params.profile, str(workdir))
