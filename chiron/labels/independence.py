"""Whether annotators err independently of each other, as weighed voting assumes.

Records that are hard for everybody make annotators err together. Then a few equal votes look like strong evidence, and
weighed votes over-rule majorities that are right. It shows in how many of the records with equally many votes have 0,
1, 2, ... votes for the finding.
Shapes: U distinct records, M votes of a record, S = M + 1 possible numbers of votes for the finding.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from chiron.labels.dawid_skene import Fit, Floats
from chiron.labels.patterns import Patterns

__all__ = ["depends"]

_ALPHA: Final = 0.05
_MIN_VOTES: Final = 3  # with fewer there is no number of votes that errors made together could change


def depends(patterns: Patterns, found: Fit, is_tested_u: npt.NDArray[np.bool_]) -> bool:
    """Whether the votes refute independent errors (5 % over all numbers of votes, Bonferroni).

    patterns: of two categories. Readers beyond those of `found` are left out. is_tested_u: which records to look at.
    """
    reader_um = np.where(patterns.tokens_um >= 0, patterns.tokens_um // 2, -1)
    is_vote_um = (reader_um >= 0) & (reader_um < found.rates_brkl.shape[1])
    is_tested = is_tested_u & (is_vote_um.sum(axis=1) >= _MIN_VOTES)
    if not is_tested.any():
        return False
    votes_um, times_u = is_vote_um[is_tested], patterns.times_u[is_tested]
    chance_us = _chance_of_number(np.where(votes_um, reader_um[is_tested], -1), found)
    number_u = (votes_um & (patterns.tokens_um[is_tested] % 2 == 1)).sum(axis=1)
    n_votes_u = votes_um.sum(axis=1)
    deviations = [
        _deviation(number_u[n_votes_u == n], chance_us[n_votes_u == n, : n + 1], times_u[n_votes_u == n])
        for n in np.unique(n_votes_u)
    ]
    deviation = np.concatenate(deviations)
    return bool(deviation.max() > norm.isf(_ALPHA / 2 / len(deviation)))


def _deviation(number_u: npt.NDArray[np.int64], chance_us: Floats, times_u: Floats) -> Floats:
    """(S,): how many standard deviations the records with each number of votes for the finding are off."""
    observed = np.bincount(number_u, weights=times_u, minlength=chance_us.shape[1])
    expected, variance = times_u @ chance_us, times_u @ (chance_us * (1 - chance_us))
    off: Floats = np.abs(observed - expected) / np.sqrt(np.maximum(variance, 1))
    return off


def _chance_of_number(reader_um: npt.NDArray[np.int64], found: Fit) -> Floats:
    """(U, S): the chance of each number of votes for the finding, given who voted (-1 where there is no vote)."""
    chance_uks = np.zeros((len(reader_um), 2, reader_um.shape[1] + 1))
    chance_uks[:, :, 0] = found.share_bk[0]
    says_it_rk = np.concatenate([found.rates_brkl[0, :, :, 1], np.zeros((1, 2))])  # the last: no vote, never for it
    for reader_u in reader_um.T:
        says_it_uk1 = says_it_rk[reader_u][:, :, None]
        one_more = np.pad(chance_uks[:, :, :-1] * says_it_uk1, ((0, 0), (0, 0), (1, 0)))
        chance_uks = chance_uks * (1 - says_it_uk1) + one_more
    chance: Floats = chance_uks.sum(axis=1)
    return chance
