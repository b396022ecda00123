"""The page of a cohort: what was asked for, what there is, how it is distributed, and what it looks like."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import polars as pl
import yaml
from markupsafe import Markup

from chiron.datasets.dataset import Dataset
from chiron.datasets.physical import MV_PER_UNIT
from chiron.datasets.workdir import write_file
from chiron.report.cohort import GROUP, MOST_RECORDS, Cohort, kinds_of, quantiles, read_cohort, shares_of
from chiron.report.cohort_plots import distribution_plot, joint_plot, share_plot
from chiron.report.quantities import figure_of, quantity, with_unit
from chiron.report.record_page import in_words
from chiron.report.records import RecordView, draw_view, view_of_record
from chiron.report.templates import drawing, render_page, versions
from schemas.tables import RECORDS

__all__ = ["render_cohort", "write_cohort"]

Measured = TypeVar("Measured")

_PAIRS: Final = (
    ("age_years", "heart_rate_bpm"),
    ("heart_rate_bpm", "pr_ms"),
    ("qrs_ms", "qtc_ms"),
)
_MOST_EXAMPLES: Final = 24
_CANDIDATES: Final = 25
_TYPICAL: Final = "heart_rate_bpm"
_TWELVE_LEAD_ROWS: Final = 4


class Plot(NamedTuple):
    """A drawing and what it shows."""

    name: str
    svg: Markup


class GroupExample(NamedTuple):
    """A record of a group, on paper."""

    group: str
    view: RecordView
    paper: Markup


def render_cohort(dataset: Dataset) -> str:
    """The page as text. Raises NotFound where there are no records."""
    cohort = read_cohort(dataset)
    kinds = kinds_of(cohort)
    manifest = dataset.manifest
    return render_page(
        "cohort.html.j2",
        cohort=cohort,
        manifest=manifest,
        simulated="All recordings of this cohort are simulated" if manifest.simulated else "",
        shares=_shares(cohort),
        plots=[_distribution(cohort, name) for name in kinds.numbers],
        joint=[_joint(cohort, x, y) for x, y in _PAIRS if x in kinds.numbers and y in kinds.numbers],
        table={name: _by_group(cohort, partial(quantiles, parameter=name)) for name in kinds.numbers},
        flags={name: _by_group(cohort, partial(shares_of, flag=name)) for name in kinds.flags},
        constant=kinds.constant,
        examples=_examples(dataset, cohort),
        measured=min(cohort.n_records, MOST_RECORDS),
        specification=yaml.safe_dump(manifest.parameters.get("cohort", manifest.parameters), sort_keys=False),
        versions=versions(),
    )


def write_cohort(dataset: Dataset, path: Path) -> None:
    """Write the page; it appears whole or not at all."""
    write_file(path, render_cohort(dataset).encode())


def _shares(cohort: Cohort) -> Markup | None:
    if not cohort.groups:
        return None
    return drawing(
        share_plot(cohort.groups), "shares", "Share of each group, found and specified; the table has the numbers."
    )


def _distribution(cohort: Cohort, name: str) -> Plot:
    at = quantiles(cohort.values, name) or (0.0,) * 5
    middle = f"median {figure_of(at[2])}, middle 90 % from {figure_of(at[0])} to {quantity(name, at[4])}"
    figure = distribution_plot(cohort.values, name, cohort.group_names)
    alt = f"Distribution of {with_unit(name)}: {middle} over all records; by group in the table."
    return Plot(middle, drawing(figure, f"distribution-{name.replace('_', '-')}", alt))


def _joint(cohort: Cohort, x: str, y: str) -> Plot:
    name = f"{with_unit(y)} against {with_unit(x)}"
    figure = joint_plot(cohort.values, x, y, cohort.group_names)
    alt = f"Single records, {name}, a panel per group."
    return Plot(name, drawing(figure, f"joint-{x}-{y}".replace("_", "-"), alt))


def _by_group(cohort: Cohort, measure: Callable[[pl.DataFrame], Measured]) -> dict[str, Measured]:
    """A measure of all records, and of each group."""
    groups = {group: measure(cohort.values.filter(pl.col(GROUP) == group)) for group in cohort.group_names}
    return {"all records": measure(cohort.values), **groups}


def _examples(dataset: Dataset, cohort: Cohort) -> list[GroupExample]:
    """A record of each group, where there is anything to draw."""
    drawable = dataset.scan(RECORDS).filter(
        pl.col("n_samples") > 0, pl.col("unit").list.eval(pl.element().is_in(list(MV_PER_UNIT))).list.all()
    )
    ids = drawable.select("record_id").head(MOST_RECORDS).collect()
    values = cohort.values.join(ids, on="record_id", how="semi")
    found = ((group, _typical(values.filter(pl.col(GROUP) == group))) for group in cohort.group_names)
    chosen = [(group, record_id) for group, record_id in found if record_id is not None]
    return [
        _example(view_of_record(dataset, record_id), group, f"example-{i}")
        for i, (group, record_id) in enumerate(chosen[:_MOST_EXAMPLES])
    ]


def _typical(values: pl.DataFrame) -> str | None:
    """Of the first records the one with the median heart rate, so that no one picks by eye."""
    first = values.sort("record_id").head(_CANDIDATES)
    if first.is_empty():
        return None
    ordered = first.sort(_TYPICAL, "record_id") if _TYPICAL in first.columns else first
    return str(ordered["record_id"][ordered.height // 2])


def _example(view: RecordView, group: str, slug: str) -> GroupExample:
    """The record's first ten seconds."""
    n_rows = max(len(view.leads), 1) if len(view.leads) < _TWELVE_LEAD_ROWS * 3 else _TWELVE_LEAD_ROWS
    figure = draw_view(view, titled=False, n_rows=n_rows)
    return GroupExample(group, view, drawing(figure, slug, in_words(view, 0.0, min(10.0, view.duration_s))))
