"""Age bands and holes: which kinds of patient and finding a dataset has too few of."""

from collections.abc import Iterator
from itertools import product
from typing import Final

import polars as pl

from chiron.labels.positive import is_positive
from schemas.codes import Sex
from schemas.missingness import Hole

__all__ = ["AGE_BANDS", "ANY", "age_band", "find_holes", "positive_labels"]

AGE_BANDS: Final = ("0-17", "18-39", "40-64", "65-79", "80+")
_AGES_BELOW_YEARS: Final = (18, 40, 65, 80, float("inf"))
ANY: Final = "any"
"""The band of a source that never states an age, the sex of one that never states a sex."""


def age_band(age_years: str = "age_years") -> pl.Expr:
    """The band of each age; null where the age is unknown."""
    bands = zip(AGE_BANDS, _AGES_BELOW_YEARS, strict=True)
    return pl.coalesce(*(pl.when(pl.col(age_years) < below).then(pl.lit(band)) for band, below in bands))


def positive_labels(labels: pl.DataFrame) -> pl.DataFrame:
    """The (record, code) pairs that carry the finding."""
    return labels.filter(is_positive()).select("record_id", "code_system", "code")


def find_holes(records: pl.DataFrame, labels: pl.DataFrame, *, n_wanted: int) -> list[Hole]:
    """Strata of code, age band and sex with fewer than `n_wanted` records.

    Every code that was read has strata, found or not. A record of unknown age or sex counts in no stratum that asks
    for one: it can't fill a hole. Where a source states no age (or no sex) at all, strata are not divided by it.
    """
    bands = (ANY,) if records["age_years"].is_null().all() else AGE_BANDS
    sexes = (ANY,) if records["sex"].is_null().all() else tuple(Sex)
    people = records.select(
        "record_id",
        band=pl.lit(ANY) if bands == (ANY,) else age_band(),
        sex=pl.lit(ANY) if sexes == (ANY,) else pl.col("sex"),
    )
    counted = positive_labels(labels).join(people, on="record_id")
    found = {row[:-1]: row[-1] for row in counted.group_by("code_system", "code", "band", "sex").len().iter_rows()}
    return [
        Hole(code_system=system, code=code, age_band=band, sex=sex, n_found=n, n_wanted=n_wanted)
        for (system, code), band, sex in product(_codes(labels), bands, sexes)
        if (n := found.get((system, code, band, sex), 0)) < n_wanted
    ]


def _codes(labels: pl.DataFrame) -> Iterator[tuple[str, str]]:
    for row in labels.select("code_system", "code").unique().sort("code_system", "code").iter_rows():
        yield row[0], row[1]
