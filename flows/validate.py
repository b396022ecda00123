"""Decide whether a dataset may pass: labels, missingness, splits, and the gate."""

from prefect import flow

from chiron.errors import GateClosed
from schemas.manifest import DatasetRef
from schemas.params import ValidateParams
from schemas.results import StageOutcome
from tasks.artifacts import publish_gate, publish_stage
from tasks.validate import check_dataset, read_gate

__all__ = ["validate"]


@flow(name="validate")
def validate(params: ValidateParams, dataset: DatasetRef, name: str, workdir: str = "data") -> StageOutcome:
    """Check a dataset and make the validated one. Raises GateClosed where a blocking check does not pass."""
    outcome = check_dataset(params, dataset, name, workdir)
    gate = read_gate(outcome.ref)
    publish_stage(outcome)
    publish_gate(gate)
    if gate.blocked:
        raise GateClosed(f"gate of {name}: {gate.reasons}; see gate.json in {outcome.ref.path}")
    return outcome
