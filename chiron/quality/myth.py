"""The myth curve: agreement, records without a label and missing values, as the database grows.

How records are ordered and summed is in `chiron.quality.growth`; intervals resample its clusters.

Shapes: P parts, U clusters, C codes, B resamples, M sums.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from chiron.quality.growth import Floats, ordered, summed
from schemas.base import Interval
from schemas.myth import Growth, Measure, MythChange, MythPoint, MythReport

__all__ = ["myth_of"]

_N_RESAMPLES: Final = 1000
_LEVEL: Final = 0.95


def myth_of(records: pl.DataFrame, annotations: pl.DataFrame, labels: pl.DataFrame) -> MythReport:
    """The curve of a dataset; without points where it has no records.

    Agreement is Fleiss' kappa of human readers' last rounds, pooled over codes: the mean of what was observed and of
    what chance gives, each over (record, code) pairs with two readings or more. Source: De Vries et al. 2008 (pooled
    kappa), Fleiss 1971.
    """
    order = ordered(records)
    if not order.sizes:
        return MythReport(growth=order.growth, n_left_out=0, points=(), changes=(), verdict="no records")
    sums_pum = summed(order, records, annotations, labels)
    grown_pum = sums_pum.cumsum(axis=0)
    years = order.placed.group_by("part").agg(pl.col("recorded_year").max()).sort("part")["recorded_year"]
    points = tuple(
        _point(n, year if order.growth is Growth.BY_YEAR else None, sums_um)
        for n, year, sums_um in zip(order.sizes, years, grown_pum, strict=True)
    )
    changes = tuple(_changes(grown_pum[-2], sums_pum[-1])) if len(order.sizes) > 1 else ()
    verdict = _verdict(order.growth, changes)
    return MythReport(growth=order.growth, n_left_out=order.n_left_out, points=points, changes=changes, verdict=verdict)


def _figures(sums_bm: Floats) -> dict[Measure, Floats]:
    """Each measure, (B,); nan where there is nothing to measure."""
    n_records, unlabelled, missing, equal = sums_bm[:, :4].T
    n_bc, present_bc = np.split(sums_bm[:, 4:], 2, axis=1)
    n_pairs = n_bc.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share_bc = np.where(n_bc > 0, present_bc / n_bc, 0.0)
        by_chance = (n_bc * (share_bc**2 + (1 - share_bc) ** 2)).sum(axis=1) / n_pairs
        room = np.where(1 - by_chance > 1e-12, 1 - by_chance, np.nan)
        return {
            Measure.AGREEMENT: (equal / n_pairs - by_chance) / room,
            Measure.UNLABELLED: unlabelled / n_records,
            Measure.MISSING: missing / n_records,
        }


def _resampled(held: Floats) -> Floats:
    """(B, M): as many clusters as there are rows, drawn with replacement."""
    generator = np.random.Generator(np.random.Philox(key=0))
    weights_bu = generator.multinomial(len(held), np.full(len(held), 1 / len(held)), _N_RESAMPLES)
    resampled: Floats = weights_bu.astype(np.float64) @ held
    return resampled


def _point(n_records: int, until_year: int | None, sums_um: Floats) -> MythPoint:
    value, resamples = _figures(sums_um.sum(axis=0)[None]), _figures(_resampled(sums_um[sums_um[:, 0] > 0]))
    agreement, unlabelled, missing = (_interval(float(value[m][0]), resamples[m]) for m in Measure)
    return MythPoint(
        n_records=n_records, until_year=until_year, agreement=agreement, unlabelled=unlabelled, missing=missing
    )


def _changes(older_um: Floats, newer_um: Floats) -> Iterator[MythChange]:
    """Newer less older; the same clusters are drawn for both, because a patient may be in both."""
    n_sums = older_um.shape[1]
    both = np.concatenate([newer_um, older_um], axis=1)
    both = both[(both[:, 0] + both[:, n_sums]) > 0]
    value = both.sum(axis=0)[None]
    resamples = _resampled(both)
    newer, older = (_figures(sums) for sums in (value[:, :n_sums], value[:, n_sums:]))
    newer_b, older_b = (_figures(sums) for sums in (resamples[:, :n_sums], resamples[:, n_sums:]))
    for m in Measure:
        difference = _interval(float(newer[m][0] - older[m][0]), newer_b[m] - older_b[m])
        yield MythChange(measure=m, older=_known(older[m][0]), newer=_known(newer[m][0]), difference=difference)


def _interval(value: float, resamples: Floats) -> Interval:
    """Percentiles; without bounds where fewer than half of the resamples give a figure."""
    if not np.isfinite(value):
        return Interval(value=None, level=_LEVEL)
    finite = resamples[np.isfinite(resamples)]
    if 2 * finite.size < resamples.size:
        return Interval(value=_known(value), level=_LEVEL)
    lower, upper = np.quantile(finite, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Interval(value=_known(value), lower=_known(lower), upper=_known(upper), level=_LEVEL)


def _known(figure: float) -> float | None:
    """Six decimals, because machines sum in other orders; null where there is no figure."""
    return round(float(figure), 6) if np.isfinite(figure) else None


def _verdict(growth: Growth, changes: Sequence[MythChange]) -> str:
    """What the newer half of the records has more or less of, beyond chance."""
    if growth is Growth.BY_CHANCE:
        return "No year is known: records are taken by chance, and nothing is said of a trend."
    said = [
        f"{change.measure} {'rose' if change.difference.is_above_zero else 'fell'} from {change.older:.3f} to "
        f"{change.newer:.3f}"
        for change in changes
        if change.difference.is_above_zero or change.difference.is_below_zero
    ]
    return f"From the older to the newer half, {'; '.join(said) or 'no measure changed beyond chance'}."
