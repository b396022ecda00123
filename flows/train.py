"""Train on real and synthetic data, compare, and register what is better."""

from prefect import flow

from schemas.manifest import DatasetRef
from schemas.params import TrainParams
from schemas.results import StageOutcome
from schemas.trained import RegisteredModel
from tasks.artifacts import publish_model, publish_stage
from tasks.train import fit_and_compare, register_candidate

__all__ = ["train"]


@flow(name="train")
def train(
    params: TrainParams, real: DatasetRef, cohort: DatasetRef, name: str, workdir: str = "data"
) -> tuple[StageOutcome, RegisteredModel | None]:
    """Compare training with and without the cohort on the test split; register the model if it helped."""
    outcome = fit_and_compare(params, real, cohort, name, workdir)
    publish_stage(outcome)
    model = register_candidate(outcome.ref, name, workdir)
    publish_model(model)
    return outcome, model
