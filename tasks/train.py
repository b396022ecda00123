"""Tasks that train and prove models: three steps of one stage, each a Prefect task whose jobs Dask spreads.

A task that is tried again goes on with the jobs that are missing.
"""

from pathlib import Path

from prefect import task

from chiron.datasets.refs import write_ref
from chiron.models.stage import fine_tune_networks, pretrain_networks, train_models
from chiron.settings import settings
from schemas.params import TrainingData, TrainParams
from schemas.results import StageOutcome
from tasks.cluster import process_map
from tasks.policy import POLICY

__all__ = ["fine_tune", "pretrain", "score_and_compare"]


@task(**POLICY, tags=["train", "gpu"])
def pretrain(params: TrainParams, data: TrainingData, workdir: str) -> None:
    """Pre-train, and train every arm that waits for no network."""
    with process_map() as over:
        pretrain_networks(Path(workdir), params, data, map=over, n_workers=settings().workers)


@task(**POLICY, tags=["train", "gpu"])
def fine_tune(params: TrainParams, data: TrainingData, workdir: str) -> None:
    """Fine-tune what was pre-trained."""
    with process_map() as over:
        fine_tune_networks(Path(workdir), params, data, map=over)


@task(**POLICY, tags=["train", "gpu"])
def score_and_compare(params: TrainParams, data: TrainingData, name: str, workdir: str) -> StageOutcome:
    """Score all arms on the test split, once; tables, verdict and the model's file."""
    with process_map() as over:
        outcome = train_models(Path(workdir), params, data, map=over, n_workers=settings().workers)
    write_ref(Path(workdir), name, "train", outcome.ref)
    return outcome
