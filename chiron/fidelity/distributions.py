"""Distributions side by side: one row per quantity, the spectra, and the averaged beats.

Shapes: N records, Q quantities, H frequencies, W samples of a beat.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chiron.fidelity.quantities import QUANTITIES
from chiron.fidelity.statistics import outside_share, resampled_counts, standardised_difference
from schemas.fidelity import CurvePair, Quantity, Quartiles

__all__ = ["compared_quantities", "curve_pair"]

_CURVES: Final = (10, 50, 90)
_FEWEST: Final = 8
_DIGITS: Final = 5  # significant: machines differ in the last bits

Floats = npt.NDArray[np.float64]


def compared_quantities(
    real: Floats,
    synthetic: Floats,
    groups: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    rng: np.random.Generator,
) -> tuple[Quantity, ...]:
    """One row per quantity of `QUANTITIES`. real, synthetic: (N, Q), (M, Q); groups: of the records of either side."""
    counts = (resampled_counts(groups[0], rng), resampled_counts(groups[1], rng))
    return tuple(
        Quantity(
            name=named.name,
            unit=named.unit,
            part=named.part,
            real=_quartiles(real[:, q]),
            synthetic=_quartiles(synthetic[:, q]),
            difference=standardised_difference(real[:, q], synthetic[:, q], counts),
            outside=outside_share(real[:, q], synthetic[:, q]),
        )
        for q, named in enumerate(QUANTITIES)
    )


def _quartiles(values: Floats) -> Quartiles:
    known = values[np.isfinite(values)]
    if known.size < _FEWEST:
        return Quartiles(n=known.size)
    lower, median, upper = (_rounded(v) for v in np.percentile(known, [25, 50, 75]))
    return Quartiles(n=known.size, lower=lower, median=median, upper=upper)


def curve_pair(at: Floats, real: Floats, synthetic: Floats) -> CurvePair | None:
    """The 10th, 50th and 90th percentile over records at each place; none where either side has too few curves.

    at: (H,); real: (N, H), synthetic: (N', H), rows with nan being left out.
    """
    sides = [curves[np.isfinite(curves).all(axis=1)] for curves in (real, synthetic)]
    if min(map(len, sides)) < _FEWEST:
        return None
    bands = [tuple(tuple(map(_rounded, row)) for row in np.percentile(side, _CURVES, axis=0)) for side in sides]
    return CurvePair(at=tuple(map(_rounded, at)), real=bands[0], synthetic=bands[1])


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
