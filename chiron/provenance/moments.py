"""The difference of two means over records that overlap, with its interval, from sums that can be added up.

    d = mean_after - mean_before
    var(d) = sum over records i of (a_i - b_i)^2,   a_i = (y_i,after - mean_after) / n_after,   0 where i has no value

Records are independent of each other; the two values of one record are not. Where no record is shared this is Wald's
interval of two independent samples; where all are shared that of paired ones (for shares: of McNemar's table); where no
value changed it is zero.
"""

from dataclasses import astuple, dataclass
from math import sqrt
from statistics import NormalDist
from typing import Final

import polars as pl

from schemas.base import Interval

__all__ = ["Moments", "moments"]

_LEVEL: Final = 0.95
_FIELDS: Final = (
    "n_before",
    "n_after",
    "n_both",
    "y_before",
    "y_after",
    "yy_before",
    "yy_after",
    "yy",
    "s_before",
    "s_after",
)


@dataclass(frozen=True)
class Moments:
    """Counts and sums: of each side, of its squares, and of the records that both sides have a value of.

    yy: of the products, s_before and s_after: of the values, of shared records.
    """

    n_before: float = 0
    n_after: float = 0
    n_both: float = 0
    y_before: float = 0
    y_after: float = 0
    yy_before: float = 0
    yy_after: float = 0
    yy: float = 0
    s_before: float = 0
    s_after: float = 0

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def before(self) -> float | None:
        """The earlier mean; None without a value."""
        return self.y_before / self.n_before if self.n_before else None

    @property
    def after(self) -> float | None:
        """The later mean; None without a value."""
        return self.y_after / self.n_after if self.n_after else None

    @property
    def difference(self) -> Interval:
        """The later mean less the earlier, with its 95 % interval."""
        if self.before is None or self.after is None:
            return Interval(value=None)
        difference = self.after - self.before
        half = NormalDist().inv_cdf((1 + _LEVEL) / 2) * sqrt(max(self._variance(self.before, self.after), 0.0))
        return Interval(value=difference, lower=difference - half, upper=difference + half, level=_LEVEL)

    def _variance(self, before: float, after: float) -> float:
        alone_before = (self.yy_before - self.n_before * before**2) / self.n_before**2
        alone_after = (self.yy_after - self.n_after * after**2) / self.n_after**2
        shared = self.yy - after * self.s_before - before * self.s_after + before * after * self.n_both
        return alone_before + alone_after - 2 * shared / (self.n_before * self.n_after)


def moments(before: pl.Expr, after: pl.Expr) -> list[pl.Expr]:
    """The fields of `Moments` in order, of paired values; null where a side has none."""
    y, z = before.cast(pl.Float64), after.cast(pl.Float64)
    both = y.is_not_null() & z.is_not_null()
    sums = (
        y.count(), z.count(), both.sum(), y.sum(), z.sum(), (y * y).sum(), (z * z).sum(), (y * z).sum(),
        y.filter(both).sum(), z.filter(both).sum(),
    )  # fmt: skip
    return [expression.cast(pl.Float64).alias(name) for expression, name in zip(sums, _FIELDS, strict=True)]
