"""Tasks that decide which labels hold and what is missing."""

from pathlib import Path

from prefect import task

from chiron.datasets.dataset import open_dataset
from chiron.datasets.refs import write_ref
from chiron.quality.validate import validate_dataset
from schemas.gate import GateReport
from schemas.manifest import DatasetRef
from schemas.params import ValidateParams
from schemas.results import StageOutcome
from tasks.policy import POLICY

__all__ = ["check_dataset", "read_gate"]


@task(**POLICY, tags=["validate"])
def check_dataset(params: ValidateParams, dataset: DatasetRef, name: str, workdir: str) -> StageOutcome:
    """Make the validated dataset: consensus labels, splits, missingness, and the gate's results."""
    outcome = validate_dataset(Path(workdir), params, dataset)
    write_ref(Path(workdir), name, "validate", outcome.ref)
    return outcome


@task(**POLICY, tags=["validate"])
def read_gate(validated: DatasetRef) -> GateReport:
    """The gate's results of a validated dataset."""
    return open_dataset(validated).report(GateReport)
