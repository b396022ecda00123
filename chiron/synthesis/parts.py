"""The batches of a cohort on the disk. Each one appears at once, as shards and as a part folder that says it is whole.

Batches are written by any number of processes, each in a folder of its own until it is finished: also one that is made
twice, by two processes at a time, leaves one whole batch. A worker may outlive a killed run: the next run takes that
run's folder away, so what is left of it can publish nothing.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Final, NamedTuple

import polars as pl

from chiron.datasets.canonical import canonical_json
from chiron.datasets.disk import full_disk_explained
from chiron.datasets.manifest import file_entry
from chiron.datasets.shards import shard_path
from chiron.datasets.signals import SIGNALS, create_signal_array, write_region
from chiron.datasets.tables import entry_of_file, join_tables, table_path
from chiron.datasets.workdir import remove_tree, sync_path, sync_tree
from chiron.synthesis.arrays import Records
from chiron.synthesis.batch import COHORT_TABLES, tables_of
from chiron.synthesis.checks import BatchCount, count_records
from chiron.synthesis.kernel import synthesize_records
from schemas.base import Frozen
from schemas.cohort import CohortSpec
from schemas.manifest import FileEntry, TableEntry
from schemas.tables import RECORDS, TABLES

__all__ = [
    "Batch",
    "JoinedTable",
    "Layout",
    "Parts",
    "finish_parts",
    "join_parts",
    "missing_batches",
    "read_batches",
    "start_parts",
    "write_batch",
]

_PARTS: Final = "parts"
_UNFINISHED: Final = "unfinished-"
_REMOVED: Final = "removed-"
_BATCH: Final = "batch.json"
_LAYOUT: Final = "layout.json"


@dataclass(frozen=True)
class Layout:
    """How a cohort is cut: batch k has the records from k * batch_records, in its own region of the signal array."""

    n_records: int
    record_samples: int
    batch_records: int
    shard_samples: int

    @classmethod
    def of(cls, spec: CohortSpec, *, batch_records: int, shard_samples: int) -> "Layout":
        """As many records in a batch as fill one shard, but one at least, and `batch_records` at most."""
        record_samples = len(spec.leads) * spec.n_samples
        fitting = min(max(shard_samples // record_samples, 1), batch_records, spec.n_records)
        return cls(spec.n_records, record_samples, fitting, shard_samples)

    @property
    def n_batches(self) -> int:
        """How many batches there are."""
        return -(-self.n_records // self.batch_records)

    @property
    def region_shards(self) -> int:
        """How many shards belong to a batch; the last one may end early."""
        return -(-self.batch_records * self.record_samples // self.shard_samples)

    @property
    def region_samples(self) -> int:
        """The samples of a batch, filled up to whole shards."""
        return self.region_shards * self.shard_samples

    def bounds(self, k: int) -> tuple[int, int]:
        """The first record of batch `k`, and the one after its last."""
        first = k * self.batch_records
        return first, min(first + self.batch_records, self.n_records)


class Batch(Frozen):
    """What is known of a batch when it is whole."""

    count: BatchCount
    files: dict[str, FileEntry]  # the shards


class JoinedTable(NamedTuple):
    """A whole table, hashed."""

    name: str
    rows: TableEntry
    file_name: str
    file: FileEntry


@dataclass(frozen=True)
class Parts:
    """Where one run makes the batches of a cohort."""

    folder: Path  # of the dataset
    layout: Layout
    unfinished: Path  # of this run alone

    def of(self, k: int) -> Path:
        """The part folder of batch `k`; it is there when the batch is whole."""
        return self.folder / _PARTS / f"{k:06d}"


def start_parts(folder: Path, layout: Layout) -> Parts:
    """Keep the batches that a run with the same layout has left; start anew otherwise."""
    parts, wanted = folder / _PARTS, canonical_json(asdict(layout))
    found = parts / _LAYOUT
    for abandoned in parts.glob(f"{_UNFINISHED}*"):
        _take_away(abandoned)
    if not (found.is_file() and found.read_bytes() == wanted):
        remove_tree(parts)
        n_samples = layout.n_batches * layout.region_samples
        create_signal_array(folder, dtype="int16", n_samples_total=n_samples, shard_samples=layout.shard_samples)
        shard_path(folder, 0).parent.mkdir()
        parts.mkdir()
        found.write_bytes(wanted)
    return Parts(folder, layout, Path(mkdtemp(prefix=_UNFINISHED, dir=parts)))


def _take_away(abandoned: Path) -> None:
    """Under another name first: a process that still writes there finds nothing by the old one."""
    aside = Path(mkdtemp(prefix=_REMOVED, dir=abandoned.parent))
    abandoned.replace(aside)
    remove_tree(aside)


def finish_parts(parts: Parts) -> None:
    """Remove the part folders."""
    sync_tree(parts.folder)
    remove_tree(parts.folder / _PARTS)


def missing_batches(parts: Parts) -> list[int]:
    """The batches that are not there yet."""
    return [k for k in range(parts.layout.n_batches) if not parts.of(k).is_dir()]


def read_batches(parts: Parts) -> Iterator[Batch]:
    """What is known of each batch; all of them must be there."""
    return (Batch.model_validate_json((parts.of(k) / _BATCH).read_bytes()) for k in range(parts.layout.n_batches))


def write_batch(parts: Parts, spec: CohortSpec, k: int) -> int:
    """Make batch `k`. A cluster may ask twice, where a worker died after its work.

    Raises EnvironmentFault where the disk is full.
    """
    layout = parts.layout
    if not parts.of(k).is_dir():
        first, stop = layout.bounds(k)
        records = synthesize_records(spec, first, stop)
        with _unfinished(parts) as mine, ThreadPoolExecutor(1) as beside:
            files = _write_shards(mine, layout, k, records)
            on_disk = beside.submit(sync_tree, mine / SIGNALS)  # the rows are made while the disk is busy
            _write_rows(mine, tables_of(spec, first, records), k * layout.region_samples)
            batch = Batch(count=count_records(spec, records), files=files)
            on_disk.result()
            (mine / _BATCH).write_bytes(canonical_json(batch.model_dump(mode="json")))
            _publish(mine, parts, batch, k)
    return k


def join_parts(parts: Parts, name: str) -> JoinedTable:
    """Write a whole table from all batches, and hash it. Raises EnvironmentFault where the disk is full."""
    spec = TABLES[name]
    with _unfinished(parts) as mine:
        join_tables(mine, spec, [table_path(parts.of(k), spec) for k in range(parts.layout.n_batches)])
        file = table_path(mine, spec)
        sync_path(file)
        joined = JoinedTable(name, entry_of_file(mine, spec), file.name, file_entry(file))
        file.replace(table_path(parts.folder, spec))
    return joined


@contextmanager
def _unfinished(parts: Parts) -> Iterator[Path]:
    """A folder of this process alone, on the same file system; what is still in it is removed.

    Raises EnvironmentFault where the disk is full.
    """
    unfinished = TemporaryDirectory(dir=parts.unfinished, ignore_cleanup_errors=True)
    with unfinished as mine, full_disk_explained(parts.folder):
        yield Path(mine)


def _write_shards(mine: Path, layout: Layout, k: int, records: Records) -> dict[str, FileEntry]:
    """Write the samples below `mine`. Returns the shards by their names in the whole array."""
    create_signal_array(mine, dtype="int16", n_samples_total=layout.region_samples, shard_samples=layout.shard_samples)
    write_region(mine, 0, records.signals.reshape(-1))
    n_shards = -(-records.signals.size // layout.shard_samples)
    return {
        shard_path(Path(), k * layout.region_shards + number).as_posix(): file_entry(shard_path(mine, number))
        for number in range(n_shards)
    }


def _write_rows(mine: Path, tables: dict[str, pl.DataFrame], offset: int) -> None:
    """Write the rows of all tables; the first sample stands at `offset` of the whole array."""
    for spec in COHORT_TABLES:
        frame = tables[spec.name]
        if spec is RECORDS:
            frame = frame.with_columns(pl.col("sample_offset") + offset)
        frame.write_parquet(table_path(mine, spec), compression="lz4", statistics=False)  # read once, and removed


def _publish(mine: Path, parts: Parts, batch: Batch, k: int) -> None:
    """Move the shards to their places, and then what says that they are there."""
    for number, name in enumerate(batch.files):
        shard_path(mine, number).replace(parts.folder / name)
    sync_path(shard_path(parts.folder, 0).parent)
    remove_tree(mine / SIGNALS)
    sync_tree(mine)
    try:
        mine.rename(parts.of(k))
    except OSError:
        if not parts.of(k).is_dir():  # another process was given the same batch, and made it first
            raise
