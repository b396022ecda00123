"""`records` as records' own files state them, completed by what tables about many records say."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from chiron.records.readings.parsed import CLINICAL_COLUMNS
from schemas.source import SourceProfile
from schemas.tables import RECORDS

__all__ = ["records_with_tables"]

_STATED: Final = tuple(name for name in CLINICAL_COLUMNS if name not in ("patient", "split_bucket"))


def records_with_tables(frames: Sequence[pl.LazyFrame], profile: SourceProfile) -> pl.LazyFrame:
    """What a record's own files state holds; what they don't comes from the tables.

    frames: `records` as the files state them, and what the tables state: clinical columns by `record_id`,
    `stated_patient` and `stated_bucket`. Records that only the tables know have no samples.
    """
    own, stated = frames
    if not profile.dates_are_real:
        stated = stated.with_columns(recorded_year=pl.lit(None, pl.Int32))
    both = own.join(stated, on="record_id", how="full", coalesce=True, suffix="_stated")
    has_files = pl.col("n_samples").is_not_null()
    known, named = pl.col("patient_known").fill_null(False), pl.col("stated_patient").is_not_null()
    patient = pl.when(known).then("patient_id").otherwise(pl.coalesce("stated_patient", "record_id"))
    bucket = pl.coalesce("split_bucket_stated", pl.when(known).then("split_bucket").otherwise("stated_bucket"))
    return both.with_columns(
        *(pl.coalesce(name, f"{name}_stated").alias(name) for name in _STATED),
        patient_id=patient,
        patient_known=known | named,
        split_bucket=bucket,
        source=pl.lit(profile.name),
        n_samples=pl.col("n_samples").fill_null(0),
        leads=pl.when(has_files).then("leads").otherwise(pl.lit([], pl.List(pl.String))),
        gain_per_unit=pl.when(has_files).then("gain_per_unit").otherwise(pl.lit([], pl.List(pl.Float64))),
        baseline=pl.when(has_files).then("baseline").otherwise(pl.lit([], pl.List(pl.Int64))),
        unit=pl.when(has_files).then("unit").otherwise(pl.lit([], pl.List(pl.String))),
    ).select(*RECORDS.columns)
