"""The boost experiment in Markdown: for Prefect's artifacts, and for people who read a log."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from chiron.report.boost_tables import by_arm, efficiencies_by_size, metric_title, sizes_of, sorted_contrasts
from chiron.report.formats import average, capital, count, efficiency, interval, p_value, signed_interval
from schemas.boost import BoostReport, MetricTable

__all__ = ["boost_markdown"]

_SPECIAL: Final = re.compile(r"([\\`*_\[\]()<>#|!~&])")


def boost_markdown(report: BoostReport) -> str:
    """Verdict, curves, comparisons at the primary size, label efficiency and controls. Text is never markup."""
    n = report.plan.primary_size
    parts = [f"**{_plain(report.verdict)}**", _split(report)]
    for table in report.tables:
        parts.append(f"### {capital(metric_title(table))}")
        parts.append(_table(_curves(table, report.target_name)))
    parts.append(f"### Comparisons at {count(n)} real records")
    parts.append(_table(_comparisons(report.tables[0], n)))
    if report.tables[0].efficiencies:
        parts += ["### How many labels it saves", _table(_efficiencies(report.tables[0]))]
    if report.controls:
        parts += ["### Controls", _table(_controls(report))]
    return "\n\n".join(parts) + "\n"


def _split(report: BoostReport) -> str:
    return (
        f"{count(report.n_test)} test records, {count(report.n_test_positive)} with {_plain(report.target_name)}; "
        f"intervals over {_plain(report.unit)}s; {_plain(report.level)}."
    )


def _curves(table: MetricTable, target: str) -> Iterator[Sequence[str]]:
    sizes = sizes_of(table)
    yield ("real training records", *map(count, sizes))
    for arm, points in by_arm(table).items():
        yield (arm.value, *(interval(point.value) if point else "" for point in points))
    yield (f"of these with {target}", *map(average, sizes.values()))


def _comparisons(table: MetricTable, n_real: int) -> Iterator[Sequence[str]]:
    yield ("comparison", f"difference of {table.metric.value} [95 %]", "p", "p after Holm")
    for c in sorted_contrasts(table):
        if c.n_real == n_real:
            holm = "primary" if c.primary else p_value(c.p_holm) if c.p_holm is not None else ""
            yield (f"{c.arm.value} − {c.reference.value}", signed_interval(c.difference), p_value(c.p_value), holm)


def _efficiencies(table: MetricTable) -> Iterator[Sequence[str]]:
    references, by_size = efficiencies_by_size(table)
    yield ("real records", *(f"against {arm.value}" for arm in references))
    for n, found in by_size.items():
        yield (count(n), *(efficiency(e) if e else "" for e in found))


def _controls(report: BoostReport) -> Iterator[Sequence[str]]:
    yield ("control", "loss [95 %]", "expected", "as expected")
    for c in report.controls:
        yield (c.control.value, signed_interval(c.difference), c.expected, "yes" if c.held else "**no**")


def _table(rows: Iterator[Sequence[str]]) -> str:
    """A Markdown table; the first row is its head, and the first column is text."""
    head, *body = ([cell if cell == "**no**" else _plain(cell) for cell in row] for row in rows)
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
