"""The boost experiment on a terminal: what every arm reached, and what separates them at the primary size."""

from collections.abc import Iterator
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from chiron.report.boost_tables import by_arm, metric_title, short_name, sizes_of, sorted_contrasts
from chiron.report.formats import capital, count, efficiency, interval, number, p_value, signed_interval
from schemas.boost import BoostReport, MetricTable

__all__ = ["boost_tables", "test_split"]

_MOST_WITH_INTERVALS: Final = 3  # sizes: intervals of more do not fit beside each other


def boost_tables(training: BoostReport) -> RenderableType:
    """Every arm at every size, and the comparisons at the primary size; all by the first metric."""
    table = training.tables[0]
    title = f"{capital(metric_title(table))}, by number of real training records\n"
    return Group(title, _values(table), "", _contrasts(table, training.plan.primary_size), "", *_ends(training))


def test_split(training: BoostReport) -> str:
    """561 test records, 163 with atrial fibrillation; and what the splits keep apart."""
    split = f"{count(training.n_test)} test records, {count(training.n_test_positive)} with {training.target_name}"
    return f"{split}; {training.level}"


def _values(table: MetricTable) -> Table:
    sizes = sizes_of(table)
    with_bounds = len(sizes) <= _MOST_WITH_INTERVALS
    rows = _bare("arm")
    for n in sizes:
        rows.add_column(count(n), justify="right", no_wrap=True)
    for arm, points in by_arm(table).items():
        texts = [(interval(p.value) if with_bounds else number(p.value.value)) if p else "" for p in points]
        rows.add_row(arm.value, *texts)
    return rows


def _contrasts(table: MetricTable, n_real: int) -> Table:
    rows = _bare(f"difference at {count(n_real)} real records")
    for name in (f"{table.metric.value} [95 %]", "p", "p after Holm"):
        rows.add_column(name, justify="right", no_wrap=True)
    for c in sorted_contrasts(table):
        if c.n_real == n_real:
            holm = "primary" if c.primary else p_value(c.p_holm) if c.p_holm is not None else ""
            name = f"{short_name(c.arm)} − {short_name(c.reference)}"
            rows.add_row(name, signed_interval(c.difference), p_value(c.p_value), holm)
    return rows


def _ends(training: BoostReport) -> Iterator[str]:
    """Label efficiency at the primary size, and how many controls came out as expected."""
    n = training.plan.primary_size
    needed = [f"{short_name(e.reference)} {efficiency(e)}" for e in training.tables[0].efficiencies if e.n_real == n]
    if needed:
        yield f"as many records to do as well as synthetic first with {count(n)}: {', '.join(needed)}"
    if training.controls:
        held = sum(control.held for control in training.controls)
        yield f"controls as expected: {count(held)} of {count(len(training.controls))}"


def _bare(first: str) -> Table:
    return Table(first, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
