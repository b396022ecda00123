"""What is connected, directly or through others (union-find)."""

from collections.abc import Iterable

__all__ = ["connected"]


def connected(units: Iterable[str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The smallest unit that each of `units` is connected to, itself included; pairs are of units."""
    parent = {unit: unit for unit in units}

    def find(unit: str) -> str:
        while parent[unit] != unit:
            parent[unit] = parent[parent[unit]]
            unit = parent[unit]
        return unit

    for one, other in pairs:
        a, b = find(one), find(other)
        parent[max(a, b)] = min(a, b)
    return {unit: find(unit) for unit in parent}
