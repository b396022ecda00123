"""Hidden truth from several readings: each annotator has a rate of each error, each record one true category.

Estimated by expectation and maximisation, for several weightings of the records at once. Source: Dawid and Skene
1979, Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm. The priors are not theirs: they
count readings that each annotator is thought to have made before, most of them right, so that the categories keep
their names.
Shapes: B weightings, U distinct records, R annotators, K categories.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

__all__ = ["ERRORS_ARE_RARE", "NO_PRIOR", "Fit", "Prior", "Said", "fit", "times_said"]

Floats = npt.NDArray[np.float64]

_MAX_ITERATIONS: Final = 2000
_TOLERANCE: Final = 1e-7  # the largest change of a rate or a share
_ALMOST_NONE: Final = 1e-300


class Prior(NamedTuple):
    """Readings thought of before: of each annotator and true category, and records of each category."""

    right: float
    wrong: float
    records: float


NO_PRIOR: Final = Prior(right=0, wrong=0, records=0)
"""Maximum likelihood, as published."""
ERRORS_ARE_RARE: Final = Prior(right=4, wrong=1, records=1)
"""Four of five right: better than chance, and forgotten after some dozens of readings."""


class Fit(NamedTuple):
    """What was estimated; `rates_brkl[b, r, k, l]` is how often annotator r says l where k is true."""

    posterior_buk: Floats
    share_bk: Floats
    rates_brkl: Floats
    converged: bool


class Said(NamedTuple):
    """What was said of each record, and what is known.

    counts_ut: (U, R * K) how often each annotator said each category; once at least in a record. known_uk: the truth
    where it is known, 1 in its category; rows of zeros where it is not.
    """

    counts_ut: csr_array
    known_uk: Floats


def times_said(said: Said) -> Floats:
    """(U, K): how often each category was said of each record."""
    n_categories = said.known_uk.shape[1]
    n_readers = said.counts_ut.shape[1] // n_categories
    times: Floats = said.counts_ut @ np.tile(np.eye(n_categories), (n_readers, 1))
    return times


def fit(
    said: Said,
    weights_bu: Floats,
    *,
    prior: Prior,
    start_uk: Floats | None = None,
    max_iterations: int = _MAX_ITERATIONS,
) -> Fit:
    """Estimate truth and errors.

    weights_bu: how often each record occurs. start_uk: the posterior to begin with, else the shares of the readings.
    """
    counts_ut, known = said
    start = _shares_said(said) if start_uk is None else start_uk
    shape = (len(start), len(weights_bu), known.shape[1])
    posterior = np.broadcast_to(_with_known(start[:, None], known), shape)
    share, rates = _maximise(counts_ut, weights_bu, posterior, prior)
    change, iteration = np.inf, 0
    while change > _TOLERANCE and iteration < max_iterations:
        posterior = _with_known(_expect(counts_ut, share, rates), known)
        before, (share, rates) = (share, rates), _maximise(counts_ut, weights_bu, posterior, prior)
        change = max(np.abs(share - before[0]).max(), np.abs(rates - before[1]).max())
        iteration += 1
    return Fit(posterior.transpose(1, 0, 2), share, rates.transpose(2, 0, 3, 1), bool(change <= _TOLERANCE))


def _shares_said(said: Said) -> Floats:
    times = times_said(said)
    shares: Floats = times / times.sum(axis=1, keepdims=True)
    return shares


def _with_known(posterior_ubk: Floats, known_uk: Floats) -> Floats:
    is_known = known_uk.sum(axis=1)[:, None, None] > 0
    return np.where(is_known, known_uk[:, None], posterior_ubk)


def _maximise(counts_ut: csr_array, weights_bu: Floats, posterior_ubk: Floats, prior: Prior) -> tuple[Floats, Floats]:
    """Shares of the categories (B, K), and rates (R, said, B, true)."""
    n_records, n_weightings, n_categories = posterior_ubk.shape
    weighted = posterior_ubk * weights_bu.T[:, :, None]
    records = weighted.sum(axis=0) + prior.records
    said = (counts_ut.T @ weighted.reshape(n_records, -1)).reshape(-1, n_categories, n_weightings, n_categories)
    before = np.where(np.eye(n_categories, dtype=bool), prior.right, prior.wrong)[:, None, :]
    rates = said + before
    of_all = rates.sum(axis=1, keepdims=True)
    share: Floats = records / records.sum(axis=1, keepdims=True)
    return share, np.divide(rates, of_all, out=np.zeros_like(rates), where=of_all > 0)


def _expect(counts_ut: csr_array, share_bk: Floats, rates_rlbk: Floats) -> Floats:
    """The chance of each category of each record, (U, B, K)."""
    logs = np.log(np.maximum(rates_rlbk, _ALMOST_NONE)).reshape(counts_ut.shape[1], -1)
    chance: Floats = (counts_ut @ logs).reshape(-1, *share_bk.shape) + np.log(np.maximum(share_bk, _ALMOST_NONE))
    chance = np.exp(chance - chance.max(axis=2, keepdims=True))
    chance /= chance.sum(axis=2, keepdims=True)
    return chance
