"""Reading a dataset: its tables as Polars frames, its signals as numpy arrays, its reports as models."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.datasets.manifest import read_manifest
from chiron.datasets.physical import to_mv
from chiron.datasets.rows import in_storage_order, of_split
from chiron.datasets.signals import SignalReader
from chiron.datasets.tables import scan_table, table_path
from chiron.errors import Damaged, NotFound
from schemas.base import Report
from schemas.codes import SplitName
from schemas.manifest import DatasetRef, Manifest
from schemas.tables import LABELS, RECORDS, SPLITS, TABLES, TableSpec

if TYPE_CHECKING:
    from chiron.datasets.torch_records import TorchRecords

__all__ = ["Dataset", "open_dataset"]

ReportModel = TypeVar("ReportModel", bound=Report)
Row = Mapping[str, Any]


class Dataset:
    """One dataset. Nothing is read before it is asked for. May be sent to another process, which reads for itself."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder, "manifest": self.manifest}  # and no reader with its chunk

    def __repr__(self) -> str:
        return f"<Dataset {self.manifest.name}, content {self.manifest.content_sha256[:12]}, in {self.folder}>"

    @property
    def ref(self) -> DatasetRef:
        """The reference by which stages pass this dataset on."""
        return DatasetRef(path=str(self.folder), content_sha256=self.manifest.content_sha256)

    def has(self, spec: TableSpec) -> bool:
        """Whether the table is there."""
        return table_path(self.folder, spec).is_file()

    def scan(self, spec: TableSpec | str) -> pl.LazyFrame:
        """A table, read when collected: `scan("events")`. Raises NotFound where the dataset has none of that name."""
        known = TABLES.get(spec) if isinstance(spec, str) else spec
        if known is None or not self.has(known):
            there = ", ".join(sorted(self.manifest.tables))
            name = known.name if known else spec
            raise NotFound(f"dataset {self.folder}: expected a table {name}, found none; there are {there}")
        return scan_table(self.folder, known)

    def table(self, spec: TableSpec | str) -> pl.DataFrame:
        """A whole table."""
        return self.scan(spec).collect()

    @property
    def records(self) -> pl.LazyFrame:
        """One row per recording."""
        return self.scan(RECORDS)

    @property
    def labels(self) -> pl.LazyFrame:
        """What is believed about one record and code."""
        return self.scan(LABELS)

    @property
    def splits(self) -> pl.LazyFrame:
        """One patient's split."""
        return self.scan(SPLITS)

    def record(self, record_id: str) -> dict[str, Any]:
        """The row of one record. Of a million only those beside it are read. Raises NotFound where there is none."""
        found = self.records.filter(pl.col("record_id") == record_id).collect()
        if found.is_empty():
            raise NotFound(f"dataset {self.folder}: expected one of its records, found another id; see `records`")
        return found.row(0, named=True)

    @cached_property
    def _signals(self) -> SignalReader:
        return SignalReader(self.folder)

    def signal(self, record: Row | str) -> np.ndarray:
        """Digital samples, (n_leads, n_samples); (0, 0) where there is only metadata.

        record: a row of `records`, which says how they are to be read (`leads`, `fs_hz`, `gain_per_unit`, ...), or its
        id. The type's minimum is a missing sample. Raises NotFound where the dataset came without signals, Damaged.
        """
        row = self.record(record) if isinstance(record, str) else record
        if not row["n_samples"]:
            return np.empty((0, 0), np.int16)
        return self._signals.read(row["sample_offset"], len(row["leads"]), row["n_samples"])

    def signal_mv(self, record: Row | str) -> npt.NDArray[np.float32]:
        """Samples in mV, (n_leads, n_samples), missing as nan; leads of another unit than a voltage keep it."""
        row = self.record(record) if isinstance(record, str) else record
        return to_mv(self.signal(row), gain=row["gain_per_unit"], baseline=row["baseline"], unit=row["unit"])

    def rows(self, split: SplitName | str | None = None) -> Iterator[dict[str, Any]]:
        """The rows of all recordings with samples, or of one split, in the order in which their samples lie.

        `for row in dataset.rows(): dataset.signal_mv(row)` is one pass over the signals, in bounded memory.
        """
        records = self.records if split is None else of_split(self.records, self.splits, split)
        return in_storage_order(records.filter(pl.col("n_samples") > 0))

    def torch(
        self,
        *,
        split: SplitName | str | None = None,
        codes: Sequence[str] | None = None,
        leads: Sequence[str] | None = None,
        n_samples: int | None = None,
        missing_mv: float = np.nan,
    ) -> "TorchRecords":
        """The recordings as a map-style torch dataset; `TorchRecords` says what may be chosen."""
        from chiron.datasets.torch_records import TorchRecords  # noqa: PLC0415 - torch takes seconds to load

        return TorchRecords(self, split=split, codes=codes, leads=leads, n_samples=n_samples, missing_mv=missing_mv)

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
