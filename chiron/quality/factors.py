"""What is known of each record, as columns that may be missing and as factors that absence may depend on.

Records have columns, facts, labels and readers. Here they become one wide frame (what may be missing) and a list of
factors, each with few levels (what its absence may depend on). Numbers are cut into bands, rare levels are pooled.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.labels.case_mix import is_first_of_patient
from chiron.labels.positive import UNDECIDED, is_positive
from chiron.labels.readings import code_name
from chiron.quality.strata import age_band
from schemas.tables import FACTS, RECORDS

__all__ = [
    "ABSENT",
    "LABEL",
    "READER",
    "Factor",
    "factors_of",
    "first_of_each_patient",
    "label_of",
    "numbers_of",
    "taken",
    "unread",
    "with_facts",
]

READER: Final = "reader"
LABEL: Final = "label "  # and the finding's name
_UNREAD: Final = "unread "
ABSENT: Final = "absent"
_NUMBERS: Final = ("n_samples", "height_cm", "weight_kg")
_CATEGORIES: Final = ("source", "fs_hz", "sex", "site", "device", "recorded_year")
_ORDERED: Final = ("age_years", "sex", "recorded_year", "height_cm", "weight_kg")
_BY_DESIGN: Final = ("split_bucket", "sample_offset")  # missing where they have no meaning; where the samples lie
_MAX_FACTS: Final = 64
_MAX_LEVELS: Final = 20
_MAX_LABELS: Final = 60
_MIN_RECORDS: Final = 10  # fewer are pooled: a level of theirs says little, and could tell who they are
_N_BANDS: Final = 4
_OTHERS: Final = "others"

_IS_PRESENT: Final = pl.when(pl.col("probability") != UNDECIDED).then(is_positive())

Levels = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Factor:
    """levels (N,): 0, 1, ... of each record, -1 where unknown; names of the levels."""

    name: str
    levels: Levels
    names: tuple[str, ...]

    @cached_property
    def counts(self) -> Levels:
        """How many records have each level."""
        return np.bincount(self.levels[self.levels >= 0], minlength=len(self.names))


def with_facts(records: pl.DataFrame, facts: pl.DataFrame | None) -> pl.DataFrame:
    """`records`, with a column for each fact; its numbers where it has any, else its text.

    A fact is missing where a record has no row of it, or one without a value. What is not finite is no value. Of more
    than 64 facts, the first by name are taken.
    """
    wide = records.drop(_BY_DESIGN, strict=False)
    facts = FACTS.empty() if facts is None else facts
    for name in sorted(set(facts["fact"].unique()) - set(records.columns))[:_MAX_FACTS]:
        of_one = facts.filter(pl.col("fact") == name).unique("record_id", keep="first", maintain_order=True)
        value = "number" if of_one["number"].count() else "text"
        column = of_one.select("record_id", pl.col(value).alias(name))
        wide = wide.join(column, on="record_id", how="left", maintain_order="left")
    numbers = pl.col(pl.Float64)
    return wide.with_columns(pl.when(numbers.is_finite()).then(numbers))


def first_of_each_patient(records: pl.DataFrame) -> Flags:
    """(N,): the first record of each patient; all records of patients who are not known."""
    return records.select(is_first_of_patient()).to_series().to_numpy()


def taken(factor: Factor, rows: Flags) -> Factor:
    """The factor of some records, without the levels that none of them has."""
    return _dense(replace(factor, levels=factor.levels[rows]))


def numbers_of(records: pl.DataFrame) -> tuple[npt.NDArray[np.float64], list[str]]:
    """What has an order: (N, P), nan where missing, and the names of the columns. records: as of `with_facts`.

    Whatever has just two values is 0 and 1.
    """
    facts = [name for name in records.columns if name not in RECORDS.columns]
    columns = {name: _as_number(records[name]) for name in (*_ORDERED, *facts)}
    found = {name: values for name, values in columns.items() if values is not None}
    return np.array(list(found.values())).reshape(len(found), records.height).T, list(found)


def _as_number(values: pl.Series) -> npt.NDArray[np.float64] | None:
    if values.dtype.is_numeric():
        return values.cast(pl.Float64).to_numpy()
    two = values.drop_nulls().unique().sort()
    return (values == two[1]).cast(pl.Float64).to_numpy() if len(two) == 2 else None


def unread(records: pl.DataFrame, labels: pl.DataFrame) -> dict[str, Flags]:
    """For each finding, the records for which nobody decided whether they have it; by `unread ...`."""
    return {f"{_UNREAD}{name}": levels < 0 for name, levels in _decided(records, labels)}


def label_of(column: str) -> str:
    """The factor that says whether there is the finding that `column` says is unread; any other column's own name."""
    return f"{LABEL}{column.removeprefix(_UNREAD)}" if column.startswith(_UNREAD) else column


def factors_of(
    records: pl.DataFrame,
    labels: pl.DataFrame,
    annotations: pl.DataFrame | None = None,
    signal_quality: pl.DataFrame | None = None,
) -> list[Factor]:
    """Everything that absence may depend on, with two levels or more.

    records: as of `with_facts`. signal_quality: `record_id` and `acceptable`.
    """
    candidates = [
        Factor("age_years", *_numbered(records.select(age_band()).to_series())),
        *(_category(records[name]) for name in _CATEGORIES),
        *(_bands(records[name]) for name in _NUMBERS),
        *(_of_fact(records[name]) for name in records.columns if name not in RECORDS.columns),
        *_readers(records, annotations),
        *_qualities(records, signal_quality),
        *_labels(records, labels),
    ]
    return [factor for factor in candidates if len(factor.names) > 1]


def _of_fact(values: pl.Series) -> Factor:
    is_measured = values.dtype.is_numeric() and values.n_unique() > _MAX_LEVELS
    return _bands(values) if is_measured else _category(values)


def _category(values: pl.Series) -> Factor:
    """The most frequent values, and the others as one."""
    return Factor(values.name, *_numbered(values.cast(pl.String)))


def _bands(values: pl.Series) -> Factor:
    """Quarters of the known values; equal values lie in the same."""
    known = values.drop_nulls().cast(pl.Float64)
    edges = sorted({float(q) for i in range(1, _N_BANDS) if (q := known.quantile(i / _N_BANDS)) is not None})
    if not edges:
        return Factor(values.name, np.full(len(values), -1), ())
    names = [f"up to {edges[0]:g}", *(f"to {edge:g}" for edge in edges[1:]), f"over {edges[-1]:g}"]
    place = np.searchsorted(edges, values.cast(pl.Float64).to_numpy(), side="left")
    levels = np.where(values.is_null().to_numpy(), -1, place)
    return _dense(Factor(values.name, levels.astype(np.int64), tuple(names)))


def _dense(factor: Factor) -> Factor:
    """Without the levels that no record has."""
    used = np.flatnonzero(factor.counts)
    place = np.full(len(factor.names) + 1, -1)  # the last place is that of -1
    place[used] = np.arange(used.size)
    return replace(factor, levels=place[factor.levels], names=tuple(factor.names[i] for i in used))


def _numbered(values: pl.Series) -> tuple[Levels, tuple[str, ...]]:
    """Levels in the order of their names; those of few records, and beyond the twentieth, pooled at the end."""
    counts = values.drop_nulls().value_counts(name="n").sort(["n", values.name], descending=[True, False])
    common = counts.filter(pl.col("n") >= _MIN_RECORDS)[values.name][:_MAX_LEVELS].sort().to_list()
    place = {name: i for i, name in enumerate(common)}
    names = (*common, _OTHERS) if len(common) < counts.height else tuple(common)
    levels = values.replace_strict(place, default=len(common), return_dtype=pl.Int64)
    return np.where(values.is_null().to_numpy(), -1, levels.to_numpy()), names


def _readers(records: pl.DataFrame, annotations: pl.DataFrame | None) -> Iterator[Factor]:
    """Who read each record; those whom several read have the level of them all."""
    if annotations is None or annotations.is_empty():
        return
    readers = (
        annotations.select("record_id", "annotator_id")
        .unique()
        .sort("annotator_id")
        .group_by("record_id")
        .agg(pl.col("annotator_id").str.join("+").alias(READER))
    )
    yield _category(
        records.select("record_id").join(readers, on="record_id", how="left", maintain_order="left")[READER]
    )


def _qualities(records: pl.DataFrame, signal_quality: pl.DataFrame | None) -> Iterator[Factor]:
    if signal_quality is not None:
        acceptable = signal_quality.select("record_id", pl.col("acceptable").alias("signal acceptable"))
        both = records.select("record_id").join(acceptable, on="record_id", how="left", maintain_order="left")
        yield _category(both["signal acceptable"])


def _labels(records: pl.DataFrame, labels: pl.DataFrame) -> Iterator[Factor]:
    """The most frequent findings, present or absent; unknown where undecided."""
    found = []
    for name, levels in _decided(records, labels):
        n_present, n_absent = int((levels == 1).sum()), int((levels == 0).sum())
        if min(n_present, n_absent) >= _MIN_RECORDS:
            found.append((n_present, Factor(f"{LABEL}{name}", levels, (ABSENT, "present"))))
    most_frequent = sorted(found, key=lambda f: (-f[0], f[1].name))[:_MAX_LABELS]
    yield from sorted((factor for _, factor in most_frequent), key=lambda f: f.name)


def _decided(records: pl.DataFrame, labels: pl.DataFrame) -> Iterator[tuple[str, Levels]]:
    """Each finding's name, never one twice, and its label by record, (N,): 0 absent, 1 present, -1 undecided."""
    places = records.select("record_id").with_row_index("place")
    decided = labels.select("record_id", "code_system", "code", present=_IS_PRESENT).join(places, on="record_id")
    names: set[str] = set()
    for (system, code), of_code in sorted(decided.group_by("code_system", "code"), key=lambda group: str(group[0])):
        name = code_name(str(system), str(code))
        names.add(name := f"{name} ({system}:{code})" if name in names else name)
        known = of_code.drop_nulls("present")
        levels = np.full(records.height, -1)
        levels[known["place"].to_numpy()] = known["present"].to_numpy()
        yield name, levels
