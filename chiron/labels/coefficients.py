"""Coefficients of agreement, each from sums over records, so that a resample costs one product of matrices.

Shapes: U distinct records, K categories, C codes, B resamples. Missing readings are allowed everywhere. Which readings
are compared is decided in `chiron.labels.agreement`; how records are resampled, in `chiron.labels.patterns`.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, hstack

from schemas.agreement import AgreementStatistic

__all__ = ["COEFFICIENTS", "Tally", "contributions"]

Floats = npt.NDArray[np.float64]
_N_SCALARS: Final = 6


class Tally(NamedTuple):
    """Sums over the records of each resample.

    A record with one reading tells how often categories are chosen (`shares`), and nothing of agreement.
    """

    n_b: Floats  # records with a reading
    n_repeated_b: Floats  # records with two readings or more: the rest of the sums is over these, but for `shares`
    equal_b: Floats  # share of equal pairs of readings
    coincident_b: Floats  # readings that equal another of the record, as Krippendorff's coincidences count them
    both_present_b: Floats  # ordered pairs of readings that both found a code
    either_present_b: Floats  # the same, where the first of the pair found it
    shares_bk: Floats  # share of a record's readings in each category
    paired_bk: Floats  # readings in each category
    first_bk: Floats  # readings in each category by the first of two readers

    @classmethod
    def of(cls, sums_bm: Floats) -> Self:
        """From the sums of `contributions`."""
        scalars, rest = sums_bm[:, :_N_SCALARS], sums_bm[:, _N_SCALARS:]
        return cls(*scalars.T, *np.split(rest, 3, axis=1))


Coefficient = Callable[[Tally], Floats]
"""From the sums of each resample to its figure, (B,); nan where it is not defined."""


def contributions(
    counts_uk: csr_array, *, present_kc: csr_array | None = None, first_uk: csr_array | None = None
) -> csr_array:
    """What each record adds to the sums of a `Tally`, (U, 6 + 3 K).

    counts_uk: how many readings of the record chose each category. present_kc: which codes each category finds (1 or
    0). first_uk: the category that the first of two readers chose.
    """
    n_u = counts_uk.sum(axis=1).astype(np.float64)
    pairs_u = n_u * (n_u - 1)
    equal_pairs_u = counts_uk.power(2).sum(axis=1) - n_u
    is_repeated_u = (n_u > 1).astype(np.float64)
    found_uc = counts_uk @ present_kc if present_kc is not None else csr_array((len(n_u), 1))
    scalars = [
        (n_u > 0).astype(np.float64),
        is_repeated_u,
        _ratio(equal_pairs_u, pairs_u),
        _ratio(equal_pairs_u, n_u - 1),
        found_uc.power(2).sum(axis=1) - found_uc.sum(axis=1),
        found_uc.sum(axis=1) * (n_u - 1),
    ]
    by_category = [_scaled(counts_uk, _ratio(np.ones_like(n_u), n_u)), _scaled(counts_uk, is_repeated_u)]
    first = _scaled(first_uk, is_repeated_u) if first_uk is not None else csr_array(counts_uk.shape)
    return csr_array(hstack([csr_array(np.stack(scalars, axis=1)), *by_category, first]))


def percent_agreement(tally: Tally) -> Floats:
    """Share of equal pairs of readings in a record, averaged over records, in [0, 1]."""
    return _ratio(tally.equal_b, tally.n_repeated_b, otherwise=np.nan)


def cohen_kappa(tally: Tally) -> Floats:
    """Agreement of two readers beyond chance, in [-1, 1]; each by chance as often as before. Source: Cohen 1960."""
    n = tally.n_repeated_b[:, None]
    first, second = (_ratio(times, n) for times in (tally.first_bk, tally.paired_bk - tally.first_bk))
    return _beyond_chance(percent_agreement(tally), (first * second).sum(axis=1))


def fleiss_kappa(tally: Tally) -> Floats:
    """Agreement of several readers beyond chance, in [-1, 1].

    Each record counts once, however many readings it has. Source: Fleiss 1971; for unequal numbers of readings, Gwet,
    Handbook of Inter-Rater Reliability, 2014.
    """
    return _beyond_chance(percent_agreement(tally), np.square(_shares(tally)).sum(axis=1))


def gwet_ac1(tally: Tally) -> Floats:
    """Agreement beyond chance where chance is what readers do who can't tell; stable for rare findings.

    nan where there is one category only. Source: Gwet 2008; Handbook of Inter-Rater Reliability, 2014.
    """
    shares = _shares(tally)
    if shares.shape[1] < 2:
        return np.full(len(shares), np.nan)
    by_chance: Floats = (shares * (1 - shares)).sum(axis=1) / (shares.shape[1] - 1)
    return _beyond_chance(percent_agreement(tally), by_chance)


def krippendorff_alpha(tally: Tally) -> Floats:
    """1 - observed / expected disagreement of nominal readings; at most 1. Each reading counts once.

    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability.
    """
    n = tally.paired_bk.sum(axis=1)
    by_chance = _ratio((tally.paired_bk * (tally.paired_bk - 1)).sum(axis=1), n * (n - 1), otherwise=np.nan)
    return _beyond_chance(_ratio(tally.coincident_b, n, otherwise=np.nan), by_chance)


def positive_agreement(tally: Tally) -> Floats:
    """Given that one reading finds a code, the chance that another of the record does, in [0, 1].

    nan where none is found. Source: Spitzer and Fleiss 1974; de Vet and others 2017.
    """
    return _ratio(tally.both_present_b, tally.either_present_b, otherwise=np.nan)


COEFFICIENTS: Final[dict[AgreementStatistic, Coefficient]] = {
    AgreementStatistic.PERCENT_AGREEMENT: percent_agreement,
    AgreementStatistic.PERCENT_UNCHANGED: percent_agreement,
    AgreementStatistic.COHEN_KAPPA: cohen_kappa,
    AgreementStatistic.FLEISS_KAPPA: fleiss_kappa,
    AgreementStatistic.KRIPPENDORFF_ALPHA: krippendorff_alpha,
    AgreementStatistic.GWET_AC1: gwet_ac1,
    AgreementStatistic.POSITIVE_AGREEMENT: positive_agreement,
}


def _shares(tally: Tally) -> Floats:
    return _ratio(tally.shares_bk, tally.n_b[:, None], otherwise=np.nan)


def _scaled(rows: csr_array, factor_u: Floats) -> csr_array:
    return csr_array(rows.multiply(factor_u[:, None]))


def _ratio(above: Floats, below: Floats, *, otherwise: float = 0.0) -> Floats:
    """`above` / `below`; `otherwise` where there is nothing below."""
    room = np.broadcast_to(below, above.shape)
    ratio: Floats = np.divide(above, room, out=np.full(above.shape, otherwise), where=room > 0)
    return ratio


def _beyond_chance(observed: Floats, by_chance: Floats) -> Floats:
    """nan where chance alone gives full agreement."""
    room = 1 - by_chance
    return np.divide(observed - by_chance, room, out=np.full_like(room, np.nan), where=room > 1e-12)
