"""Where the weights of the score come from; `make bench NAME=quality` prints them anew.

Simulated recordings, of which some are nothing but noise or drown in it: one lead and twelve, at three rates, with the
rhythms, noises and recorders of `chiron.synthesis`. No real recording takes part.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import minimize

from chiron.measures.quality_beats import beat_measures
from chiron.measures.quality_noise import wander_amplitude
from chiron.measures.quality_windows import WINDOW_S, Floats, cut
from chiron.quality.signal_score import WEIGHTS, terms
from chiron.synthesis.record import synthesize_record
from schemas.codes import NOISE
from schemas.cohort import LEADS, CohortSpec

__all__ = ["Simulated", "fit_weights", "fitted_weights", "simulate"]

_RATES_HZ: Final = (100.0, 300.0, 500.0)
_SEED: Final = 101
_N_SINGLE: Final = 1000  # of each rate
_N_TWELVE: Final = 100
_RIDGE: Final = 1e-4


class Simulated(NamedTuple):
    """R windows: terms (R, 3), whether there is a heart to read, and of how many leads the recording is, (R,)."""

    terms: Floats
    readable: np.ndarray
    n_leads: np.ndarray


def fitted_weights() -> dict[str, float]:
    """`WEIGHTS`, made anew; takes some ten seconds."""
    return fit_weights(simulate(_SEED, n_single=_N_SINGLE, n_twelve=_N_TWELVE))


def simulate(seed: int, *, n_single: int, n_twelve: int) -> Simulated:
    """Windows of simulated recordings: `n_single` of one lead and `n_twelve` of twelve, for each rate."""
    parts = [
        part
        for fs_hz in _RATES_HZ
        for leads, n in ((("I",), n_single), (LEADS, n_twelve))
        for part in _cohort(CohortSpec(seed=seed, fs_hz=fs_hz, duration_s=WINDOW_S, leads=leads), n)
    ]
    return Simulated(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _cohort(spec: CohortSpec, n_records: int) -> Iterator[Simulated]:
    for index in range(n_records):
        record = synthesize_record(spec, index)
        rows = cut((record.signal / spec.gain_per_mv).astype(np.float32), spec.fs_hz)
        n = len(rows.x)
        readable = np.full(n, not record.findings[NOISE])
        yield Simulated(terms(beat_measures(rows), wander_amplitude(rows)), readable, np.full(n, len(spec.leads)))


def fit_weights(simulated: Simulated) -> dict[str, float]:
    """Bias and weights of a logistic regression without negative weights, in the order of `WEIGHTS`.

    Noise and no noise, one lead and twelve weigh the same.
    """
    weight = _balance(simulated)
    sign = np.where(simulated.readable, -1.0, 1.0)

    def loss(coefficients: Floats) -> float:
        margin = sign * (simulated.terms @ coefficients[1:] + coefficients[0])
        return float(weight @ np.logaddexp(0, margin) + _RIDGE * coefficients[1:] @ coefficients[1:])

    n_terms = simulated.terms.shape[1]
    found = minimize(loss, np.zeros(n_terms + 1), bounds=[(None, None), *[(0, None)] * n_terms])
    return dict(zip(WEIGHTS, found.x.round(2).tolist(), strict=True))


def _balance(simulated: Simulated) -> Floats:
    group = 2 * simulated.readable + (simulated.n_leads == 1)
    _, member, size = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray(1 / (len(size) * size[member]))
