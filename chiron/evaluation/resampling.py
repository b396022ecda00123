"""Intervals by resampling: patients are drawn again, and where there are several training runs, these too.

Two levels: which real records were trained on (a *draw*), and which patients were tested. Each is drawn again, with
replacement and independently of the other, and a resample is off by the sum of what either did. (Drawing both at once
counts what is peculiar to one run and one patient three times, Owen 2007, "The pigeonhole bootstrap"; the sum counts
it twice, which errs on the safe side by little.) Initialisations come with their draw (Davison & Hinkley 1997, section
3.8); where there is one draw only, they are what is drawn. All that is compared sees the same drawn runs and patients,
so that differences are paired.

A handful of draws would make intervals too narrow twice over: the spread of n values drawn from n is too small by
(n - 1) / n, so n - 1 are drawn (Rao & Wu 1988); and their variance is itself uncertain, so bounds are those of
Student's t with the degrees of freedom of Satterthwaite (1946). `benchmarks/coverage.py` says how often they hold.

Shapes: draws D, initialisations I, records N, classes C, resamples R, runs that are drawn again U.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.stats import t

from chiron.errors import BadParameters
from chiron.evaluation.checked import Floats, Ints, checked_weight
from chiron.evaluation.ranking import within_unit
from chiron.evaluation.resampled_metrics import Metric
from schemas.base import Interval

__all__ = ["Resampled", "Runs", "two_level", "weights_of_resamples"]

K = TypeVar("K", bound=Hashable)

_LEVEL: Final = 0.95
_MOST_UNDEFINED: Final = 0.1  # of the resamples; beyond, what is left is no picture of the whole


@dataclass(frozen=True)
class Runs:
    """What the networks of one arm, trained on so many records, said of the test records. All finite."""

    probability_DINC: Floats


@dataclass(frozen=True)
class _Spread:
    """The mean over runs: as observed, in each resample, and in each with the test records as they were."""

    value: float
    resampled_R: Floats
    runs_only_R: Floats
    n_units: int


@dataclass(frozen=True)
class Resampled(Generic[K]):
    """One metric of several arms under the same resamples."""

    spreads: Mapping[K, _Spread]
    n_patients: int

    def value(self, key: K) -> float:
        """The mean over runs on all test records."""
        return self.spreads[key].value

    def values(self, key: K) -> Floats:
        """That value, then the same in every resample, (1 + R,); nan where one lacked a class. Paired over keys."""
        return np.concatenate([[self.value(key)], self.spreads[key].resampled_R])

    def interval(self, key: K) -> Interval:
        """Estimate -+ t x standard error on the scale of the logit, so within [0, 1]."""
        spread = self.spreads[key]
        sd = self._standard_error(spread)
        if sd is None:
            return Interval(value=_or_none(spread.value))
        lower, upper = within_unit(spread.value, self._t(spread) * sd)
        return Interval(value=spread.value, lower=lower, upper=upper)

    def difference(self, key: K, reference: K) -> tuple[Interval, float]:
        """`key` minus `reference`, paired, and its two-sided p-value; the interval excludes 0 where it is below .05.

        Estimate -+ t x standard error. The p-value is 1 where there is no spread to judge by.
        """
        spread = _less(self.spreads[key], self.spreads[reference])
        sd = self._standard_error(spread)
        if sd is None:
            return Interval(value=_or_none(spread.value)), 1.0
        half = self._t(spread) * sd
        p_value = float(2 * t.sf(abs(spread.value) / sd, self._degrees(spread))) if sd > 0 else float(spread.value == 0)
        return Interval(value=spread.value, lower=spread.value - half, upper=spread.value + half), p_value

    def standard_error(self, key: K, reference: K | None = None) -> float | None:
        """Of a value, or of a difference; None where too few resamples have one."""
        own = self.spreads[key]
        return self._standard_error(own if reference is None else _less(own, self.spreads[reference]))

    def _standard_error(self, spread: _Spread) -> float | None:
        drawn = spread.resampled_R[np.isfinite(spread.resampled_R)]
        return float(drawn.std(ddof=1)) if _are_enough(drawn, spread.resampled_R) else None

    def _degrees(self, spread: _Spread) -> float:
        """Satterthwaite: the variance due to runs has few degrees of freedom, that due to patients many."""
        whole = float(np.nanvar(spread.resampled_R))
        of_runs = min(float(np.nanvar(spread.runs_only_R)), whole)
        if spread.n_units < 2 or whole == 0:
            return float(self.n_patients - 1)
        return whole**2 / (of_runs**2 / (spread.n_units - 1) + (whole - of_runs) ** 2 / (self.n_patients - 1))

    def _t(self, spread: _Spread) -> float:
        return float(t.ppf(0.5 + _LEVEL / 2, self._degrees(spread)))


def two_level(  # noqa: PLR0913 - records, and how to resample them
    metric: Metric,
    runs: Mapping[K, Runs],
    truth: npt.ArrayLike,
    groups_N: npt.ArrayLike | None,
    weight_N: npt.ArrayLike | None = None,
    *,
    n_resamples: int = 1000,
    seed: int,
) -> Resampled[K]:
    """Resample runs and patients of all arms together.

    metric: `aurocs_of`, `ClassF1(n)`, ...; truth: (N,) as that metric wants it; groups: (N,) the patient of each
    record, None: every record is its own; weights: (N,), e.g. to bring classes to their natural mix.
    Arms may have other numbers of runs: those with as many draws see the same draws. Raises BadParameters.
    """
    truth_N = np.asarray(truth, dtype=np.int64)
    shapes = {each.probability_DINC.shape for each in runs.values()}
    if not runs or any(len(shape) != 4 or not all(shape) or shape[2] != truth_N.size for shape in shapes):
        raise BadParameters(f"runs: expected (draws, initialisations, {truth_N.size} records, classes), found {shapes}")
    if not all(np.isfinite(each.probability_DINC).all() for each in runs.values()):
        raise BadParameters("runs: expected finite probabilities, found others; leave such records out")
    rng = np.random.Generator(np.random.Philox(seed))
    weight_RN, n_patients = weights_of_resamples(groups_N, weight_N, truth_N.size, n_resamples, rng)
    most = max(_n_units(shape) for shape in shapes)
    where_RU = rng.random((n_resamples, most))
    spreads = {key: _spread(metric, each, truth_N, weight_RN, where_RU) for key, each in runs.items()}
    return Resampled(spreads, n_patients)


def weights_of_resamples(
    groups_N: npt.ArrayLike | None,
    weight_N: npt.ArrayLike | None,
    n_records: int,
    n_resamples: int,
    rng: np.random.Generator,
) -> tuple[Floats, int]:
    """How often each record is drawn, times its weight, (1 + R, N), and the number of patients; row 0: as they are.

    A patient is drawn with all records.
    """
    weight = checked_weight(weight_N, n_records)
    patient_N = np.arange(n_records) if groups_N is None else np.unique(groups_N, return_inverse=True)[1]
    if patient_N.shape != (n_records,):
        raise BadParameters(f"patients: expected one for each of {n_records} records, found {patient_N.shape}")
    n_patients = int(patient_N.max()) + 1
    weight_RN = np.empty((1 + n_resamples, n_records))
    weight_RN[0] = weight
    for r in range(1, 1 + n_resamples):
        times = np.bincount(rng.integers(n_patients, size=n_patients), minlength=n_patients)
        weight_RN[r] = times[patient_N] * weight
    return weight_RN, n_patients


def _n_units(shape: tuple[int, ...]) -> int:
    """What is drawn again: the draws, or of a single draw the initialisations."""
    return shape[0] if shape[0] > 1 else shape[1]


def _spread(metric: Metric, runs: Runs, truth_N: Ints, weight_RN: Floats, where_RU: Floats) -> _Spread:
    probability_DINC = np.asarray(runs.probability_DINC, dtype=np.float64)
    value_DIR = np.array([[metric(truth_N, each, weight_RN) for each in draw] for draw in probability_DINC])
    value_UR = value_DIR.mean(axis=1) if len(value_DIR) > 1 else value_DIR[0]
    n_units = len(value_UR)
    n_drawn = max(n_units - 1, 1)
    unit_RU = (where_RU[:, :n_drawn] * n_units).astype(np.int64)
    value, runs_only_R = float(value_UR[:, 0].mean()), value_UR[unit_RU, 0].mean(axis=1)
    patients_only_R = value_UR[:, 1:].mean(axis=0)
    return _Spread(value, runs_only_R + patients_only_R - value, runs_only_R, n_units)


def _less(one: _Spread, other: _Spread) -> _Spread:
    """Of arms with several runs each, the fewer runs say how sure their part of the variance is."""
    several = [n for n in (one.n_units, other.n_units) if n > 1]
    return _Spread(
        value=one.value - other.value,
        resampled_R=one.resampled_R - other.resampled_R,
        runs_only_R=one.runs_only_R - other.runs_only_R,
        n_units=min(several, default=1),
    )


def _are_enough(drawn: Floats, of_R: Floats) -> bool:
    return drawn.size > 1 and drawn.size >= (1 - _MOST_UNDEFINED) * of_R.size


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
