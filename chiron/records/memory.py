"""What an ingest remembers for the next one of the same name, so that a source that grew costs what is new in it.

`private/seen/<name>/<key>/` holds the hash of every file with its size, time and inode, and what each record's own
files said. It is a cache: without it everything is read again, with the same result. It is private, for it holds the
source's own names.

A file counts as unchanged where size, time of change and inode are those that were seen, and the change lies well
before the hashing, as git does it.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
from pydantic import ValidationError

from chiron.datasets.canonical import canonical_json
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.tables import table_path
from chiron.datasets.workdir import private_folder, remove_tree
from chiron.errors import ChironError
from chiron.records.landing import FileKind, Landing, SeenFile
from chiron.records.whole_folders import make_whole_folder
from schemas.base import Frozen
from schemas.manifest import DatasetRef
from schemas.tables import ANNOTATIONS, EVENTS, RECORDS, TableSpec

__all__ = ["INPUTS", "OWN_TABLES", "Memory", "now_ns", "own_folder", "recall", "remember", "seen_files"]

OWN_TABLES: Final = (RECORDS, ANNOTATIONS, EVENTS)
"""What records' own files said, before tables about many records were read."""

INPUTS: Final = TableSpec(
    "inputs",
    {
        "record_id": pl.String(),
        "files": pl.List(pl.String()),  # names of those that it was found to consist of
        "fingerprint": pl.String(),  # of those files
        "stated": pl.List(pl.String()),  # codes, each as `system:code`
        "not_understood": pl.List(pl.String()),  # columns
    },
    key=("record_id",),
)
"""What tells whether a record must be read again, and what it would be counted for."""

_FILES: Final = "files.parquet"
_ABOUT: Final = "about.json"
_SETTLED_NS: Final = 2 * 10**9  # clocks of file systems are coarse: what changed just before may change unseen


class _About(Frozen):
    """Whose memory it is. `method`: what must be the same for it to hold, hashed."""

    method: str
    dataset: DatasetRef  # the path relative to the workdir
    listed_at_ns: int


@dataclass(frozen=True)
class Memory:
    """The last ingest of a name; its records may be taken over."""

    folder: Path
    dataset: Dataset

    def inputs(self, *columns: str) -> Iterator[tuple[Any, ...]]:
        """Those columns of `INPUTS`, record by record in the order of ids."""
        for batch in self.scan(INPUTS).select(*columns).collect_batches(maintain_order=True):
            yield from batch.iter_rows()

    def scan(self, spec: TableSpec) -> pl.LazyFrame:
        """One of `OWN_TABLES`, or `INPUTS`."""
        return pl.scan_parquet(table_path(self.folder, spec))


def _kept(workdir: Path, name: str) -> Iterator[tuple[Path, _About]]:
    """What is remembered of a name: one folder, but for a moment two."""
    for folder in workdir.joinpath("private", "seen", name).glob("[!.]*/"):
        about = _about(folder)
        if about is not None:
            yield folder, about


def seen_files(workdir: Path, name: str) -> dict[str, SeenFile]:
    """The files of the last ingest of a name that had been at rest when they were hashed."""
    for folder, about in _kept(workdir, name):
        settled = pl.scan_parquet(folder / _FILES).filter(pl.col("changed_ns") < about.listed_at_ns - _SETTLED_NS)
        return {row[0]: SeenFile(*row[1:]) for row in settled.collect().iter_rows()}
    return {}


def recall(workdir: Path, name: str, method: str) -> Memory | None:
    """The last ingest of a name, where it was made by the same method and its dataset is still there."""
    for folder, about in _kept(workdir, name):
        if about.method == method:
            path = str(workdir / about.dataset.path)
            try:
                return Memory(folder, open_dataset(about.dataset.model_copy(update={"path": path})))
            except ChironError:
                return None
    return None


def remember(  # noqa: PLR0913 - one argument per thing that is kept
    workdir: Path, method: str, *, dataset: DatasetRef, landing: Landing, listed_at_ns: int, own: Path
) -> None:
    """Keep what the next ingest may take over, in the place of what was kept before.

    own: the folder with the tables of records' own files, `private/seen/<name>/.<any>`; it goes.
    """
    folder = own.parent / Path(dataset.path).name
    about = _About(
        method=method,
        dataset=dataset.model_copy(update={"path": str(Path(dataset.path).relative_to(workdir))}),
        listed_at_ns=listed_at_ns,
    )

    def fill(draft: Path) -> None:
        for spec in (*OWN_TABLES, INPUTS):
            table_path(own, spec).rename(table_path(draft, spec))
        _listed(landing).write_parquet(draft / _FILES)
        (draft / _ABOUT).write_bytes(canonical_json(about.model_dump(mode="json")))

    remove_tree(folder)
    make_whole_folder(folder, fill)
    for superseded in folder.parent.glob("[!.]*/"):
        if superseded != folder:
            remove_tree(superseded)
    remove_tree(own)


def own_folder(workdir: Path, name: str, key: str) -> Path:
    """Where the tables for `remember` are made, in private, for one stage key."""
    return private_folder(workdir, "seen", name) / f".own-{key}"


def _listed(landing: Landing) -> pl.DataFrame:
    columns = ("name", "n_bytes", "changed_ns", "inode", "sha256")
    regular = [f for f in landing.files.values() if f.kind is FileKind.REGULAR]
    return pl.DataFrame({column: [getattr(file, column) for file in regular] for column in columns})


def now_ns() -> int:
    """The clock that file systems use."""
    return time.time_ns()


def _about(folder: Path) -> _About | None:
    try:
        return _About.model_validate_json((folder / _ABOUT).read_bytes())
    except (OSError, ValidationError):
        return None
