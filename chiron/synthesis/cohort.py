"""A cohort as a finished dataset: batches side by side, then one folder, then its own validation.

Each batch owns whole shards of the signal array and one part folder, which appears when the batch is whole: a killed
run goes on with the batches that are missing. How batches are cut changes the layout only, never the content.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from chiron.datasets.canonical import canonical_json
from chiron.datasets.dataset import open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.notice import write_notice
from chiron.datasets.signals import create_signal_array, write_region
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import join_tables, table_path
from chiron.datasets.workdir import remove_tree, sync_tree
from chiron.errors import GateClosed
from chiron.progress import report_progress
from chiron.synthesis.batch import COHORT_TABLES, CohortBatch, synthesize_batch
from chiron.synthesis.checks import BatchCount, check_cohort, count_batch
from schemas.cohort import CohortSpec
from schemas.manifest import Kind
from schemas.params import SynthesizeParams
from schemas.results import StageOutcome
from schemas.tables import RECORDS

__all__ = ["BatchMap", "CohortBatch", "synthesize_batch", "synthesize_cohort"]

BatchMap = Callable[[Callable[[int], int], Iterable[int]], Iterator[int]]  # as the built-in `map`, on any processes

_STAGE: Final = Stage("synthesize", 2, Kind.COHORT)
_LICENCE: Final = "CC0-1.0"  # made from equations: nobody's data
_PARTS: Final = "parts"
_COUNT: Final = "count.json"
_LAYOUT: Final = "layout.json"
_MOST_SAMPLES: Final = 2**27  # of one batch: 256 MB


@dataclass(frozen=True)
class _Layout:
    """How the cohort is cut: batch k has the records from k * batch_records, in its own region of the array."""

    n_records: int
    record_samples: int
    batch_records: int
    shard_samples: int

    @classmethod
    def of(cls, spec: CohortSpec, batch_records: int, shard_samples: int) -> "_Layout":
        record_samples = len(spec.leads) * spec.n_samples
        fitting = min(batch_records, max(_MOST_SAMPLES // record_samples, 1), spec.n_records)
        return cls(spec.n_records, record_samples, fitting, shard_samples)

    @property
    def n_batches(self) -> int:
        return -(-self.n_records // self.batch_records)

    @property
    def region_samples(self) -> int:
        """A batch's samples, filled up to whole shards, so that no two processes write to one."""
        return -(-self.batch_records * self.record_samples // self.shard_samples) * self.shard_samples

    def bounds(self, k: int) -> tuple[int, int]:
        first = k * self.batch_records
        return first, min(first + self.batch_records, self.n_records)


def synthesize_cohort(
    workdir: Path,
    params: SynthesizeParams,
    *,
    map: BatchMap = map,  # noqa: A002 - it takes the built-in's place
    batch_records: int,
    shard_samples: int,
) -> StageOutcome:
    """Synthesize a cohort, or return it where it is finished already.

    `map` applies a function to batch numbers, on as many processes as it likes; they share this file system. Raises
    GateClosed where the cohort is not what was specified.
    """
    spec = params.cohort
    layout = _Layout.of(spec, batch_records, shard_samples)
    draft = Draft(spec.name, simulated=True, licence=_LICENCE, parameters=params.model_dump(mode="json"))
    outcome = run_stage(workdir, _STAGE, draft, lambda folder: _build(folder, spec, layout, map), resume=True)
    n_records = open_dataset(outcome.ref).manifest.tables[RECORDS.name].n_rows
    return outcome.model_copy(update={"summary": f"{n_records:,} synthetic records of {spec.duration_s:g} s"})


def _build(folder: Path, spec: CohortSpec, layout: _Layout, batch_map: BatchMap) -> None:
    """Fill the dataset's folder, going on where a killed run stopped."""
    _prepare(folder, layout)
    todo = [k for k in range(layout.n_batches) if not _part(folder, k).is_dir()]
    report_progress("synthetic records", layout.bounds(layout.n_batches - len(todo))[0], layout.n_records)
    for done, _ in enumerate(batch_map(partial(_write_batch, folder, spec, layout), todo), start=1):
        n_batches = layout.n_batches - len(todo) + done
        report_progress("synthetic records", min(n_batches * layout.batch_records, layout.n_records), layout.n_records)
    parts = [_part(folder, k) for k in range(layout.n_batches)]
    for table in COHORT_TABLES:
        join_tables(folder, table, [table_path(part, table) for part in parts])
    report = check_cohort(spec, [BatchCount.model_validate_json((part / _COUNT).read_bytes()) for part in parts])
    write_report(folder, report)
    write_notice(folder, simulated=True, licence=_LICENCE)
    if report.blocked:
        raise GateClosed(f"cohort {spec.name}: {report.reasons}")
    remove_tree(folder / _PARTS)


def _part(folder: Path, k: int) -> Path:
    return folder / _PARTS / f"{k:06d}"


def _prepare(folder: Path, layout: _Layout) -> None:
    """Keep what a run with the same layout has left; start anew otherwise."""
    wanted, found = canonical_json(asdict(layout)), folder / _PARTS / _LAYOUT
    if found.is_file() and found.read_bytes() == wanted:
        return
    remove_tree(folder / _PARTS)
    n_samples = layout.n_batches * layout.region_samples
    create_signal_array(folder, dtype="int16", n_samples_total=n_samples, shard_samples=layout.shard_samples)
    found.parent.mkdir()
    found.write_bytes(wanted)


def _write_batch(folder: Path, spec: CohortSpec, layout: _Layout, k: int) -> int:
    """Write batch k: its samples, then its part folder, which appears at once and says that the batch is whole.

    A cluster may ask twice, where a worker died after its work.
    """
    if _part(folder, k).is_dir():
        return k
    batch = synthesize_batch(spec, *layout.bounds(k))
    offset = k * layout.region_samples
    write_region(folder, offset, batch.signals.reshape(-1))
    unfinished = _part(folder, k).with_suffix(".partial")
    remove_tree(unfinished)
    unfinished.mkdir()
    for table in COHORT_TABLES:
        frame = batch.table(table)
        if table is RECORDS:
            frame = frame.with_columns(pl.col("sample_offset") + offset)
        frame.write_parquet(table_path(unfinished, table))
    (unfinished / _COUNT).write_bytes(canonical_json(count_batch(batch).model_dump(mode="json")))
    sync_tree(unfinished)
    unfinished.rename(_part(folder, k))
    return k
