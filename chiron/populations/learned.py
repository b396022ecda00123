"""A dataset as everything that is fitted may see it: without its test split."""

import polars as pl

from chiron.datasets.dataset import Dataset
from schemas.codes import SplitName
from schemas.tables import RECORDS, SPLITS, TableSpec

__all__ = ["LearnedFrom"]


class LearnedFrom(Dataset):
    """The records of train and valid, in every table. Raises NotFound where the dataset has no splits."""

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(dataset.folder, dataset.manifest)

    def scan(self, spec: TableSpec | str) -> pl.LazyFrame:
        """A table without rows of the test split."""
        rows = super().scan(spec)
        return rows.join(self._kept(), on="record_id", how="semi") if "record_id" in rows.collect_schema() else rows

    def _kept(self) -> pl.LazyFrame:
        learned_from = [SplitName.TRAIN.value, SplitName.VALID.value]
        patients = super().scan(SPLITS).filter(pl.col("split").is_in(learned_from))
        return super().scan(RECORDS).join(patients, on="patient_id", how="semi").select("record_id")
