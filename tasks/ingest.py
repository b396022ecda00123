"""Tasks that bring recordings in."""

from pathlib import Path

from prefect import task

from chiron.datasets.refs import write_params, write_ref
from chiron.datasets.workdir import claim_workdir
from chiron.demo.hospital import write_demo_hospital
from chiron.records.ingest import ingest_source
from schemas.params import IngestParams, RunParams
from schemas.results import StageOutcome
from tasks.policy import POLICY

__all__ = ["keep_params", "make_demo_hospital", "read_recordings"]


@task(**POLICY, tags=["ingest"])
def keep_params(params: RunParams, workdir: str) -> None:
    """Keep a run's parameters: commands for single stages go on with them."""
    write_params(Path(workdir), params)


@task(**POLICY, tags=["ingest"])
def make_demo_hospital(workdir: str) -> str:
    """Write the simulated landing folder where it is not there yet. Returns its path."""
    claim_workdir(Path(workdir))
    folder = Path(workdir) / "demo-hospital"
    write_demo_hospital(folder)
    return str(folder)


@task(**POLICY, tags=["ingest"])
def read_recordings(params: IngestParams, workdir: str) -> StageOutcome:
    """Turn a landing folder into a dataset; what can't be read goes to quarantine."""
    outcome = ingest_source(Path(workdir), params)
    write_ref(Path(workdir), params.name, "ingest", outcome.ref)
    return outcome
