"""Age and rate bands, and holes: which kinds of patient and finding a dataset has too few of."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Final

import polars as pl

from chiron.labels.positive import is_positive
from schemas.codes import Sex, SplitName
from schemas.missingness import Hole

__all__ = ["AGE_BANDS", "ANY", "QUALITIES", "RATE_BANDS", "age_band", "find_holes", "positive_labels", "rate_band"]

AGE_BANDS: Final = ("0-17", "18-39", "40-64", "65-79", "80+")
_AGES_BELOW_YEARS: Final = (18, 40, 65, 80, float("inf"))
RATE_BANDS: Final = ("0-59", "60-99", "100+")
"""Of beats per minute: bradycardia below 60, tachycardia from 100 on."""
_RATES_BELOW_PER_MIN: Final = (60, 100, float("inf"))
QUALITIES: Final = ("acceptable", "unacceptable")
ANY: Final = "any"
"""The band of a source that never states an age, the sex of one that never states a sex, and so on."""

_CODE: Final = ("code_system", "code")
_BANDS: Final[Mapping[str, Sequence[str]]] = {
    "age_band": AGE_BANDS,
    "sex": tuple(Sex),
    "rate_band": RATE_BANDS,
    "quality": QUALITIES,
}


def age_band(age_years: str = "age_years") -> pl.Expr:
    """The band of each age; null where the age is unknown."""
    return _band(age_years, AGE_BANDS, _AGES_BELOW_YEARS)


def rate_band(heart_rate_per_min: str = "heart_rate_per_min") -> pl.Expr:
    """The band of each heart rate; null where it is unknown."""
    return _band(heart_rate_per_min, RATE_BANDS, _RATES_BELOW_PER_MIN)


def _band(value: str, names: Sequence[str], limits: Sequence[float]) -> pl.Expr:
    bands = zip(names, limits, strict=True)
    return pl.coalesce(*(pl.when(pl.col(value) < below).then(pl.lit(name)) for name, below in bands))


def positive_labels(labels: pl.DataFrame) -> pl.DataFrame:
    """The (record, code) pairs that carry the finding."""
    return labels.filter(is_positive()).select("record_id", *_CODE)


def find_holes(  # noqa: PLR0913 - one table each
    records: pl.DataFrame,
    labels: pl.DataFrame,
    *,
    n_wanted: int,
    heart_rates: pl.DataFrame | None = None,
    signal_quality: pl.DataFrame | None = None,
    splits: pl.DataFrame | None = None,
) -> list[Hole]:
    """Strata of code, age, sex, heart rate and quality with fewer than `n_wanted` records, the most lacking first.

    heart_rates: `record_id`, `heart_rate_per_min`. signal_quality: `record_id`, `acceptable`. splits: where given, test
    records don't count, so that what is made for the holes owes nothing to them.

    Every code that was read has strata, found or not. A record of unknown age counts in no stratum that asks for one:
    it can't fill a hole. Where no age at all is known, strata are not divided by it; likewise sex, rate and quality.
    """
    seen = records if splits is None else _without_test(records, splits)
    people = _described(seen, heart_rates, signal_quality)
    bands = {name: (ANY,) if people[name].eq(ANY).all() else _BANDS[name] for name in _BANDS}
    counted = positive_labels(labels).join(people, on="record_id")
    found = {row[:-1]: row[-1] for row in counted.group_by(*_CODE, *_BANDS).len().iter_rows()}
    expected = _Expected(people, counted)
    holes = [
        Hole(
            **dict(zip((*_CODE, *_BANDS), stratum, strict=True)),
            n_found=n,
            n_wanted=n_wanted,
            n_expected=expected.of(stratum),
        )
        for code in _codes(labels)
        for place in product(*bands.values())
        if (n := found.get((stratum := (*code, *place)), 0)) < n_wanted
    ]
    return sorted(holes, key=lambda hole: (hole.n_found, -hole.n_expected))


def _without_test(records: pl.DataFrame, splits: pl.DataFrame) -> pl.DataFrame:
    learned_from = splits.filter(pl.col("split").is_in([SplitName.TRAIN.value, SplitName.VALID.value]))
    return records.join(learned_from.select("patient_id"), on="patient_id", how="semi")


def _described(
    records: pl.DataFrame, heart_rates: pl.DataFrame | None, signal_quality: pl.DataFrame | None
) -> pl.DataFrame:
    """`record_id` and the bands of each record; null where one is unknown, ANY where no record's is known."""
    acceptable, unacceptable = QUALITIES
    described = records.select("record_id", age_band().alias("age_band"), "sex")
    if heart_rates is not None:
        rates = heart_rates.select("record_id", rate_band().alias("rate_band"))
        described = described.join(rates, on="record_id", how="left")
    if signal_quality is not None:
        quality = pl.when("acceptable").then(pl.lit(acceptable)).when(~pl.col("acceptable")).then(pl.lit(unacceptable))
        described = described.join(
            signal_quality.select("record_id", quality.alias("quality")), on="record_id", how="left"
        )
    unknown = [name for name in _BANDS if name not in described.columns or described[name].is_null().all()]
    return described.with_columns(pl.lit(ANY).alias(name) for name in unknown)


class _Expected:
    """How many records a stratum would have if the ages, sexes, rates and qualities of a finding were independent.

    The shares of a finding's bands are drawn towards those of all records, as if one more record had been found.
    """

    def __init__(self, people: pl.DataFrame, counted: pl.DataFrame) -> None:
        self._overall = {
            name: dict(people[name].drop_nulls().value_counts(normalize=True).iter_rows()) for name in _BANDS
        }
        self._own = {
            name: {row[:-1]: row[-1] for row in counted.drop_nulls(name).group_by(*_CODE, name).len().iter_rows()}
            for name in _BANDS
        }
        self._n = {row[:-1]: row[-1] for row in counted.group_by(*_CODE).len().iter_rows()}

    def of(self, stratum: tuple[str, ...]) -> float:
        """Rounded to a hundredth."""
        code, bands = stratum[:2], stratum[2:]
        n = self._n.get(code, 0)
        shares = (self._share(code, name, band, n) for name, band in zip(_BANDS, bands, strict=True))
        return round(float((n + 1) * prod(shares)), 2)

    def _share(self, code: tuple[str, ...], name: str, band: str, n: int) -> float:
        share: float = (self._own[name].get((*code, band), 0) + self._overall[name].get(band, 0.0)) / (n + 1)
        return share


def _codes(labels: pl.DataFrame) -> Iterator[tuple[str, str]]:
    for row in labels.select(*_CODE).unique().sort(*_CODE).iter_rows():
        yield row[0], row[1]
