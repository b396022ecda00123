"""What a database held as it grew: per size and cluster of patients, sums over records of what can be measured.

Records are taken by year where it is known, else in the order of a hash, which is growth by chance. Sizes double. Parts
lie between one size and the next; clusters are drawn by the hash, and whole patients are in them.

Shapes: P parts, U clusters, M sums (`chiron.quality.myth` says which).
"""

from hashlib import sha256
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.labels.readings import canonical_readings, last_readings
from schemas.codes import AnnotatorKind
from schemas.myth import Growth

__all__ = ["Floats", "Order", "ordered", "summed"]

_N_SIZES: Final = 10
_SMALLEST: Final = 20
_N_CLUSTERS: Final = 1000
_MAX_CODES: Final = 200  # those read most often; bounds the memory
_COLUMNS: Final = ("age_years", "sex", "site", "device", "recorded_year", "height_cm", "weight_kg")
_READERS: Final = (AnnotatorKind.PERSON.value, AnnotatorKind.GROUP.value)
_CODE: Final = ("code_system", "code")

Floats = npt.NDArray[np.float64]


class Order(NamedTuple):
    """record_id, part, cluster, recorded_year of every record that is followed, and the sizes at which parts end."""

    growth: Growth
    placed: pl.DataFrame
    sizes: tuple[int, ...]
    n_left_out: int


def ordered(records: pl.DataFrame) -> Order:
    """By year where at least half of the records have one, and two differ; the others are left out then."""
    years = records["recorded_year"]
    by_year = years.n_unique() - (years.null_count() > 0) > 1 and 2 * years.null_count() <= records.height
    kept = records.filter(pl.col("recorded_year").is_not_null()) if by_year else records
    patient = pl.when("patient_known").then("patient_id").otherwise("record_id")
    chance = kept.select("record_id", "recorded_year", patient=patient).with_columns(
        chance=pl.col("patient").map_elements(_digest, return_dtype=pl.String)
    )
    placed = chance.sort("recorded_year", "chance", "record_id") if by_year else chance.sort("chance", "record_id")
    sizes = _sizes(placed.height)
    part = np.searchsorted(sizes, np.arange(placed.height), side="right")
    cluster = (pl.col("chance").rank("dense") - 1) * _N_CLUSTERS // pl.col("chance").n_unique().clip(_N_CLUSTERS)
    return Order(
        Growth.BY_YEAR if by_year else Growth.BY_CHANCE,
        placed.select(
            "record_id", "recorded_year", cluster=cluster.cast(pl.Int64), part=pl.Series(part, dtype=pl.Int64)
        ),
        sizes,
        records.height - kept.height,
    )


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:16]


def _sizes(n: int) -> tuple[int, ...]:
    """n and its halves, quarters, ..., smallest first."""
    halves = {-(-n // 2**k) for k in range(_N_SIZES)}
    return tuple(sorted(size for size in halves if size >= min(_SMALLEST, n) and size))


def _of_records(records: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """record_id, unlabelled (0 or 1), missing (a share; nan where no column is ever recorded)."""
    decided = labels.filter(pl.col("probability").is_not_null())["record_id"].unique()
    recorded = [name for name in _COLUMNS if records[name].null_count() < records.height]
    missing = pl.mean_horizontal(pl.col(name).is_null() for name in recorded) if recorded else pl.lit(float("nan"))
    unlabelled = ~pl.col("record_id").is_in(decided.implode())
    return records.select("record_id", unlabelled=unlabelled.cast(pl.Float64), missing=missing)


def _of_readings(annotations: pl.DataFrame) -> pl.DataFrame:
    """record_id, code (a number), present (share of the readings), equal (share of equal pairs of readings).

    One row per record and code that two human readers decided or more.
    """
    human = annotations.filter(pl.col("annotator_kind").is_in(_READERS), pl.col("present").is_not_null())
    n, k = pl.len().cast(pl.Float64), pl.col("present").sum().cast(pl.Float64)
    pairs = last_readings(canonical_readings(human)).group_by("record_id", *_CODE).agg(n=n, k=k)
    n, k = pl.col("n"), pl.col("k")
    return pairs.filter(n > 1).select(
        "record_id",
        code=pl.struct(_CODE).rank("dense").cast(pl.Int64) - 1,
        present=k / n,
        equal=(k * (k - 1) + (n - k) * (n - k - 1)) / (n * (n - 1)),
    )


def summed(order: Order, records: pl.DataFrame, annotations: pl.DataFrame, labels: pl.DataFrame) -> Floats:
    """(P, U, M) sums: records, records without a label, shares of missing columns, shares of equal pairs of readings;
    then for each code pairs of a record and the code with two readings or more, and shares of present among them.

    nan where no column is ever recorded.
    """
    of_records, of_readings = _of_records(records, labels), _of_readings(annotations)
    where = order.placed.select("record_id", "part", "cluster")
    known = of_records.join(where, on="record_id")
    common = of_readings["code"].value_counts(sort=True).head(_MAX_CODES)["code"].to_list()
    place = pl.col("code").replace_strict(common, range(len(common)), default=None, return_dtype=pl.Int64)
    read = of_readings.with_columns(place=place).drop_nulls("place").join(where, on="record_id")
    n_parts = len(order.sizes)
    columns = [
        *(_added(known, n_parts, value) for value in ("one", "unlabelled", "missing")),
        _added(read, n_parts, "equal"),
        *(_added(read, n_parts, value, len(common)) for value in ("one", "present")),
    ]
    return np.concatenate(columns, axis=2)


def _added(rows: pl.DataFrame, n_parts: int, value: str, n_places: int | None = None) -> Floats:
    """The sum of a column by part, cluster and place, (P, U, places); of one place where none is told apart."""
    keys = ["part", "cluster", *(["place"] if n_places is not None else [])]
    summed = rows.with_columns(one=pl.lit(1.0)).group_by(keys).agg(pl.col(value).sum())
    sums = np.zeros((n_parts, _N_CLUSTERS, 1 if n_places is None else n_places))
    places = summed["place"].to_numpy() if n_places is not None else 0
    sums[summed["part"].to_numpy(), summed["cluster"].to_numpy(), places] = summed[value].to_numpy()
    return sums
