"""Train on real and synthetic data, compare, and register what is better."""

from typing import Any, cast

from prefect import State, flow
from prefect.states import Completed

from schemas.params import TrainingData, TrainParams
from schemas.registry import Registration
from schemas.results import StageOutcome
from tasks.artifacts import publish_registration, publish_stage
from tasks.registry import register_model
from tasks.train import fine_tune, pretrain, score_and_compare

__all__ = ["train"]


@flow(name="train")
def train(
    params: TrainParams, data: TrainingData, name: str, workdir: str = "data"
) -> tuple[StageOutcome, Registration]:
    """Compare training with and without the cohort on the test split; register the model where the gate is open.

    Where it is closed, the run ends in a state `GateClosed` that says why, and nothing is registered.
    """
    pretrain(params, data, workdir)
    fine_tune(params, data, workdir)
    outcome = score_and_compare(params, data, name, workdir)
    publish_stage(outcome)
    registration = register_model(outcome.ref, data.real, data.cohort, name, workdir)
    publish_registration(registration)
    if registration.model is None:
        both = outcome, registration
        closed: State[Any] = Completed(name="GateClosed", message=registration.gate.reasons, data=both)
        return cast("tuple[StageOutcome, Registration]", closed)  # who calls a flow gets the data of its state
    return outcome, registration
