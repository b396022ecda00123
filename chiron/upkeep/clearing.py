"""Removing somebody's data from a workdir: stages, what dead runs left, and what an ingest remembers."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl
from polars.exceptions import PolarsError

from chiron.datasets.collecting import stage_folders, take_away
from chiron.datasets.locks import collecting, in_use
from chiron.datasets.refs import read_ref, write_ref
from chiron.datasets.workdir import remove_tree
from chiron.errors import ChironError
from chiron.upkeep.holding import Sought, folders_that_hold
from schemas.manifest import DatasetRef, Kind
from schemas.tables import RECORDS

__all__ = ["Cleared", "clear_workdir", "trainings_on"]

_PARTIAL: Final = ".partial"


class Cleared(NamedTuple):
    """What went, below the workdir; the contents that were there; and what running work still reads."""

    folders: tuple[str, ...]
    contents: tuple[str, ...]
    in_use: tuple[str, ...]


def clear_workdir(
    workdir: Path, sought: Sought, *, names: Collection[str], replaced: Mapping[str, DatasetRef]
) -> Cleared:
    """Remove every folder that holds them; what running work reads stays, and is said.

    names: of datasets in whose arrays there may be samples that no table names. replaced: by content hash, the dataset
    that takes its place; references to what goes are moved to it, or removed.
    """
    with collecting(workdir):
        running = in_use(workdir)
        holding = [folder for folder, _ in folders_that_hold(workdir, sought, names)]
        is_read = {
            f.path
            for f in holding
            if f.name in running.stages or (f.manifest and f.manifest.content_sha256 in running.inputs)
        }
        going = [f.path for f in holding if f.path not in is_read]
        partial = [p for p in sorted(workdir.glob(f"{_PARTIAL}/*")) if p.name not in running.stages]
        _move_references(workdir, going, replaced)
        taken = [take_away(workdir, path) for path in (*going, *partial)]
    remembered = list(_remembered(workdir, sought))
    for path in (*taken, *remembered):
        remove_tree(path)
    return Cleared(
        folders=tuple(path.relative_to(workdir).as_posix() for path in (*going, *remembered)),
        contents=tuple(sorted({f.manifest.content_sha256 for f in holding if f.manifest})),
        in_use=tuple(sorted(path.relative_to(workdir).as_posix() for path in is_read)),
    )


def _move_references(workdir: Path, going: Collection[Path], replaced: Mapping[str, DatasetRef]) -> None:
    """Let no reference point to what goes. The folder is still there: a killed process moves them next time."""
    gone = {path.resolve() for path in going}
    for path in sorted(workdir.glob("refs/*/*.json")):
        name, stage = path.parent.name, path.stem
        try:
            ref = read_ref(workdir, name, stage)
        except ChironError:
            continue
        if Path(ref.path).resolve() not in gone:
            continue
        if ref.content_sha256 in replaced:
            write_ref(workdir, name, stage, replaced[ref.content_sha256])
        else:
            path.unlink()


def _remembered(workdir: Path, sought: Sought) -> Iterator[Path]:
    """What the last ingests remember of their records, where they are among them or it can't be read."""
    for path in sorted(workdir.glob(f"private/seen/*/*/**/{RECORDS.name}*.parquet")):
        folder = workdir.joinpath(*path.relative_to(workdir).parts[:4])
        try:
            if sought.among(pl.scan_parquet(path)).height and folder.exists():
                yield folder
        except PolarsError:
            yield folder


def trainings_on(workdir: Path, contents: Collection[str]) -> Iterator[tuple[Path, str]]:
    """Folders of trainings on any of these contents, and on which."""
    for folder in stage_folders(workdir):
        if folder.manifest is not None and folder.manifest.kind is Kind.TRAINING:
            for parent in folder.manifest.parents:
                if parent.content_sha256 in contents:
                    yield folder.path, parent.content_sha256
