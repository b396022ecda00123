"""The batches of a cohort on the disk. Each one appears at once, as shards and as a part folder that says it is whole.

Batches are written by any number of processes, each in a folder of its own until it is finished: also one that is made
twice, by two processes at a time, leaves one whole batch. A worker may outlive a killed run: the next run takes that
run's folder away, so what is left of it can publish nothing.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.datasets.canonical import canonical_json
from chiron.datasets.disk import full_disk_explained
from chiron.datasets.manifest import file_entry
from chiron.datasets.shards import shard_path
from chiron.datasets.signals import SIGNALS, create_signal_array, write_region
from chiron.datasets.tables import table_path, write_slices
from chiron.datasets.workdir import remove_tree, sync_path, sync_tree
from chiron.synthesis.batch import rows_of
from chiron.synthesis.checks import BatchCount, count_records
from chiron.synthesis.kernel import synthesize_records
from chiron.synthesis.known import Known, known_of, save_known
from schemas.base import Frozen
from schemas.cohort import CohortSpec
from schemas.manifest import FileEntry, TableEntry
from schemas.tables import RECORDS, TABLES, TableSpec

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
_KNOWN: Final = "known.npz"
_LAYOUT: Final = "layout.json"
_BLOCK_SAMPLES: Final = 2**23  # made at a time: memory of that size is used again from block to block


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

    def blocks(self, k: int) -> Iterator[tuple[int, int]]:
        """The bounds of what is made at a time of batch `k`."""
        first, stop = self.bounds(k)
        size = max(_BLOCK_SAMPLES // self.record_samples, 1)
        return ((begin, min(begin + size, stop)) for begin in range(first, stop, size))


class Batch(Frozen):
    """What is known of a batch when it is whole."""

    counts: tuple[BatchCount, ...]  # of its blocks
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
        known: list[Known] = []
        counts: list[BatchCount] = []
        with _unfinished(parts) as mine:
            files = _write_shards(mine, layout, k, _samples(spec, layout.blocks(k), known, counts))
            save_known(mine / _KNOWN, known)
            batch = Batch(counts=tuple(counts), files=files)
            (mine / _BATCH).write_bytes(canonical_json(batch.model_dump(mode="json")))
            sync_tree(mine / SIGNALS)
            _publish(mine, parts, batch, k)
    return k


def join_parts(parts: Parts, spec: CohortSpec, name: str) -> JoinedTable:
    """Write a whole table of all batches, and hash it. Raises EnvironmentFault where the disk is full."""
    table = TABLES[name]
    with _unfinished(parts) as mine:
        rows = write_slices(mine, table, (_rows_of(parts, spec, table, k) for k in range(parts.layout.n_batches)))
        file = table_path(mine, table)
        sync_path(file)
        joined = JoinedTable(name, rows, file.name, file_entry(file))
        file.replace(table_path(parts.folder, table))
    return joined


def _rows_of(parts: Parts, spec: CohortSpec, table: TableSpec, k: int) -> pl.DataFrame:
    """The rows of batch `k`."""
    layout = parts.layout
    with np.load(parts.of(k) / _KNOWN) as known:
        frame = rows_of(table, spec, layout.bounds(k)[0], known)
    return frame.with_columns(pl.col("sample_offset") + k * layout.region_samples) if table is RECORDS else frame


@contextmanager
def _unfinished(parts: Parts) -> Iterator[Path]:
    """A folder of this process alone, on the same file system; what is still in it is removed.

    Raises EnvironmentFault where the disk is full.
    """
    unfinished = TemporaryDirectory(dir=parts.unfinished, ignore_cleanup_errors=True)
    with unfinished as mine, full_disk_explained(parts.folder):
        yield Path(mine)


def _samples(
    spec: CohortSpec, blocks: Iterable[tuple[int, int]], known: list[Known], counts: list[BatchCount]
) -> Iterator[npt.NDArray[np.int16]]:
    """The flat samples of each block of records; what else is known of it is noted in the lists."""
    for first, stop in blocks:
        records = synthesize_records(spec, first, stop)
        known.append(known_of(records))
        counts.append(count_records(spec, records))
        yield records.signals.reshape(-1)


def _write_shards(mine: Path, layout: Layout, k: int, samples: Iterable[npt.NDArray[np.int16]]) -> dict[str, FileEntry]:
    """Write the samples below `mine`. Returns the shards by their names in the whole array."""
    create_signal_array(mine, dtype="int16", n_samples_total=layout.region_samples, shard_samples=layout.shard_samples)
    write_region(mine, 0, samples)
    first, stop = layout.bounds(k)
    n_shards = -(-(stop - first) * layout.record_samples // layout.shard_samples)
    return {
        shard_path(Path(), k * layout.region_shards + number).as_posix(): file_entry(shard_path(mine, number))
        for number in range(n_shards)
    }


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
