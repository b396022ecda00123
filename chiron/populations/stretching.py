"""Cohorts wider than what they were fitted to: more of the unusual, within what a living adult can have.

A network that has seen hearts beyond those of one hospital depends less on that hospital's.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

import numpy as np

from chiron.errors import BadParameters
from chiron.populations.quantiles import clipped, median_of
from schemas.cohort import CohortSpec, Group, NoiseSpec
from schemas.states import RATE_LIMITS_BPM

__all__ = ["stretch"]

_AGES_YEARS: Final = (16.0, 100.0)
_BREATHING_HZ: Final = (0.1, 0.6)  # 6 to 36 breaths per minute
_ALTERNANS_UV: Final = (2.0, 200.0)
_SNR_DB: Final = (-15.0, 40.0)
_MOST_VARIETY: Final = 3.0
_MOST_QUANTILES: Final = 101

Key = TypeVar("Key")


def stretch(spec: CohortSpec, factor: float) -> CohortSpec:
    """The cohort with every distribution `factor` times as wide around its median; 1 changes nothing.

    Shapes vary by `factor` more, and shares are drawn towards equal ones: to the power of 1 / factor. What never is
    there stays so. Raises BadParameters for a factor below 1.
    """
    if not factor >= 1:
        raise BadParameters(f"factor: expected 1 or more, found {factor:g}; a cohort can be widened only")
    if factor == 1:
        return spec
    shares = _flattened({name: group.share for name, group in spec.groups.items()}, factor)
    groups = {name: _stretched(group, shares[name], factor) for name, group in spec.groups.items()}
    return spec.model_validate(
        spec.model_dump() | {"groups": {name: each.model_dump() for name, each in groups.items()}}
    )


def _stretched(group: Group, share: float, factor: float) -> Group:
    rates = group.rate_quantiles_bpm
    drawn = ("av", "ventricular", "ectopy", "ectopy_pattern", "qt", "repolarisation", "territory", "voltage", "axis")
    return group.model_copy(
        update={
            "share": share,
            "age_years": _widened(group.age_years, factor, _AGES_YEARS),
            "heart_rate_bpm": _widened(rates, factor, RATE_LIMITS_BPM[group.rhythm]),
            "breathing_hz": _widened(group.breathing_hz, factor, _BREATHING_HZ),
            "alternans_uv": _widened(group.alternans_uv, factor, _ALTERNANS_UV),
            "variety": min(group.variety * factor, max(group.variety, _MOST_VARIETY)),
            "noise": _noisier(group.noise, factor),
            **{name: _flattened(getattr(group, name), factor) for name in drawn},
        }
    )


def _noisier(noise: NoiseSpec, factor: float) -> NoiseSpec:
    kinds = _flattened(noise.kinds, factor)
    return noise.model_copy(update={"snr_db": _widened(noise.snr_db, factor, _SNR_DB), "kinds": kinds})


def _widened(quantiles: tuple[float, ...], factor: float, limits: tuple[float, float]) -> tuple[float, ...]:
    """Around the median; up to the limits, or to where it reaches already."""
    middle = median_of(quantiles)
    low, high = min(limits[0], quantiles[0]), max(limits[1], quantiles[-1])
    return clipped(tuple(middle + factor * (value - middle) for value in _with_median(quantiles)), low, high)


def _with_median(quantiles: tuple[float, ...]) -> tuple[float, ...]:
    """The same distribution, with its median among the values: a limit to one side shall not move it."""
    n = len(quantiles)
    if n % 2:
        return quantiles
    at = np.linspace(0, 1, min(2 * n - 1, _MOST_QUANTILES))
    return tuple(np.interp(at, np.linspace(0, 1, n), quantiles).tolist())


def _flattened(shares: Mapping[Key, float], factor: float) -> dict[Key, float]:
    raised = {name: share ** (1 / factor) for name, share in shares.items()}
    total = sum(raised.values())
    return {name: share / total for name, share in raised.items()}
