"""The experiment's report and its predictions, put together from scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from chiron.boost.jobs import Cell
from chiron.boost.scores import Scores
from chiron.boost.tables import Measured, adjusted, interaction_of, measure_all
from chiron.boost.verdict import control_result, verdict_of
from chiron.evaluation.multiplicity import smallest_detectable
from chiron.labels.positive import positive
from chiron.learning.examples import Collection
from schemas.boost import Arm, BoostReport, Contrast, LossCurve, MetricTable
from schemas.codes import concept_name
from schemas.splits import PATIENT_LEVEL, RECORD_LEVEL
from schemas.tables import PREDICTIONS
from schemas.vanishing import LabelStep

__all__ = ["Facts", "predictions_of", "report_of"]


@dataclass(frozen=True)
class Facts:
    """What the experiment was made on."""

    train: Collection
    valid: Collection
    test: Collection
    n_cohort: int
    n_related: int
    label_steps: tuple[LabelStep, ...]


def report_of(scores: Scores, facts: Facts, losses: tuple[LossCurve, ...], device: str) -> BoostReport:
    """Tables, controls, verdict."""
    plan, size = scores.plan, scores.plan.primary_size
    best = scores.best_without(size)
    measured = measure_all(scores)
    tables = adjusted([each.table for each in measured])
    primary = tables[0].primary
    detectable = _detectable(measured[0], primary)
    return BoostReport(
        plan=plan,
        target_name=concept_name(plan.target.key),
        unit="patient" if facts.test.patients_known else "record",
        level=PATIENT_LEVEL if facts.test.patients_known else RECORD_LEVEL,
        device=device,
        n_train=len(facts.train.record_ids),
        n_train_positive=_n_positive(facts.train),
        n_valid=len(facts.valid.record_ids),
        n_test=len(facts.test.record_ids),
        n_test_positive=_n_positive(facts.test),
        n_cohort=facts.n_cohort,
        n_related=facts.n_related,
        best_without=best,
        tables=tables,
        controls=tuple(control_result(measured[0], control, size, best) for control in plan.controls),
        smallest_detectable=detectable,
        interaction=interaction_of(measured[0], size),
        losses=losses,
        label_steps=facts.label_steps,
        is_boosted=primary.difference.is_above_zero,
        verdict=verdict_of(primary, _over_scratch(tables[0], size), detectable),
    )


def predictions_of(scores: Scores, record_ids: Sequence[str]) -> pl.DataFrame:
    """Of every arm at every size the probability of each code in each test record, mean over runs."""
    parts = [
        pl.DataFrame(
            {
                "record_id": record_ids,
                "arm": cell.label,
                "n_real": cell.n_real,
                "code_system": code.system.value,
                "code": code.code,
                "probability": np.mean([scores.test[job][:, k] for draw in draws for job in draw], axis=0),
            }
        )
        for cell, draws in scores.cells.items()
        for k, code in enumerate(scores.codes)
    ]
    return pl.concat(parts).select(*PREDICTIONS.columns).cast(PREDICTIONS.polars)


def _n_positive(collection: Collection) -> int:
    return int(positive(collection.examples.target_NC[:, 0]).sum())


def _over_scratch(table: MetricTable, n_real: int) -> Contrast | None:
    wanted = (Arm.SYNTHETIC_FIRST, Arm.SCRATCH, n_real)
    return next((c for c in table.contrasts if (c.arm, c.reference, c.n_real) == wanted), None)


def _detectable(measured: Measured, primary: Contrast) -> float | None:
    own, reference = (Cell(arm.value, primary.n_real) for arm in (primary.arm, primary.reference))
    error = measured.resampled.standard_error(own, reference)
    return None if error is None else smallest_detectable(error)
