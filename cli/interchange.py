"""The command that writes a dataset, or a model, in the formats of others."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from chiron.errors import BadParameters
from cli.datasets import RegistryOption, RemoteOption, registry_of
from cli.options import JsonOption, WorkdirOption, print_json
from cli.screen import console, stage_progress
from schemas.interchange import ExportFormat

if TYPE_CHECKING:
    from chiron.datasets.dataset import Dataset
    from chiron.interchange.limits import Limit

__all__ = ["export"]

_WORKDIR = Path("data")


def export(
    where: Annotated[
        str, typer.Argument(help="A dataset's folder, or a release: NAME or NAME@VERSION. With --onnx, a model.")
    ],
    dest: Annotated[Path | None, typer.Argument(help="A folder that is not there yet, or empty.")] = None,
    to: Annotated[ExportFormat | None, typer.Option("--as", help="The format of a dataset.")] = None,
    onnx: Annotated[Path | None, typer.Option(help="Write a model there as ONNX, with its card.")] = None,
    workdir: WorkdirOption = _WORKDIR,
    registry: RegistryOption = None,
    remote: RemoteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a checked dataset as WFDB, MEDS or Parquet, and say what it can't hold of it; or a model as ONNX."""
    if onnx is not None:
        _export_model(where, onnx, workdir, dest, to, as_json=as_json)
        return
    if dest is None or to is None:
        raise BadParameters(f"export of {where}: expected a folder and --as FORMAT, or --onnx FILE for a model")
    from chiron.interchange.export import export_dataset
    from chiron.progress import show_progress_with

    with (
        stage_progress() as sink,
        show_progress_with(sink),
        _opened(where, dest, workdir, registry=registry, remote=remote) as dataset,
    ):
        limits = export_dataset(dataset, dest, to)
    if as_json:
        said = [limit._asdict() for limit in limits]
        print_json({"dest": str(dest), "content_sha256": dataset.manifest.content_sha256, "limits": said})
        return
    console.print(f"{dataset.manifest.name} is in {dest}, content {dataset.manifest.content_sha256}", soft_wrap=True)
    console.print(_screen(limits))


def _export_model(
    where: str, onnx: Path, workdir: Path, dest: Path | None, to: ExportFormat | None, *, as_json: bool
) -> None:
    if dest is not None or to is not None:
        raise BadParameters(f"export of {where}: expected --onnx FILE alone for a model, found a folder or --as too")
    from chiron.models.loading import load_model
    from chiron.models.onnx import export_onnx
    from cli.models import registry_in

    model = load_model(where, registry=registry_in(workdir))
    export_onnx(model, onnx)
    if as_json:
        print_json({"dest": str(onnx), "architecture": model.card.architecture})
    else:
        console.print(f"{model.card.architecture} is in {onnx}; its card is in the metadata", soft_wrap=True)


@contextmanager
def _opened(where: str, dest: Path, workdir: Path, *, registry: str | None, remote: str | None) -> Iterator["Dataset"]:
    """The dataset of a folder, or a release that is pulled beside the destination for as long as it is read."""
    from chiron.datasets.dataset import open_dataset
    from chiron.datasets.manifest import MANIFEST

    if (Path(where) / MANIFEST).is_file():
        yield open_dataset(where)
        return
    from chiron.releases.pull import pull_release
    from chiron.settings import settings

    parent = dest.expanduser().absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{dest.name}-pulled-", dir=parent) as temporary:
        pulled = Path(temporary) / "release"
        pull_release(where, pulled, registry=registry_of(workdir, registry), remote=remote or settings().remote)
        yield open_dataset(pulled)


def _screen(limits: Sequence["Limit"]) -> Table:
    table = Table("in the dataset", "in the export (also in LIMITS.md)")
    for limit in limits:
        table.add_row(f"{limit.n:,} {limit.found}", limit.fate)
    return table
