"""Drawings of single records."""

from pathlib import Path

import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.errors import NotFound
from chiron.report.examples import signal_mv
from chiron.report.traces import draw_record, draw_to_file
from schemas.tables import RECORDS

__all__ = ["draw_record_of"]


def draw_record_of(dataset: Dataset, record_id: str, path: Path) -> None:
    """Draw one record on ECG paper, as .svg or .png. Raises NotFound where the dataset has no such record."""
    found = dataset.scan(RECORDS).filter(pl.col("record_id") == record_id).collect()
    if found.is_empty():
        raise NotFound("show: expected the id of a record in this dataset, found none of that id")
    record = found.row(0, named=True)
    title = f"{record_id} (simulated)" if dataset.manifest.simulated else record_id
    figure = draw_record(signal_mv(dataset, record), record["fs_hz"], record["leads"], title)
    draw_to_file(figure, path)
