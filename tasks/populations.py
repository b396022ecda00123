"""Tasks about cohorts that are made for a dataset's holes."""

from pathlib import Path

from prefect import task

from chiron.datasets.dataset import open_dataset
from chiron.datasets.refs import write_ref
from chiron.populations.stage import count_filled, plan_filling
from schemas.cohort import CohortSpec
from schemas.manifest import DatasetRef
from schemas.params import FillParams
from schemas.results import StageOutcome
from tasks.policy import POLICY

__all__ = ["aim_at_holes", "count_what_is_filled"]


@task(**POLICY, tags=["fill"])
def aim_at_holes(params: FillParams, validated: DatasetRef) -> CohortSpec | None:
    """The cohort that fills the holes of a validated dataset; None where none can be filled."""
    return plan_filling(open_dataset(validated), params).spec


@task(**POLICY, tags=["fill"])
def count_what_is_filled(
    params: FillParams, validated: DatasetRef, cohort: DatasetRef | None, name: str, workdir: str
) -> StageOutcome:
    """Count the validated cohort's records in the holes, as they are measured."""
    outcome = count_filled(Path(workdir), params, validated, cohort)
    write_ref(Path(workdir), name, "fill", outcome.ref)
    return outcome
