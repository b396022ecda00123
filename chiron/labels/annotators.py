"""What several annotators together make likely of one code, and how well each of them reads it.

The method is weighed voting (Dawid and Skene 1979). It is refused, with the reason, where there is too little to weigh
by, where annotators do not err independently, and where its result could be the wrong way round.
Shapes: U distinct records, R annotators, B resamples; of two categories, absent is 0 and present 1.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import beta

from chiron.labels.against_truth import Reader
from chiron.labels.dawid_skene import ERRORS_ARE_RARE, Fit, Floats, Said, fit, times_said
from chiron.labels.independence import depends
from chiron.labels.patterns import LEVEL, Patterns, patterns_of
from schemas.base import Interval

__all__ = ["Refused", "Weighed", "weigh"]

_MIN_ANNOTATORS: Final = 3  # two who differ do not say who errs
_MIN_SHARED: Final = 10  # records that an annotator has in common with others, to be compared at all
_MIN_RECORDS: Final = 30  # read by three
_MIN_FOUND: Final = 10  # per annotator: records that most say have it, and as many that have not (Peduzzi 1996)
_N_RESAMPLES: Final = 200
_ITERATIONS_OF_RESAMPLE: Final = 30  # from the estimate of all records
_DIGITS: Final = 6  # what follows depends on the machine's order of summation


class Refused(NamedTuple):
    """Votes are to be counted, and not weighed."""

    reason: str


class Weighed(NamedTuple):
    """The chance of the finding in each record (record_id, weighed), its prevalence, and the annotators."""

    records: pl.DataFrame
    prevalence: float
    readers: tuple[Reader, ...]


def weigh(votes: pl.DataFrame, known: pl.DataFrame, patients: pl.DataFrame | None = None) -> Weighed | Refused:
    """Weigh the `votes` (record_id, annotator_id, present) on one code.

    known: record_id, present, where the truth is known. patients: record_id, patient, for the intervals. Annotators
    who hardly read what others read can't be judged: their votes take no part.
    """
    judged = _judged(votes)
    if refused := _too_little(votes, judged):
        return refused
    names = tuple(sorted(judged["annotator_id"].unique()))
    patterns = _patterns(judged, known, names, patients)
    said = _said(patterns, len(names))
    found = fit(said, patterns.times_u[None], prior=ERRORS_ARE_RARE)
    if refused := _misfit(said, patterns, found):
        return refused
    estimate = _Estimate(names, patterns, said, found, *_bounds(said, patterns, found))
    return _switched(estimate) or _weighed(estimate)


class _Estimate(NamedTuple):
    """Bounds are of specificity and sensitivity, (R, 2)."""

    names: tuple[str, ...]
    patterns: Patterns
    said: Said
    found: Fit
    lower_r2: Floats
    upper_r2: Floats


def _judged(votes: pl.DataFrame) -> pl.DataFrame:
    shared = votes.with_columns(is_shared=pl.len().over("record_id") > 1)
    return shared.filter(pl.col("is_shared").sum().over("annotator_id") >= _MIN_SHARED).drop("is_shared")


def _too_little(votes: pl.DataFrame, judged: pl.DataFrame) -> Refused | None:
    n_annotators, n_judged = votes["annotator_id"].n_unique(), judged["annotator_id"].n_unique()
    if n_annotators < _MIN_ANNOTATORS:
        return Refused(f"{n_annotators} annotators: expected {_MIN_ANNOTATORS} or more, to tell who errs")
    if n_judged < _MIN_ANNOTATORS:
        return Refused(f"{n_judged} annotators share {_MIN_SHARED} records with others: expected {_MIN_ANNOTATORS}")
    records = judged.group_by("record_id").agg(n=pl.len(), share=pl.col("present").mean())
    n_compared = records.filter(pl.col("n") >= _MIN_ANNOTATORS).height
    if n_compared < _MIN_RECORDS:
        return Refused(f"{n_compared} records read by {_MIN_ANNOTATORS}: expected {_MIN_RECORDS} or more")
    compared = records.filter(pl.col("n") > 1)["share"]
    n_found, n_absent, n_wanted = int((compared > 0.5).sum()), int((compared < 0.5).sum()), _MIN_FOUND * n_judged
    if min(n_found, n_absent) < n_wanted:
        what = f"most votes find it in {n_found} records, and not in {n_absent}"
        return Refused(f"{what}: expected {n_wanted} of each or more, to judge {n_judged} annotators")
    return None


def _patterns(
    votes: pl.DataFrame, known: pl.DataFrame, names: Sequence[str], patients: pl.DataFrame | None
) -> Patterns:
    """The truth, where it is known, is one more reader, the last."""
    numbers = {name: number for number, name in enumerate(names)}
    category = pl.col("present").cast(pl.Int64)
    reader = pl.col("annotator_id").replace_strict(numbers, return_dtype=pl.Int64)
    said = votes.select("record_id", reader=reader, category=category)
    truth = known.join(votes.select("record_id").unique(), on="record_id", how="semi")
    of_truth = truth.select("record_id", reader=pl.lit(len(names), pl.Int64), category=category)
    return patterns_of(pl.concat([said, of_truth]), n_categories=2, patients=patients)


def _said(patterns: Patterns, n_readers: int) -> Said:
    counts = patterns.counts_by_reader(n_readers + 1).tocsc()
    return Said(counts[:, : 2 * n_readers].tocsr(), counts[:, 2 * n_readers :].toarray())


def _rates(found: Fit) -> npt.NDArray[np.float64]:
    """Specificity and sensitivity, (B, R, 2)."""
    return np.stack([found.rates_brkl[:, :, 0, 0], found.rates_brkl[:, :, 1, 1]], axis=2)


def _bounds(said: Said, patterns: Patterns, found: Fit) -> tuple[Floats, Floats]:
    """Of specificity and sensitivity, (R, 2) each: the wider of what the readings tell and what resamples tell.

    The one does not know how uncertain the truth is, the other trusts an annotator with three readings.
    """
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    start_uk = found.posterior_buk[0]
    refits = (
        fit(said, block, prior=ERRORS_ARE_RARE, start_uk=start_uk, max_iterations=_ITERATIONS_OF_RESAMPLE)
        for block in patterns.resamples(_N_RESAMPLES)
    )
    resampled = [_rates(refit) for refit in refits]
    lower, upper = np.quantile(np.concatenate(resampled), tails, axis=0)
    said_rlk = (said.counts_ut.T @ (start_uk * patterns.times_u[:, None])).reshape(-1, 2, 2)
    right = said_rlk[:, [0, 1], [0, 1]] + ERRORS_ARE_RARE.right
    wrong = said_rlk[:, [1, 0], [0, 1]] + ERRORS_ARE_RARE.wrong
    return np.minimum(lower, beta.ppf(tails[0], right, wrong)), np.maximum(upper, beta.ppf(tails[1], right, wrong))


def _misfit(said: Said, patterns: Patterns, found: Fit) -> Refused | None:
    """Why the method does not fit these votes; none where it may."""
    if not found.converged:
        return Refused("the annotators' errors can't be estimated: expected convergence, found none")
    if depends(patterns, found, said.known_uk.sum(axis=1) == 0):
        return Refused("the annotators do not err independently: expected errors that others do not share")
    return None


def _switched(estimate: _Estimate) -> Refused | None:
    """Whether present and absent may have changed places: most annotators beat chance, most majorities are right."""
    n_better = int((estimate.lower_r2.sum(axis=1) > 1).sum())
    n_worse = int((estimate.upper_r2.sum(axis=1) < 1).sum())
    if n_worse >= n_better:
        what = "surely have sensitivity + specificity above 1"
        return Refused(f"{n_better} annotators {what}, and {n_worse} surely below: expected most to be above")
    if min(_majority_upheld(estimate)) <= 0.5:
        return Refused("the weighed votes contradict most majorities: expected them to uphold most")
    return None


def _majority_upheld(estimate: _Estimate) -> tuple[float, float]:
    """Of the records that most say have it not, and that most say have it: the share where the weighed votes agree."""
    said, times_u = estimate.said, estimate.patterns.times_u
    times_uk = times_said(said)
    chance_uk = estimate.found.posterior_buk[0]
    absent, present = (
        float(np.average(chance_uk[is_most, k] > 0.5, weights=times_u[is_most]))
        for k, is_most in enumerate((times_uk[:, 0] > times_uk[:, 1], times_uk[:, 1] > times_uk[:, 0]))
    )
    return absent, present


def _weighed(estimate: _Estimate) -> Weighed:
    found, patterns = estimate.found, estimate.patterns
    n_readings_r = (estimate.said.counts_ut.T @ patterns.times_u).reshape(-1, 2).sum(axis=1)
    intervals = [
        [_interval(*three) for three in zip(*of_reader, strict=True)]
        for of_reader in zip(_rates(found)[0], estimate.lower_r2, estimate.upper_r2, strict=True)
    ]
    readers = tuple(
        Reader(name, int(n_readings), sensitivity, specificity)
        for name, n_readings, (specificity, sensitivity) in zip(estimate.names, n_readings_r, intervals, strict=True)
    )
    chance = pl.Series(np.round(found.posterior_buk[0, :, 1], _DIGITS))
    records = patterns.records.select("record_id", weighed=chance.gather(patterns.records["row"]))
    return Weighed(records, round(float(found.share_bk[0, 1]), _DIGITS), readers)


def _interval(value: float, lower: float, upper: float) -> Interval:
    value, lower, upper = (round(float(bound), _DIGITS) for bound in (value, lower, upper))
    return Interval(value=value, lower=lower, upper=upper, level=LEVEL)
