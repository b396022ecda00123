"""Export: a checked dataset in a format of others, with a list of what that format can't hold."""

from pathlib import Path
from typing import Final

import numpy as np

from chiron.datasets.dataset import Dataset
from chiron.datasets.disk import require_room
from chiron.datasets.gate import require_open_gate
from chiron.datasets.notice import write_notice
from chiron.datasets.placing import new_folder, refuse_occupied
from chiron.interchange import meds_export, parquet_export, wfdb_export
from chiron.interchange.batches import require_whole_tables
from chiron.interchange.limits import Limit, write_limits
from schemas.interchange import ExportFormat

__all__ = ["export_dataset"]


_WRITERS: Final = {
    ExportFormat.WFDB: (wfdb_export.FORM, wfdb_export.TABLES, wfdb_export.write_wfdb),
    ExportFormat.MEDS: (meds_export.FORM, meds_export.TABLES, meds_export.write_meds),
    ExportFormat.PARQUET: (parquet_export.FORM, parquet_export.TABLES, parquet_export.write_parquet),
}


def export_dataset(dataset: Dataset, dest: Path, to: ExportFormat) -> list[Limit]:
    """Write a dataset into a folder that is empty or not there. Returns what the format can't hold of it.

    The same dataset gives the same bytes. Raises GateClosed where it was not checked or did not pass, Damaged where it
    is not what its manifest says, CallerError where the folder holds something.
    """
    require_open_gate(dataset)
    form, tables, write = _WRITERS[to]
    dest = dest.expanduser().absolute()
    refuse_occupied(dest)
    dest.parent.mkdir(parents=True, exist_ok=True)
    require_room(dest.parent, _forecast(dataset, to))
    with new_folder(dest) as folder:
        require_whole_tables(dataset, tables)
        limits = write(dataset, folder)
        write_limits(folder, dataset, form, limits)
        write_notice(folder, simulated=dataset.manifest.simulated, licence=dataset.manifest.licence)
    return limits


def _forecast(dataset: Dataset, to: ExportFormat) -> int:
    """About how many bytes will be written: those of the dataset, and samples that are not compressed."""
    stored = sum(file.n_bytes for file in dataset.manifest.files.values())
    signals = dataset.manifest.signals
    if signals is None or to is ExportFormat.MEDS:
        return stored
    return stored + signals.n_samples * np.dtype(signals.dtype).itemsize
