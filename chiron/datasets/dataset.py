"""Reading a dataset: its tables as Polars frames, its signals as numpy arrays, its reports as models."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.datasets.manifest import read_manifest
from chiron.datasets.physical import to_mv
from chiron.datasets.signals import SignalReader
from chiron.datasets.tables import scan_table, table_path
from chiron.errors import Damaged, NotFound
from schemas.base import Report
from schemas.manifest import DatasetRef, Manifest
from schemas.tables import TableSpec

__all__ = ["Dataset", "open_dataset"]

ReportModel = TypeVar("ReportModel", bound=Report)


class Dataset:
    """One dataset. Nothing is read before it is asked for."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    @property
    def ref(self) -> DatasetRef:
        """The reference by which stages pass this dataset on."""
        return DatasetRef(path=str(self.folder), content_sha256=self.manifest.content_sha256)

    def has(self, spec: TableSpec) -> bool:
        """Whether the table is there."""
        return table_path(self.folder, spec).is_file()

    def scan(self, spec: TableSpec) -> pl.LazyFrame:
        """A table, read when collected. Raises NotFound where the dataset has none of that name."""
        if not self.has(spec):
            raise NotFound(f"dataset {self.folder}: expected a table {spec.name}, found none")
        return scan_table(self.folder, spec)

    def table(self, spec: TableSpec) -> pl.DataFrame:
        """A whole table."""
        return self.scan(spec).collect()

    @cached_property
    def _signals(self) -> SignalReader:
        return SignalReader(self.folder)

    def signal(self, record: Mapping[str, Any]) -> np.ndarray:
        """Digital samples of one row of `records`: (n_leads, n_samples); (0, 0) where there is only metadata."""
        if not record["n_samples"]:
            return np.empty((0, 0), np.int16)
        return self._signals.read(record["sample_offset"], len(record["leads"]), record["n_samples"])

    def physical_mv(self, record: Mapping[str, Any]) -> npt.NDArray[np.float32]:
        """Samples of one row of `records` in mV, as `to_mv` gives them."""
        gain, baseline, unit = record["gain_per_unit"], record["baseline"], record["unit"]
        return to_mv(self.signal(record), gain=gain, baseline=baseline, unit=unit)

    def report(self, model: type[ReportModel]) -> ReportModel:
        """A result that the stage wrote, e.g. `report(GateReport)`. Raises NotFound where there is none."""
        path = self.folder / model.file_name
        if not path.is_file():
            raise NotFound(f"dataset {self.folder}: expected {model.file_name}, found none")
        return model.model_validate_json(path.read_bytes())


def open_dataset(where: DatasetRef | Path | str) -> Dataset:
    """Open a dataset's folder, or a reference; of a reference, the content hash must agree.

    Raises NotFound where there is no manifest, Damaged where it was altered or is of other content.
    """
    folder = Path(where.path if isinstance(where, DatasetRef) else where)
    manifest = read_manifest(folder)
    if isinstance(where, DatasetRef) and manifest.content_sha256 != where.content_sha256:
        raise Damaged(
            f"dataset {folder}: expected content {where.content_sha256[:12]}, found {manifest.content_sha256[:12]}"
        )
    return Dataset(folder, manifest)
