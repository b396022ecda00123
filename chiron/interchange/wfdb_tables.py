"""Tables beside WFDB records: CSV files in parts, each small enough to be ingested again."""

from pathlib import Path
from typing import Final

import polars as pl

from chiron.interchange.wfdb_names import RecordFiles
from schemas.tables import FACTS, RECORDS

__all__ = ["CIRCUMSTANCES", "PartWriter", "fact_columns", "record_rows"]

_PART_CELLS: Final = 2**22  # an eighth of what ingest takes

CIRCUMSTANCES: Final = (
    "age_years",
    "sex",
    "site",
    "device",
    "recorded_year",
    "height_cm",
    "weight_kg",
    "split_bucket",
)


class PartWriter:
    """Writes `<name>-00000.csv` and so on, the heading in each; nothing where there are no rows."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._n_parts, self._n_cells = 0, 0

    def add(self, rows: pl.DataFrame) -> None:
        """Add rows; truth values become 1 and 0."""
        if rows.is_empty():
            return
        begins = self._n_parts == 0 or self._n_cells >= _PART_CELLS
        self._n_parts += begins
        self._n_cells = rows.height * rows.width + (0 if begins else self._n_cells)
        path = self._folder / f"{self._name}-{self._n_parts - 1:05d}.csv"
        numbers = rows.with_columns(pl.col(pl.Boolean).cast(pl.Int8))
        with path.open("ab") as file:
            numbers.write_csv(file, include_header=begins)


def fact_columns(facts: pl.LazyFrame) -> list[tuple[str, str]]:
    """The facts of a dataset, each with the column of `facts` that has its values: (fact, `number` or `text`)."""
    kinds = facts.group_by("fact").agg(pl.col("number", "text").is_not_null().any()).sort("fact")
    rows = kinds.collect(engine="streaming").iter_rows()
    return [
        (fact, kind)
        for fact, has_number, has_text in rows
        for kind, has in (("number", has_number), ("text", has_text))
        if has
    ]


def record_rows(
    records: pl.DataFrame, facts: pl.DataFrame, columns: list[tuple[str, str]], files: RecordFiles
) -> pl.DataFrame:
    """What a profile reads of records, one row each, with their facts and what they were called before."""
    patient = pl.when("patient_known").then("patient_id").alias("patient")
    rows = records.select("record_id", patient, *CIRCUMSTANCES, "source", "source_sha256")
    for fact, kind in columns:
        values = facts.filter(pl.col(FACTS.key[1]) == fact).select(
            "record_id", pl.col(kind).alias(f"fact_{fact}_{kind}")
        )
        rows = rows.join(values, on="record_id", how="left", maintain_order="left")
    named = files.named(rows)
    return named.with_columns(records[RECORDS.key[0]])
