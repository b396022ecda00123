"""Validated datasets without the gate, which takes most of the time."""

from collections.abc import Callable, Collection
from pathlib import Path

import polars as pl
import pytest
from small_hospital import ingested

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import link_signals
from chiron.datasets.splits import assign_splits
from chiron.datasets.stage import run_stage
from chiron.datasets.tables import link_table, write_table
from chiron.labels.consensus import consensus_labels
from schemas.manifest import Kind
from schemas.params import SplitShares
from schemas.quality import RECORDINGS
from schemas.tables import ANNOTATIONS, LABELS, RECORDS, SPLITS

SHARES = SplitShares(train=0.6, valid=0.2, test=0.2)
Make = Callable[..., Dataset]


def _recordings(records: pl.DataFrame, humming: Collection[str]) -> pl.DataFrame:
    rows = [(i, 0.9, True, "I", ["mains_mv"] if i in humming else []) for i in records["record_id"]]
    return pl.DataFrame(rows, schema=RECORDINGS.polars, orient="row")


@pytest.fixture(scope="session")
def validated() -> Make:
    """Make a validated dataset of these tables, with mains hum in the recordings of `humming`."""

    def make(
        workdir: Path, records: pl.DataFrame, annotations: pl.DataFrame, *, humming: Collection[str] = ()
    ) -> Dataset:
        parent = open_dataset(ingested(workdir, records, annotations))

        def build(folder: Path) -> None:
            for table in (RECORDS, ANNOTATIONS):
                link_table(parent.folder, folder, table)
            link_signals(parent.folder, folder)
            write_table(folder, LABELS, consensus_labels(annotations))
            write_table(folder, SPLITS, assign_splits(parent.table(RECORDS), SHARES))
            write_table(folder, RECORDINGS, _recordings(records, humming))

        draft = Draft(name="small", simulated=True, licence="CC0-1.0")
        return open_dataset(run_stage(workdir, Stage("validate", 1, Kind.VALIDATED), draft, build).ref)

    return make
