"""Tasks that train, prove and register models."""

from pathlib import Path

from prefect import task

from chiron.datasets.refs import write_ref
from chiron.models.promotion import register_if_better
from chiron.models.stage import train_models
from chiron.settings import settings
from schemas.manifest import DatasetRef
from schemas.params import TrainParams
from schemas.results import StageOutcome
from schemas.trained import RegisteredModel
from tasks.policy import POLICY

__all__ = ["fit_and_compare", "register_candidate"]


@task(**POLICY, tags=["train", "gpu"])
def fit_and_compare(params: TrainParams, real: DatasetRef, cohort: DatasetRef, name: str, workdir: str) -> StageOutcome:
    """Train every arm, then score all of them on the test split, once."""
    outcome = train_models(Path(workdir), params, real, cohort)
    write_ref(Path(workdir), name, "train", outcome.ref)
    return outcome


@task(**POLICY, tags=["train"])
def register_candidate(trained: DatasetRef, name: str, workdir: str) -> RegisteredModel | None:
    """Register the model where the comparison speaks for it; None where it does not."""
    return register_if_better(Path(workdir), trained, name, tracking_uri=settings().mlflow_tracking_uri)
