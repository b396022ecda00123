"""A cohort as a finished dataset: batches side by side, its own validation, then its tables side by side.

A killed run goes on with the batches that are missing. How batches are cut, and who makes them, changes the layout
only, never the content. What is hashed where it is made is not read again for the manifest.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

from chiron.datasets.dataset import open_dataset
from chiron.datasets.disk import full_disk_explained, require_room
from chiron.datasets.manifest import Draft, Hashed, Stage
from chiron.datasets.notice import write_notice
from chiron.datasets.stage import run_stage, write_report
from chiron.errors import GateClosed
from chiron.progress import report_progress
from chiron.synthesis.checks import check_cohort
from chiron.synthesis.kernel import synthesize_records
from chiron.synthesis.parts import (
    Layout,
    Parts,
    finish_parts,
    join_parts,
    missing_batches,
    read_batches,
    start_parts,
    write_batch,
)
from schemas.cohort import CohortSpec
from schemas.manifest import Kind
from schemas.params import SynthesizeParams
from schemas.results import StageOutcome
from schemas.tables import ANNOTATIONS, EVENTS, LABELS, PARAMETERS, RECORDS

__all__ = ["Map", "synthesize_cohort"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_STAGE: Final = Stage("synthesize", 4, Kind.COHORT)
_LICENCE: Final = "CC0-1.0"  # made from equations: nobody's data
_LONGEST_FIRST: Final = tuple(spec.name for spec in (EVENTS, ANNOTATIONS, LABELS, PARAMETERS, RECORDS))

# What a cohort takes on the disk, with its parts: more than was ever measured.
_BYTES_PER_SAMPLE: Final = 2.0
_BYTES_PER_SECOND: Final = 200  # of events
_BYTES_PER_RECORD: Final = 3_000


class Map(Protocol):
    """As the built-in `map`, on any processes that share the file system. Results are in the order of the items."""

    def __call__(self, function: Callable[[Item], Result], items: Iterable[Item], /) -> Iterator[Result]:
        """The function of each item."""


def synthesize_cohort(
    workdir: Path,
    params: SynthesizeParams,
    *,
    map: Map = map,  # noqa: A002 - it takes the built-in's place
    batch_records: int,
    shard_samples: int,
) -> StageOutcome:
    """Synthesize a cohort, or return it where it is finished already.

    A batch, the work of one call of `map`, is as many records as fill one shard, but `batch_records` at most: with the
    usual shards it is worth a tenth of a second or more. Raises GateClosed where the cohort is not what was specified,
    EnvironmentFault where the disk has no room for it.
    """
    spec = params.cohort
    layout = Layout.of(spec, batch_records=batch_records, shard_samples=shard_samples)
    draft = Draft(spec.name, simulated=True, licence=_LICENCE, parameters=params.model_dump(mode="json"))

    def build(folder: Path) -> Hashed:
        with full_disk_explained(folder):
            return _build(folder, spec, layout, map)

    outcome = run_stage(workdir, _STAGE, draft, build, resume=True)
    n_records = open_dataset(outcome.ref).manifest.tables[RECORDS.name].n_rows
    return outcome.model_copy(update={"summary": f"{n_records:,} synthetic records of {spec.duration_s:g} s"})


def _build(folder: Path, spec: CohortSpec, layout: Layout, over: Map) -> Hashed:
    """Fill the dataset's folder, going on where a killed run stopped."""
    parts = start_parts(folder, layout)
    _make_missing(parts, spec, over)
    batches = list(read_batches(parts))
    report = check_cohort(spec, [count for batch in batches for count in batch.counts])
    if report.blocked:
        raise GateClosed(f"cohort {spec.name}: {report.reasons}")
    tables = list(over(partial(join_parts, parts, spec), _LONGEST_FIRST))
    write_report(folder, report)
    write_notice(folder, simulated=True, licence=_LICENCE)
    finish_parts(parts)
    shards = {name: file for batch in batches for name, file in batch.files.items()}
    return Hashed(
        {joined.name: joined.rows for joined in tables}, shards | {joined.file_name: joined.file for joined in tables}
    )


def _make_missing(parts: Parts, spec: CohortSpec, over: Map) -> None:
    layout, todo = parts.layout, missing_batches(parts)
    n_missing = sum(stop - first for first, stop in map(layout.bounds, todo))
    of_record = layout.record_samples * _BYTES_PER_SAMPLE + spec.duration_s * _BYTES_PER_SECOND + _BYTES_PER_RECORD
    require_room(parts.folder, int(n_missing * of_record))
    done = layout.n_records - n_missing
    report_progress("synthetic records", done, layout.n_records)
    if todo:
        synthesize_records(spec, 0, 1)  # compiled once, here, and not by every process at the same time
    for k in over(partial(write_batch, parts, spec), todo):
        first, stop = layout.bounds(k)
        done += stop - first
        report_progress("synthetic records", done, layout.n_records)
