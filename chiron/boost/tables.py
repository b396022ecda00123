"""From scores to tables: every arm at every size, paired differences, label efficiency. No choice is made here.

Shapes: records N, classes C, resamples R, sizes S.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from chiron.boost.jobs import Cell
from chiron.boost.scores import Scores
from chiron.evaluation.efficiency import label_efficiency
from chiron.evaluation.multiplicity import holm
from chiron.evaluation.resampled_metrics import ClassF1, Metric, aurocs_of
from chiron.evaluation.resampling import Resampled, two_level
from chiron.labels.positive import positive
from schemas.base import Interval
from schemas.boost import WITHOUT_SYNTHETIC, Arm, Contrast, CurvePoint, Efficiency, MetricName, MetricTable, Mix

__all__ = ["Measured", "adjusted", "interaction_of", "measure_all"]

_SYNTHETIC: Final = (Arm.SYNTHETIC_FIRST, Arm.BOTH_FIRST)
_OF_RELATED: Final = ((Arm.RELATED_FIRST, Arm.SCRATCH), (Arm.BOTH_FIRST, Arm.SYNTHETIC_FIRST))


class _Question(NamedTuple):
    """A metric, the truth (N,) as it wants it, and the columns of the probabilities that it looks at."""

    name: MetricName
    metric: Metric
    truth_N: np.ndarray
    columns: np.ndarray


@dataclass(frozen=True)
class Measured:
    """One metric under one mix, with the resamples that everything in its table comes from."""

    table: MetricTable
    resampled: Resampled[Cell]


def measure_all(scores: Scores) -> tuple[Measured, ...]:
    """A table for each metric and mix that there is, the primary one first: AUROC of the target, as sampled."""
    even = np.ones(len(scores.truth_test_NC))
    natural = _natural_weights(scores)
    mixes = [(Mix.SAMPLED, even), *([(Mix.NATURAL, natural)] if natural is not None else [])]
    return tuple(_measured(scores, question, mix, weight) for mix, weight in mixes for question in _questions(scores))


def _questions(scores: Scores) -> Iterator[_Question]:
    of_target = positive(scores.truth_test_NC[:, 0]).astype(np.int64)
    yield _Question(MetricName.AUROC, aurocs_of, of_target, np.array([0]))
    if n_scored := scores.plan.target.n_scored:
        yield _Question(MetricName.MEAN_F1, ClassF1(n_scored), _class_of(scores), scores.classes)


def adjusted(tables: Sequence[MetricTable]) -> tuple[MetricTable, ...]:
    """With Holm's p-values over all contrasts of all tables but the primary one, which was declared beforehand."""
    p_holm = iter(holm([c.p_value for table in tables for c in table.contrasts if not c.primary]))
    return tuple(
        table.model_copy(
            update={
                "contrasts": tuple(
                    c if c.primary else c.model_copy(update={"p_holm": next(p_holm)}) for c in table.contrasts
                )
            }
        )
        for table in tables
    )


def interaction_of(measured: Measured, n_real: int) -> Interval | None:
    """What synthetic data adds after related data, less what it adds to nothing; None where the plan lacks an arm.

    Below zero: the two teach the same. The interval is as wide as that of the less certain of both differences.
    """
    arms = (Arm.BOTH_FIRST, Arm.RELATED_FIRST, Arm.SYNTHETIC_FIRST, Arm.SCRATCH)
    both, related, synthetic, scratch = (Cell(arm.value, n_real) for arm in arms)
    resampled = measured.resampled
    if not {both, related, synthetic, scratch} <= resampled.spreads.keys():
        return None
    with_related_R = resampled.values(both) - resampled.values(related)
    value, *drawn = with_related_R - (resampled.values(synthetic) - resampled.values(scratch))
    if not np.isfinite(drawn).all():
        return Interval(value=float(value))
    reach = max(_t_of(resampled, both, related), _t_of(resampled, synthetic, scratch))
    half = reach * float(np.std(drawn, ddof=1))
    return Interval(value=float(value), lower=float(value) - half, upper=float(value) + half)


def _t_of(resampled: Resampled[Cell], cell: Cell, reference: Cell) -> float:
    """By how many standard errors the interval of a difference reaches out."""
    interval, _ = resampled.difference(cell, reference)
    error = resampled.standard_error(cell, reference)
    if not error or interval.upper is None or interval.value is None:
        return 0.0
    return (interval.upper - interval.value) / error


def _measured(scores: Scores, question: _Question, mix: Mix, weight_N: np.ndarray) -> Measured:
    plan, metric, truth_N = scores.plan, question.metric, question.truth_N
    is_primary = (question.name, mix) == (MetricName.AUROC, Mix.SAMPLED)
    cells = list(scores.cells) if is_primary else _of_arms(scores)
    runs = {cell: scores.runs_of(cell, question.columns) for cell in cells}
    resampled = two_level(
        metric, runs, truth_N, scores.patients_N, weight_N, n_resamples=plan.n_resamples, seed=plan.seed
    )

    def points() -> Iterator[CurvePoint]:
        for cell in _of_arms(scores):
            jobs = [job for draw in scores.cells[cell] for job in draw]
            every = runs[cell].probability_DINC.reshape(-1, *runs[cell].probability_DINC.shape[2:])
            yield CurvePoint(
                arm=Arm(cell.label),
                n_real=cell.n_real,
                n_positive=float(np.mean([scores.n_positive[job] for job in jobs])),
                n_runs=len(jobs),
                value=resampled.interval(cell),
                runs=tuple(float(metric(truth_N, each, weight_N[None])[0]) for each in every),
            )

    table = MetricTable(
        metric=question.name,
        mix=mix,
        points=tuple(points()),
        contrasts=tuple(_contrasts(scores, resampled, is_primary=is_primary)),
        efficiencies=tuple(_efficiencies(scores, resampled)),
    )
    return Measured(table, resampled)


def _of_arms(scores: Scores) -> list[Cell]:
    return [cell for cell in scores.cells if cell.label in set(Arm)]


def _contrasts(scores: Scores, resampled: Resampled[Cell], *, is_primary: bool) -> Iterator[Contrast]:
    """Arms with the cohort against each without it; and what related data adds, with the cohort and without it."""
    plan, sizes = scores.plan, scores.sizes()
    pairs = [(arm, reference) for arm in _SYNTHETIC for reference in WITHOUT_SYNTHETIC]
    primary = (Arm.SYNTHETIC_FIRST, scores.best_without(plan.primary_size), plan.primary_size)
    for n in sizes:
        for arm, reference in (*pairs, *_OF_RELATED):
            if arm in plan.arms and reference in plan.arms:
                difference, p_value = resampled.difference(Cell(arm.value, n), Cell(reference.value, n))
                yield Contrast(
                    arm=arm,
                    reference=reference,
                    n_real=n,
                    difference=difference,
                    p_value=p_value,
                    primary=is_primary and (arm, reference, n) == primary,
                )


def _efficiencies(scores: Scores, resampled: Resampled[Cell]) -> Iterator[Efficiency]:
    """Of synthetic first at each size, against the best arm without it at each size, and against scratch."""
    sizes = scores.sizes()
    best = {n: scores.best_without(n) for n in sizes}
    scratch = dict.fromkeys(sizes, Arm.SCRATCH)
    for n in sizes:
        own = Cell(Arm.SYNTHETIC_FIRST.value, n)
        for arm_of in _references(scores, best, scratch, n):
            curve = [Cell(arm_of[size].value, size) for size in sizes]
            reference_RS = np.stack([resampled.values(cell) for cell in curve], axis=1)
            found = label_efficiency(n, resampled.values(own), sizes, reference_RS)
            yield Efficiency(n_real=n, reference=arm_of[n], ratio=found.ratio, censored=found.censored)


def _references(scores: Scores, best: dict[int, Arm], scratch: dict[int, Arm], n: int) -> Iterator[dict[int, Arm]]:
    """The arm at each size: the best one; and scratch, where it is trained and another one at this size."""
    yield best
    if Arm.SCRATCH in scores.plan.arms and best[n] is not Arm.SCRATCH:
        yield scratch


def _class_of(scores: Scores) -> np.ndarray:
    """The position of each test record's class in the plan, (N,)."""
    return np.asarray(np.nan_to_num(scores.truth_test_NC[:, scores.classes]).argmax(axis=1))


def _natural_weights(scores: Scores) -> np.ndarray | None:
    """Weights of the test records under which classes are as frequent as the plan says, (N,); None: it doesn't say."""
    shares = np.array(scores.plan.target.natural_shares)
    if not shares.size:
        return None
    of_class = _class_of(scores)
    found = np.bincount(of_class, minlength=shares.size) / of_class.size
    return np.asarray((shares / np.maximum(found, 1e-9))[of_class])
