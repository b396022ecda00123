"""What a cohort holds, beside what its specification asks for: groups, findings, distributions of the parameters.

Counts are over every record, distributions over the first `MOST_RECORDS`: records are independent of each other, so
that the first are a fair sample.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import polars as pl
from pydantic import ValidationError

from chiron.datasets.dataset import Dataset
from chiron.errors import NotFound
from chiron.labels.positive import is_positive
from chiron.labels.readings import code_name
from schemas.cohort import CohortSpec
from schemas.gate import CheckResult, GateReport
from schemas.manifest import Manifest
from schemas.tables import LABELS, PARAMETERS, RECORDS

__all__ = [
    "GROUP",
    "MOST_RECORDS",
    "QUANTILES",
    "Cohort",
    "GroupCount",
    "Kinds",
    "group_names",
    "kinds_of",
    "quantiles",
    "read_cohort",
    "shares_of",
    "specification_of",
]

MOST_RECORDS: Final = 50_000
GROUP: Final = "group"
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_PERSONAL: Final = ("age_years", "height_cm", "weight_kg")


@dataclass(frozen=True)
class GroupCount:
    """A kind of patient: the share of the records that was asked for, and how many there are."""

    name: str
    share: float
    n_records: int


class Kinds(NamedTuple):
    """The parameters by how they are shown: numbers that vary, answers to yes or no, and one value for all records."""

    numbers: list[str]
    flags: list[str]
    constant: dict[str, float]


@dataclass(frozen=True)
class Cohort:
    """A cohort in numbers.

    findings: records with each finding, the most frequent first, by name. values: a row per record with its id, the
    name of its group, and a column per parameter; null where the record has no such parameter.
    """

    manifest: Manifest
    spec: CohortSpec | None
    n_records: int
    fs_hz: tuple[float, ...]
    leads: tuple[str, ...]
    shortest_s: float
    longest_s: float
    groups: tuple[GroupCount, ...]
    findings: dict[str, int]
    checks: tuple[CheckResult, ...]
    values: pl.DataFrame

    @property
    def parameters(self) -> list[str]:
        """The parameters of which there is a value."""
        return [name for name in self.values.columns if name not in ("record_id", GROUP)]

    @property
    def group_names(self) -> list[str]:
        """The groups of which there are records, in the order of the specification."""
        present = set(self.values[GROUP].unique())
        named = [group.name for group in self.groups]
        return [name for name in named if name in present] or sorted(present)


def specification_of(dataset: Dataset) -> CohortSpec | None:
    """What a cohort was made from; none where it is no cohort, or one of another generation of the simulator."""
    try:
        return CohortSpec.model_validate(dataset.manifest.parameters.get("cohort"))
    except ValidationError:
        return None


def group_names(spec: CohortSpec) -> list[str]:
    """The groups in the order of their numbers."""
    return list(spec.groups)


def read_cohort(dataset: Dataset) -> Cohort:
    """Count and measure a cohort. Raises NotFound where the dataset has no records."""
    facts = _facts(dataset)
    if not facts["n_records"]:
        raise NotFound(f"cohort {dataset.manifest.name}: expected records, found none")
    spec = specification_of(dataset)
    return Cohort(
        manifest=dataset.manifest,
        spec=spec,
        **facts,
        groups=_groups(dataset, spec),
        findings=_findings(dataset),
        checks=_checks(dataset),
        values=_values(dataset, group_names(spec) if spec else []),
    )


def quantiles(values: pl.DataFrame, parameter: str) -> tuple[float, ...] | None:
    """The values at `QUANTILES`, linear between neighbours; none where there is no value."""
    present = values[parameter].drop_nulls()
    if present.is_empty():
        return None
    return tuple(float(present.quantile(q, "linear") or 0.0) for q in QUANTILES)


def shares_of(values: pl.DataFrame, flag: str) -> float | None:
    """The share of the records in which a parameter is 1; none where it has no value."""
    mean = values[flag].mean()
    return None if mean is None else float(mean)  # type: ignore[arg-type]  # of numbers it is a number


def kinds_of(cohort: Cohort) -> Kinds:
    """Sort the parameters."""
    kinds = Kinds([], [], {})
    for name in cohort.parameters:
        present = cohort.values[name].drop_nulls()
        if present.n_unique() == 1:
            kinds.constant[name] = float(present[0])
        elif present.is_in([0.0, 1.0]).all():
            kinds.flags.append(name)
        elif present.n_unique() > 1:
            kinds.numbers.append(name)
    return kinds


def _facts(dataset: Dataset) -> dict[str, Any]:
    """Size and shape of the recordings."""
    length = pl.col("n_samples") / pl.col("fs_hz")
    facts: dict[str, Any] = (
        dataset.scan(RECORDS)
        .select(
            n_records=pl.len(),
            fs_hz=pl.col("fs_hz").unique().sort().implode(),
            leads=pl.col("leads").explode().unique(maintain_order=True).implode(),
            shortest_s=length.min(),
            longest_s=length.max(),
        )
        .collect()
        .row(0, named=True)
    )
    return facts | {"fs_hz": tuple(facts["fs_hz"]), "leads": tuple(facts["leads"])}


def _groups(dataset: Dataset, spec: CohortSpec | None) -> tuple[GroupCount, ...]:
    """Every group of the specification, also where there is no record of it; none without a specification."""
    if spec is None or not dataset.has(PARAMETERS):
        return ()
    counts = dataset.scan(PARAMETERS).filter(pl.col("parameter") == GROUP).group_by("value").len().collect()
    found = {int(value): n for value, n in counts.iter_rows()}
    return tuple(GroupCount(name, spec.groups[name].share, found.get(i, 0)) for i, name in enumerate(group_names(spec)))


def _findings(dataset: Dataset) -> dict[str, int]:
    if not dataset.has(LABELS):
        return {}
    counts = dataset.scan(LABELS).group_by("code_system", "code").agg(n=is_positive().sum()).collect()
    rows = counts.sort(["n", "code"], descending=[True, False]).iter_rows()
    return {code_name(system, code): n for system, code, n in rows}


def _checks(dataset: Dataset) -> tuple[CheckResult, ...]:
    try:
        return dataset.report(GateReport).checks
    except NotFound:
        return ()


def _values(dataset: Dataset, groups: Sequence[str]) -> pl.DataFrame:
    """A row per record, a column per parameter."""
    personal = [pl.col(name).cast(pl.Float64) for name in _PERSONAL]
    records = dataset.scan(RECORDS).select("record_id", *personal).head(MOST_RECORDS).collect()
    stated = records.select("record_id", *(name for name in _PERSONAL if records[name].count()))
    wide = (
        stated
        if not dataset.has(PARAMETERS)
        else stated.join(_parameters(dataset, records), on="record_id", how="left")
    )
    named = pl.lit("all records")
    if groups and GROUP in wide.columns:
        named = pl.col(GROUP).replace_strict(dict(enumerate(map(str, groups))), default=None, return_dtype=pl.String())
    return wide.with_columns(named.alias(GROUP))


def _parameters(dataset: Dataset, records: pl.DataFrame) -> pl.DataFrame:
    """The simulator's parameters of these records, by record. What was stated about the person goes before them."""
    long = (
        dataset.scan(PARAMETERS)
        .filter(pl.col("record_id") <= records["record_id"].max(), ~pl.col("parameter").is_in(_PERSONAL))
        .collect()
    )
    return long.pivot("parameter", index="record_id", values="value", sort_columns=True)
