"""Which records are alike: one of each patient, and strata by age and sex."""

import polars as pl

__all__ = ["case_mix_of", "is_first_of_patient", "one_record_per_patient", "stratum"]


def is_first_of_patient() -> pl.Expr:
    """The first record of each patient, and all records of unknown patients: others are not independent."""
    unit = pl.when("patient_known").then("patient_id").otherwise("record_id")
    return pl.struct("patient_known", unit.alias("unit")).is_first_distinct()


def one_record_per_patient(records: pl.DataFrame) -> pl.DataFrame:
    """Those records, by id."""
    return records.sort("record_id").filter(is_first_of_patient())


def case_mix_of(records: pl.DataFrame) -> dict[str, pl.Expr]:
    """What of age and sex is known of some record, as strata; ages by decade, below 20 and from 80 on together.

    Records of unknown age or sex are a stratum of their own.
    """
    strata = {"age_years": ("age", (pl.col("age_years") // 10).clip(1, 8)), "sex": ("sex", pl.col("sex"))}
    return {name: of for column, (name, of) in strata.items() if records[column].count()}


def stratum(*parts: pl.Expr) -> pl.Expr:
    """The combination of `parts`, as one text."""
    return pl.concat_str([part.cast(pl.String).fill_null("unknown") for part in parts], separator="|")
