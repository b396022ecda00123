"""What a benchmark gives back: a table for people and one JSON line for machines."""

from typing import Literal, NamedTuple

from rich.table import Table

__all__ = ["Benchmark", "Target"]


class Target(NamedTuple):
    """What shall hold of the ratio of the figure to the anchor, or of the figure itself."""

    of: Literal["figure", "ratio"]
    relation: Literal["at most", "at least"]
    limit: float

    def __str__(self) -> str:
        return f"{self.of} {self.relation} {self.limit:g}"


class Benchmark(NamedTuple):
    """A measured figure beside an anchor that was measured in the same minute on the same machine."""

    figure: float
    unit: str
    anchor: float
    table: Table

    @property
    def ratio(self) -> float:
        """The figure in units of the anchor."""
        return self.figure / self.anchor

    def holds(self, target: Target) -> bool:
        """Whether the target is met."""
        value = self.figure if target.of == "figure" else self.ratio
        return value <= target.limit if target.relation == "at most" else value >= target.limit
