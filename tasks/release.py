"""Tasks that publish datasets."""

from pathlib import Path

from prefect import task
from prefect.runtime import flow_run

from chiron.releases.publish import release_dataset
from chiron.settings import settings
from schemas.manifest import DatasetRef
from schemas.params import ReleaseParams
from schemas.release import FlowRun
from schemas.results import Release
from tasks.policy import POLICY

__all__ = ["publish_dataset"]


@task(**POLICY, tags=["release"])
def publish_dataset(params: ReleaseParams, dataset: DatasetRef, workdir: str) -> Release:
    """Give a dataset a version in the registry; content that was released before keeps its version."""
    return release_dataset(
        Path(workdir),
        params,
        dataset,
        registry=settings().registry,
        remote=settings().remote,
        flow_run=_this_flow_run(),
    )


def _this_flow_run() -> FlowRun | None:
    """The run that this task belongs to; None where it is called without one."""
    return FlowRun(id=flow_run.id, name=flow_run.name) if flow_run.id else None
