"""How far two sets of averaged beats are from each other: energy distance and nearest neighbours.

Szekely & Rizzo, J. Stat. Plan. Inference 2013; intervals from the influence of each group on the statistic (Hajek's
projection), and for two halves of one set, whose distance is zero but for chance, from random halves.

Shapes: N real, M synthetic, W dimensions.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from chiron.fidelity.statistics import resampled_counts
from schemas.base import Interval
from schemas.fidelity import ShapeDistance

__all__ = ["Distances", "distances", "energy_apart", "halves_apart", "nearest_ratio", "shape_distance"]

_N_HALVES: Final = 100
_Z: Final = 1.96

Floats = npt.NDArray[np.float64]


class Distances(NamedTuple):
    """Euclidean distances within the real set (N, N), within the synthetic (M, M), and between both (N, M)."""

    real: Floats
    synthetic: Floats
    between: Floats


def distances(real: Floats, synthetic: Floats) -> Distances:
    """real: (N, W), synthetic: (M, W)."""
    return Distances(cdist(real, real), cdist(synthetic, synthetic), cdist(real, synthetic))


def shape_distance(
    real: Floats,
    synthetic: Floats,
    groups: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    rng: np.random.Generator,
) -> ShapeDistance:
    """Of two sets of as many beats. real, synthetic: (N, W) each, of height one; groups: (N,) each."""
    d = distances(real, synthetic)
    return ShapeDistance(
        n_per_side=len(real),
        apart=energy_apart(d, groups),
        apart_real=halves_apart(d.real, groups[0], rng),
        nearest=nearest_ratio(d, groups, rng),
    )


def energy_apart(d: Distances, groups: tuple[npt.NDArray[Any], npt.NDArray[Any]]) -> Interval:
    """The coefficient (2 E|X-Y| - E|X-X'| - E|Y-Y'|) / 2 E|X-Y|, unbiased, so that it can fall below zero by chance."""
    within_real, within_made = _row_means(d.real), _row_means(d.synthetic)
    to_made, to_real = d.between.mean(axis=1), d.between.mean(axis=0)
    between = float(to_made.mean())
    energy = 2 * between - float(within_real.mean()) - float(within_made.mean())
    value = energy / (2 * between) if between > 0 else 0.0
    of_real = ((1 - value) * to_made - within_real) / between if between > 0 else np.zeros(len(to_made))
    of_made = ((1 - value) * to_real - within_made) / between if between > 0 else np.zeros(len(to_real))
    half = _Z * float(np.sqrt(_variance(of_real, groups[0]) + _variance(of_made, groups[1])))
    return Interval(value=value, lower=value - half, upper=min(value + half, 1.0))


def _row_means(d: Floats) -> Floats:
    """Mean distance to the others."""
    return np.asarray(d.sum(axis=1) / (len(d) - 1))


def _variance(influence: Floats, group: npt.NDArray[Any]) -> float:
    """Of the mean of influences, whose groups are independent."""
    _, of_record = np.unique(group, return_inverse=True)
    sums = np.bincount(of_record, influence - influence.mean())
    return float((sums**2).sum() / influence.size**2)


def halves_apart(d_real: Floats, group: npt.NDArray[Any], rng: np.random.Generator) -> Interval:
    """The same coefficient of random halves of the real groups: the median, and where 95 % of the draws lie."""
    names, of_record = np.unique(group, return_inverse=True)
    found = []
    for _ in range(_N_HALVES):
        first = (rng.permutation(names.size) < names.size // 2)[of_record]
        parts = Distances(d_real[first][:, first], d_real[~first][:, ~first], d_real[first][:, ~first])
        nowhere = (np.arange(first.sum()), np.arange((~first).sum()))
        found.append(energy_apart(parts, nowhere).value)
    lower, middle, upper = np.percentile(np.array(found, dtype=np.float64), [2.5, 50, 97.5])
    return Interval(value=float(middle), lower=float(lower), upper=float(upper))


def nearest_ratio(
    d: Distances, groups: tuple[npt.NDArray[Any], npt.NDArray[Any]], rng: np.random.Generator
) -> Interval:
    """Median distance of a synthetic beat to the nearest real one, over that of a real beat to another group's nearest.

    Above one, synthetic beats lie off the real ones; below, they keep to the middle. Interval: groups resampled.
    """
    other = np.where(groups[0][:, None] == groups[0][None, :], np.inf, d.real)
    of_real, of_made = other.min(axis=1), d.between.min(axis=0)
    value = float(np.median(of_made) / np.median(of_real))
    drawn = []
    for real_n, made_n in zip(resampled_counts(groups[0], rng), resampled_counts(groups[1], rng), strict=True):
        drawn.append(np.median(np.repeat(of_made, made_n)) / np.median(np.repeat(of_real, real_n)))
    lower, upper = np.percentile(drawn, [2.5, 97.5])
    return Interval(value=value, lower=float(lower), upper=float(upper))
