"""What the boost page, the last screen and Prefect's artifact tabulate, read from the experiment's report."""

from typing import NamedTuple

from schemas.base import Interval
from schemas.boost import Arm, Contrast, CurvePoint, Efficiency, MetricTable, Mix
from schemas.boost_words import SHORT_NAMES

__all__ = [
    "TwoByTwo",
    "arms_of",
    "at_size",
    "by_arm",
    "efficiencies_by_size",
    "metric_title",
    "short_name",
    "sizes_of",
    "sorted_contrasts",
    "two_by_two",
]


class TwoByTwo(NamedTuple):
    """One metric at one size, with and without pre-training on related real and on synthetic records.

    interaction: what synthetic records add after related ones, less what they add to nothing.
    """

    n_real: int
    neither: CurvePoint
    related: CurvePoint
    synthetic: CurvePoint
    both: CurvePoint
    interaction: Interval


def metric_title(table: MetricTable) -> str:
    """`mean F1, natural mix`."""
    return f"{table.metric.value}, {table.mix.value}{' mix' if table.mix is Mix.NATURAL else ''}"


def short_name(arm: Arm) -> str:
    """An arm's name, for where there is little room."""
    return SHORT_NAMES.get(arm, arm.value)


def arms_of(table: MetricTable) -> list[Arm]:
    """The arms that were trained, in the order of the report."""
    return list(dict.fromkeys(point.arm for point in table.points))


def sizes_of(table: MetricTable) -> dict[int, float]:
    """The numbers of real training records, smallest first, each with how many of them have the finding."""
    return dict(sorted((point.n_real, point.n_positive) for point in table.points))


def by_arm(table: MetricTable) -> dict[Arm, list[CurvePoint | None]]:
    """For each arm its result at every size, smallest first; none where it was not trained."""
    found = {(point.arm, point.n_real): point for point in table.points}
    return {arm: [found.get((arm, n)) for n in sizes_of(table)] for arm in arms_of(table)}


def at_size(table: MetricTable, n_real: int) -> dict[Arm, CurvePoint]:
    """Every arm's result at one size."""
    return {point.arm: point for point in table.points if point.n_real == n_real}


def sorted_contrasts(table: MetricTable) -> list[Contrast]:
    """The primary one first, then by size, then as the report lists them."""
    return sorted(table.contrasts, key=lambda c: (not c.primary, c.n_real))


def efficiencies_by_size(table: MetricTable) -> tuple[list[Arm], dict[int, list[Efficiency | None]]]:
    """The arms that synthetic first is measured against, and by size its efficiency against each."""
    found = {(e.n_real, e.reference): e for e in table.efficiencies}
    references = list(dict.fromkeys(e.reference for e in table.efficiencies))
    return references, {n: [found.get((n, arm)) for arm in references] for n in sorted({n for n, _ in found})}


def two_by_two(table: MetricTable, n_real: int, interaction: Interval | None = None) -> TwoByTwo | None:
    """None where one of the four is not known at this size.

    interaction: as it was estimated; else it has no interval.
    """
    found = at_size(table, n_real)
    arms = (Arm.SCRATCH, Arm.RELATED_FIRST, Arm.SYNTHETIC_FIRST, Arm.BOTH_FIRST)
    neither, related, synthetic, both = (found.get(arm) for arm in arms)
    if neither is None or related is None or synthetic is None or both is None:
        return None
    values = [point.value.value for point in (both, related, synthetic, neither) if point.value.value is not None]
    if len(values) < 4:
        return None
    without_interval = Interval(value=values[0] - values[1] - values[2] + values[3])
    return TwoByTwo(n_real, neither, related, synthetic, both, interaction or without_interval)
